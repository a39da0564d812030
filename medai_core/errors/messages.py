"""The sentences about models, scans, tables and patients in them, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

MODEL_MESSAGES: dict[str, str] = {
    # Cards, models
    "card.unreadable": N_("The card {path} cannot be read: {detail}. Mend the file; it must be valid TOML."),
    "card.missing": N_("The card {path} has no field '{field}'. Add it."),
    "card.unknown": N_("The card {path} has an unknown field '{field}'. Correct its spelling or remove it."),
    "card.wrong_type": N_("The card {path} has {found} in the field '{field}' where {needed} is needed."),
    "model.unknown": N_("There is no model named '{name}'. Choose one of: {known}."),
    "model.none_trained": N_("No model that tells the kind of an image is here. Restore models/scan_kind or train it."),
    "model.no_weights": N_("The model '{name}' has no file {file}. Restore the folder or train it again."),
    "model.changed": N_(
        "The weights {file} of the model '{name}' are not those its card was measured on. Restore or train the model."
    ),
    "model.reads_alone": N_("The model '{name}' reads each image alone. Do not ask it to read them together."),
    "model.cannot_read": N_("The model '{name}' does not read scans. Choose one that does."),
    # Patients in tables
    "table.unopened": N_("{file} cannot be opened: {detail}. Check its name and who may read it."),
    "table.too_large": N_("The file has {size_mb} MB and at most {limit_mb} MB are read. Choose a smaller file."),
    "table.too_many_rows": N_("The table has more than {limit} rows, the most that are read. Split it into parts."),
    "table.too_many_columns": N_(
        "The table has {columns} columns and at most {limit} are read. Keep those that the model asks."
    ),
    "table.inflated": N_(
        "The table unpacks to more than {limit_mb} MB. Keep the columns that the model asks, or split it into parts."
    ),
    "table.empty": N_("The file is empty. Choose the file again, or export the table once more."),
    "table.foreign": N_("The file is {found}, not a table. Export the table as CSV (UTF-8) or Parquet."),
    "table.encoding": N_("Line {line} holds a sign that is not in UTF-8. Save the table as CSV in UTF-8."),
    "table.utf16": N_("The text is in UTF-16 and UTF-8 is needed. Save the table as CSV in UTF-8."),
    "table.nul": N_("Line {line} holds a NUL byte, which no text has. Export the table again as CSV (UTF-8)."),
    "table.twice": N_("Two columns are called '{column}' and it is unclear which one is meant. Rename or remove one."),
    "table.ragged": N_(
        "Line {line} has {found} cells where the heading has {needed}. Give every row one cell for each column."
    ),
    "table.quote": N_("A quotation mark that opens in line {line} is never closed. Close or remove it."),
    "table.damaged": N_("The text cannot be read as rows and columns. Export the table again as CSV (UTF-8)."),
    "table.parquet": N_("The Parquet file is damaged or cut short. Export or copy it again."),
    "table.nested": N_("The column '{column}' holds lists or records where single values are needed. Leave it out."),
    "table.suffix": N_("Results are not written as '{suffix}'. Name a file that ends in .csv or .parquet."),
    "table.unwritten": N_("{file} cannot be written: {detail}. Choose another place."),
    "table.no_split": N_("The table has no rows with '{split}' in a column 'split'. Check the split's name."),
    # What a file is that is no table, as it stands in a sentence
    "format.pdf": N_("a PDF document"),
    "format.picture": N_("a picture"),
    "format.dicom": N_("a DICOM file"),
    "format.excel": N_("an Excel workbook"),
    "format.office": N_("an office document"),
    "format.archive": N_("a packed archive"),
    "format.database": N_("a database or a data file of another kind"),
    "format.json": N_("JSON"),
    "format.markup": N_("a web page or XML"),
    # Patients in FHIR
    "fhir.json": N_("The file begins like FHIR and is not valid JSON (line {line}). Export the bundle again."),
    "fhir.encoding": N_("The file begins like FHIR and is not text in UTF-8. Export the bundle again."),
    "fhir.number": N_("The JSON holds a number that is none in FHIR, such as NaN. Export the bundle again."),
    "fhir.deep": N_("The JSON is nested deeper than FHIR ever is. Export the bundle again."),
    "fhir.resource": N_("The JSON is '{found}' and a FHIR R4 Bundle is needed. Export the patients as a Bundle."),
    "fhir.no_patient": N_("The bundle holds no Patient. Export it with the patients whom its observations are of."),
    "fhir.too_many": N_("The bundle holds {found} patients and at most {limit} are read. Split it into parts."),
    "fhir.twice": N_("The bundle holds the patient '{patient}' more than once. Keep one version of each patient."),
    "fhir.reference": N_(
        "The {resource} in entry {entry} is of '{reference}', who is no Patient in the bundle. "
        "Include the patient or leave it out."
    ),
    "fhir.nothing": N_(
        "The bundle says nothing of what the model asks. It knows observations and conditions by these codes: {codes}."
    ),
    "row.refused": N_("{column} {value}: needed {expected}"),
    "row.count": N_("a number from {low} to {high}, or nothing for unknown"),
    "row.number": N_("a number from {low} to {high} {unit}, or nothing for unknown"),
    "row.category": N_("one of: {known}; or nothing for unknown"),
    "cohort.columns": N_("The table has no column {missing}, where the outcome is looked for. Add it."),
    "cohort.no_rows": N_("The table has a heading and no rows. Add the patients."),
    "cohort.no_predictor": N_(
        "None of the columns is known as one of the model's predictors. Match them, or name them: {needed}."
    ),
    "cohort.too_few": N_(
        "The outcome is known of {n} scored people, {events} of them with the event. To judge the model on them, "
        "give at least {fewest}, with {fewest_each} who had the event and {fewest_each} who had not."
    ),
    "cohort.empty": N_("The table has no row with an outcome that the model can score. Look at its columns."),
    "patient.out_of_range": N_(
        "{predictor} {value} {unit} is outside the plausible range of {low} to {high} {unit}. "
        "Correct it, or mark it unknown."
    ),
    "patient.unusual": N_(
        "{predictor} {value} lies outside what 98 of 100 people of the cohort have ({low} to {high})."
    ),
    "patient.unlike": N_("Taken together, the values are unlike those of the cohort; most of all {predictor}."),
    "patient.unknown": N_("{count} of {of} predictors are unknown and stand at the cohort's typical value."),
    "model.not_recalibrated": N_("The model '{name}' has no calibration for another place. Use it as it is."),
    "model.no_risk": N_("The model '{name}' gives no patient's risk. Choose one that does."),
    # Kinds of image, as they stand in sentences
    "kind.chest_radiograph": N_("a chest radiograph"),
    "kind.brain_mri": N_("a brain MRI slice"),
    "kind.chest_ct_slice": N_("a chest CT slice"),
    "kind.ct_nodule": N_("an outlined CT nodule"),
    "kind.breast_ultrasound": N_("a breast ultrasound image"),
    "kind.blood_smear": N_("a cell of a stained blood smear"),
    "kind.malaria_smear": N_("a single red cell of a malaria smear"),
    "kind.fluorescence_microscopy": N_("a fluorescence microscopy image"),
    "kind.stained_tissue": N_("stained tissue"),
    "kind.other": N_("something else than a scan"),
    "or": N_("or"),
    # Why a model gives no findings
    "refusal.other": N_(
        "This looks like no kind of scan that is known here. Choose a scan, or set its kind if you know it."
    ),
    "refusal.no_model": N_("This looks like {found}, and no model here reads that. Choose a scan of another kind."),
    "refusal.kind": N_("This looks like {found} and the model reads {needed}. Choose a scan that fits."),
    "refusal.kind_unsure": N_(
        "It is not clear that this is {needed} (probability {probability}). Choose a clearer scan, or set its kind."
    ),
    "refusal.modality": N_("The file says modality {found} and the model is for {needed}. Choose a scan that fits."),
    "refusal.body_part": N_("The file says body part {found} and the model is for {needed}. Choose a scan that fits."),
    "refusal.view": N_("The file says view {found} and the model is for {needed}. Choose a scan that fits."),
    "refusal.age": N_(
        "The patient is {found_years} years old and the model is for {low_years} to {high_years}. Do not use it here."
    ),
    "refusal.blank": N_("The image is blank: every pixel has the same value. Export the scan again."),
    "refusal.inverted": N_("The image looks inverted or turned. Export it the usual way round and with bone bright."),
    "refusal.unlike": N_("The image is unlike all that the model was trained on, so its answer could not be trusted."),
    "refusal.no_region": N_("No region was found that the model could look at. Draw a box around it."),
    "image.same_name": N_("{path} would be written over the mask of another file of this name. Rename one of them."),
    "image.outlines": N_("The outlines {path} cannot be read as a picture. They must be a PNG of the image's size."),
    "image.outlines_size": N_("The outlines {path} have {found} pixels and their image {needed}. They must fit."),
    "model.other_finder": N_(
        "The model {name} was measured with another version of {finder}. Run its recipe again with --measure."
    ),
    "model.outlines_nothing": N_("The model {name} outlines nothing. Choose one of: {known}."),
    "refusal.nothing_outlined": N_(
        "Nothing on this image stands out enough to be outlined. That does not say that there is nothing."
    ),
    "refusal.several_patients": N_("The slices are of several patients. Choose those of one."),
    "refusal.several_series": N_("The slices are of several series. Choose those of one."),
    "reading.precondition": N_("The model runs only when its precondition is affirmed: {precondition}"),
    # What stands beside a result
    "notice.age_and_view": N_("Age and view not verified: the file does not state them."),
    "notice.age": N_("Age not verified: the file does not state it."),
    "notice.view": N_("View not verified: the file does not state it."),
    "notice.no_spacing": N_("The file does not say how large a pixel is, so no size in millimetres is given."),
    "notice.outline_is_no_finding": N_(
        "The model outlines the most evident place of nearly every image that it accepts: an outline is no finding, "
        "and where it refuses there may be one."
    ),
    "notice.slices": N_("{slices} slices were read together. Slice {slice} counts most and is the one shown."),
    "notice.slice_refused": N_("It was slice {slice} of {slices} that was refused, and with it all of them."),
    "notice.one_slice": N_("Only one slice was read, and the model is made for all slices together. Add the others."),
    "notice.frame": N_("Frame {frame} of {frames} was read, not the whole series."),
    # Samples to try
    "sample.synthetic": N_("SYNTHETIC {number}: {title}"),
    "sample.bundled_ct": N_("CT slice bundled with pydicom"),
    "sample.bundled_mr": N_("MR slice bundled with pydicom"),
    # Manifests
    "manifest.unreadable": N_(
        "The manifest {path} cannot be read: {detail}. It must be a CSV file with a header line."
    ),
    "manifest.columns": N_("The manifest {path} lacks the columns {missing}. It needs file, label and group."),
    "manifest.labels": N_(
        "The manifest {path} has the labels {unknown}, which the model does not know. It knows {known}."
    ),
    "manifest.empty": N_("The manifest {path} has no rows to evaluate{split}. Check the split's name."),
    "manifest.units": N_(
        "The manifest's rows of the {unit} '{name}' differ in the column '{column}', and are read as one. Correct them."
    ),
    "manifest.missing_files": N_(
        "The manifest {path} names {count} files that are not there, the first in row {row}: {file}."
    ),
    "manifest.unread": N_("None of the {count} files in the manifest {path} could be read. The first: {detail}"),
    # Reading a scan
    "image.empty": N_("The file is empty. Choose the file again, or export the scan once more."),
    "image.too_large": N_("The file has {size_mb} MB and at most {limit_mb} MB are read. Choose a smaller file."),
    "image.unknown": N_(
        "The content is of no type that can be read here. Choose a DICOM, NIfTI, PNG, JPEG or TIFF file."
    ),
    "image.archive": N_("The file is a {kind} archive, not a scan. Unpack it and choose the scans inside."),
    "image.inflated": N_(
        "The file unpacks to more than {limit_mb} MB. Export the scan uncompressed and in smaller parts."
    ),
    "image.cut": N_("The {format} file ends before the scan is complete. Copy or export it again."),
    "image.corrupt": N_("The {format} file is damaged and no image can be read from it. Copy or export it again."),
    "image.stream": N_("The image data compressed as '{coding}' are damaged. Copy or export the scan again."),
    "image.header": N_(
        "The {format} header has no usable '{field}', and no image can be read without it. Export the scan again."
    ),
    "image.short": N_(
        "The image data hold {found_bytes} bytes where the header calls for {needed_bytes}. Export the scan again."
    ),
    "image.missing_frames": N_(
        "The file holds {found} of the {frames} frames that its header counts. Export the scan again."
    ),
    "image.transfer_syntax": N_(
        "The DICOM file uses the transfer syntax '{name}', which cannot be decoded here. Export it uncompressed."
    ),
    "image.colour": N_(
        "The colours are coded as '{name}', which cannot be shown here. Export the scan as grey levels or RGB."
    ),
    "image.constant": N_(
        "All pixels have the same value and the file names no window, so there is nothing to see. Choose another scan."
    ),
    "image.too_many_pixels": N_(
        "The image has {columns} x {rows} pixels and at most {limit_pixels} are read. Export it at a lower resolution."
    ),
    "image.frame": N_("Frame {number} was asked for and the file has {frames}. Choose one from 1 to {frames}."),
    "image.too_many_frames": N_("The file holds more than {limit} images. Export it in smaller parts."),
    "image.too_many_slices": N_(
        "There are {slices} slices and at most {most} are read together. Choose those that show what is to be read."
    ),
    "image.slice": N_("The slice {file} cannot be read with the others. {reason}"),
    "image.half": N_("The file is one half of a NIfTI pair, the header without its image. Save both as one .nii file."),
    "image.no_pixels": N_("The DICOM file holds no image. Choose a file of the series that does."),
    "image.object": N_(
        "The DICOM file is of the kind '{kind}' and holds no image. Choose the scan that it belongs to."
    ),
    "image.structure_set": N_(
        "The DICOM file is a radiotherapy structure set (contours), not a scan. Choose the scan that it was drawn on."
    ),
    "image.plan": N_("The DICOM file is a radiotherapy plan, not a scan. Choose the scan that it was made on."),
    "image.report": N_("The DICOM file is a structured report (text), not a scan. Choose the scan that it reports on."),
    "image.segmentation": N_(
        "The DICOM file is a segmentation (a mask), not a scan. Choose the scan that it was drawn on."
    ),
    "image.waveform": N_("The DICOM file is a waveform such as an ECG, not a scan. Choose a file that holds an image."),
    "image.presentation": N_(
        "The DICOM file is a presentation state (how to show a scan), not a scan. Choose the scan itself."
    ),
    "image.document": N_("The DICOM file is a document such as a PDF, not a scan. Choose a file that holds an image."),
    "image.directory": N_(
        "The DICOM file is a DICOMDIR (the index of a disc), not a scan. Choose the files that it lists."
    ),
}
