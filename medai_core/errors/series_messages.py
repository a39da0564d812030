"""The sentences of series: what was found among their files, and what keeps them from being read."""

from __future__ import annotations

from medai_core.errors.marking import N_

SERIES_MESSAGES = {
    "series.none": N_("None of the {files} files is a scan that can be read. Choose the files of a series."),
    "series.archive_entries": N_(
        "The archive holds {entries} files and at most {most} are read. Choose an archive of one study."
    ),
    "series.archive_size": N_(
        "The archive unpacks to {size_mb} MB and at most {limit_mb} MB are read. Choose an archive of one series."
    ),
    "series.archive_damaged": N_("The archive is damaged and cannot be unpacked. Copy or export it again."),
    "series.archive_locked": N_("The archive asks for a password. Unpack it and choose the files inside."),
    "series.folder": N_("The folder {path} cannot be read: {reason}."),
    "series.too_many": N_("There are {slices} slices and at most {most} are read as a series. Choose a part of them."),
    "series.too_large": N_(
        "The series needs {size_mb} MB of memory and at most {limit_mb} MB are kept. Choose a part of it."
    ),
    "series.missing": N_(
        "Slices missing between {before} and {after}: {count}. These two lie {distance_mm} mm apart, the others "
        "{step_mm} mm. The empty places are shown black and no model reads them."
    ),
    "series.uneven": N_(
        "The slices lie unevenly, {least_mm} to {most_mm} mm apart. Lengths across slices and volumes are not stated."
    ),
    "series.tilt": N_(
        "The gantry was tilted by {degrees}°. Each slice is right as it is; the other two planes are sheared."
    ),
    "series.orientations": N_(
        "The series holds {count} orientations or sizes, a localizer perhaps. They are kept apart; this one has "
        "{slices} slices."
    ),
    "series.mixed": N_("The files are of {count} series. They are kept apart; this one has {slices} slices."),
    "series.patients": N_(
        "The files are of {count} patients. They are kept apart; make sure that this is the right one. It has "
        "{slices} slices."
    ),
    "series.phases": N_(
        "The series holds {count} sets of images, such as echoes or times. They are kept apart; this one has "
        "{slices} slices."
    ),
    "series.copies": N_("{count} images were given more than once and are shown once."),
    "series.one_place": N_(
        "All {count} images lie at one place, as in a film over time. They are in the order that they are numbered in."
    ),
    "series.oblique": N_("The slices lie {degrees}° off the axes of the body; planes are named after the nearest one."),
    "series.repeated": N_("{count} images lie at each place, such as phases or echoes. This is number {part} of them."),
    "series.twice": N_(
        "{count} images lie at a place that another one has; the first of each is shown, and one of another phase may "
        "be among them."
    ),
    "series.no_place": N_(
        "The files do not say where they lie. They are in the order that they are numbered in, and no distance between "
        "them is known."
    ),
    "model.reads_outlined": N_(
        "The model {name} reads a {unit} that was outlined, not the slices of a series. Mark a point in it first."
    ),
    "series.unlike": N_("{file} has colours or a size that the other slices have not. Choose the files of one series."),
    "series.empty_place": N_("This slice is missing from the series. Choose another one."),
    "series.no_spacing": N_(
        "The files do not say how large a voxel is, or it is no grey volume. A nodule cannot be outlined in it."
    ),
    "series.no_nodule": N_(
        "At this point are {found_hu} HU, which is lung or air; a nodule has {least_hu} HU or more. "
        "Choose a point in it."
    ),
    "series.no_nodule_above": N_(
        "The point is fainter than the threshold. Lower the threshold, or choose another point."
    ),
    "series.no_edge": N_(
        "What lies at this point reaches further than {reach_mm} mm and cannot be cut off: the chest wall or a vessel, "
        "perhaps. Choose a point in the middle of the nodule, raise the threshold, or let it reach less far."
    ),
    "series.nothing_left": N_("Nothing of the outline is left. Make it smaller by less."),
    "series.crop_pixels": N_(
        "The pixels are {found_mm} mm wide, and the nodule model knows square ones of {least_mm} to {most_mm} mm. "
        "It cannot read this nodule; its size is right as it is stated."
    ),
    "series.crop_size": N_(
        "The nodule is wider than the {size} pixels that the nodule model reads. It cannot read it."
    ),
    "series.outside": N_("The point lies outside of the volume. Choose one inside."),
}
"""By their ids; see ``errors.MESSAGES``."""
