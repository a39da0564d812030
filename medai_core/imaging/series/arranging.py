"""From files in any order, under any names, to series: who belongs to whom, in which order, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError, Message
from medai_core.imaging.images import Header, open_image
from medai_core.imaging.series.files import File
from medai_core.imaging.series.series import MOST, TILTED_DEGREES, Part, Series, normal_of

SAME_PLACE_MM = 0.01
SAME_WAY = 0.01
"""By which two slices' cosines may differ."""
OBLIQUE_DEGREES = 10.0
EVEN = 0.05
"""By which share of the usual step two slices may lie closer or further apart; whole steps more are gaps."""


@dataclass(frozen=True)
class LeftOut:
    """A file that is of no series, and why."""

    file: str
    reason: Message


@dataclass(frozen=True, eq=False)
class Arranged:
    """All series among files, the one with most slices first, and the files that are no scans."""

    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...]


def arrange(files: Iterable[File]) -> Arranged:
    """Sort files into series by what their headers say; no pixel is decoded.

    Files belong together that name one series, and have one size, spacing and orientation. They are sorted by where
    they lie along the normal, and by number only where no file says where it lies.

    Raises
    ------
    ImageError : none of the files is a scan, or a series has more than ``MOST`` slices.
    """
    parts: list[Part] = []
    left_out = []
    for file in files:
        try:
            parts += _parts(file)
        except ImageError as error:
            left_out.append(LeftOut(file.name, error.message))
    if not parts:
        raise _none(left_out)
    groups = _grouped(parts)
    most = max(map(len, groups))
    if most > MOST:
        raise ImageError("series.too_many", slices=most, most=MOST)
    series = [one for group in groups for one in _series_of(group, parts)]
    return Arranged(tuple(sorted(series, key=lambda s: -len(s.parts))), tuple(left_out))


def _none(left_out: Sequence[LeftOut]) -> ImageError:
    """Why there is no series: the reason of the only file, or that none of many is a scan."""
    if len(left_out) == 1:
        return ImageError(left_out[0].reason.id, **left_out[0].reason.facts)
    return ImageError("series.none", files=len(left_out))


def _parts(file: File) -> list[Part]:
    opened = open_image(file.read())
    return [Part(file, frame, opened.header(frame), opened.frames) for frame in range(opened.frames)]


def _named(part: Part) -> str | int:
    """The series that a part says it is of; a file that says nothing is one of its own."""
    return part.header.uids.series or id(part.file)


def _person(part: Part) -> tuple[object, ...]:
    return part.header.patient.id, part.header.patient.name, part.header.patient.birth_date


def _grouped(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts of one series, person, size, spacing, echo and time, and of directions that differ by rounding at most."""
    groups: dict[tuple[object, ...], list[list[Part]]] = {}
    for part in parts:
        header = part.header
        spacing = header.spacing_mm and tuple(round(s, 4) for s in header.spacing_mm)
        key = (_named(part), _person(part), (header.rows, header.columns), spacing, header.phase)
        alike = groups.setdefault(key, [])
        own = next((group for group in alike if _same_way(group[0].header, header)), None)
        if own is None:
            alike.append([part])
        else:
            own.append(part)
    return [group for alike in groups.values() for group in alike]


def _same_way(one: Header, two: Header) -> bool:
    if one.place is None or two.place is None:
        return one.place is two.place
    ways = [(*h.place.along_row, *h.place.down_column) for h in (one, two) if h.place is not None]
    return bool(np.abs(np.subtract(ways[0], ways[1])).max() <= SAME_WAY)


def _series_of(group: list[Part], every: Sequence[Part]) -> list[Series]:
    """The series of one group: several where several images lie at each place."""
    common = _mixture(group, every)
    group, copies = _without_copies(group)
    if copies:
        common.append(Message("series.copies", {"count": copies}))
    if group[0].header.place is None:
        return [_in_order(group, [*common, *([Message("series.no_place")] if len(group) > 1 else [])])]
    at = _places(group)
    if len(group) > 1 and np.ptp(at) <= SAME_PLACE_MM:
        return [_in_order(group, [*common, Message("series.one_place", {"count": len(group)})])]
    layers, twice = _layers(group, at)
    made = []
    for number, layer in enumerate(layers, start=1):
        series = _stacked([group[i] for i in layer], at[layer])
        said = [*common, *series.notices]
        if len(layers) > 1:
            said.insert(0, Message("series.repeated", {"count": len(layers), "part": number}))
        if twice:
            said.append(Message("series.twice", {"count": twice}))
        made.append(replace(series, notices=tuple(said)))
    return made


def _without_copies(group: list[Part]) -> tuple[list[Part], int]:
    """Each frame of each DICOM instance once, and how many were there again."""
    kept: dict[object, Part] = {}
    for part in group:
        instance = part.header.uids.instance
        kept.setdefault((instance, part.frame) if instance else id(part), part)
    return list(kept.values()), len(group) - len(kept)


def _in_order(group: Sequence[Part], notices: Sequence[Message]) -> Series:
    """A series in the order of its numbers: places say nothing of it."""
    ordered = sorted(group, key=lambda p: (p.header.number is None, p.header.number or 0, p.frame))
    step = group[0].header.slice_mm if group[0].header.place is None else None
    return Series(tuple(ordered), step, 0.0, tuple(notices))


def _places(group: Sequence[Part]) -> NDArray[np.float64]:
    """How far along the first one's normal each lies, in mm."""
    normal = normal_of(group[0].header)
    return np.array([np.dot(normal, p.header.place.corner_mm) for p in group if p.header.place is not None])


def _layers(group: Sequence[Part], at: NDArray[np.float64]) -> tuple[list[NDArray[np.int_]], int]:
    """One layer of numbers in the order of their places for each of the images that lie at every place.

    Where not every place has as many, only the first at each is kept, and the others are counted.
    """
    number = [p.header.number if p.header.number is not None else p.frame for p in group]
    order = np.lexsort((np.array(number), np.round(at / SAME_PLACE_MM)))
    rank, ranks = 0, []
    for before, here in zip([None, *order[:-1]], order, strict=True):
        rank = rank + 1 if before is not None and at[here] - at[before] <= SAME_PLACE_MM else 0
        ranks.append(rank)
    counts = np.bincount(ranks)
    if len(set(counts.tolist())) == 1:
        return [order[np.array(ranks) == k] for k in range(len(counts))], 0
    return [order[np.array(ranks) == 0]], int(sum(counts[1:]))


def _stacked(parts: Sequence[Part], at: NDArray[np.float64]) -> Series:
    """Parts in order with the empty places between them."""
    if len(parts) == 1:
        return Series(tuple(parts), parts[0].header.slice_mm, 0.0, ())
    gaps = np.diff(at)
    step = float(np.quantile(gaps, 0.5, method="lower"))  # of two gaps the smaller: one slice may be missing
    steps = np.rint(gaps / step).astype(int)
    # Rounded positions in a header add up over a long gap.
    even = np.abs(gaps - steps * step) <= np.maximum(EVEN * step, 2 * SAME_PLACE_MM) * np.maximum(steps, 1)
    tilt = _tilt_degrees(parts)
    notices = [Message("series.tilt", {"degrees": round(tilt, 1)})] if tilt > TILTED_DEGREES else []
    oblique = _oblique_degrees(parts[0].header)
    if oblique > OBLIQUE_DEGREES:
        notices.append(Message("series.oblique", {"degrees": round(oblique)}))
    if not even.all() or (steps < 1).any() or steps.sum() >= MOST:
        facts = {"least_mm": round(float(gaps.min()), 2), "most_mm": round(float(gaps.max()), 2)}
        return Series(tuple(parts), None, tilt, (*notices, Message("series.uneven", facts)))
    slots: list[Part | None] = [parts[0]]
    for before, part, count, gap in zip(parts[:-1], parts[1:], steps, gaps, strict=True):
        if count > 1:
            slots += [None] * (int(count) - 1)
            notices.append(_gap(before, part, int(count) - 1, float(gap), step))
        slots.append(part)
    return Series(tuple(slots), float(gaps.sum() / steps.sum()), tilt, tuple(notices))


def _gap(before: Part, after: Part, count: int, distance: float, step: float) -> Message:
    return Message(
        "series.missing",
        {
            "before": _title(before),
            "after": _title(after),
            "count": count,
            "distance_mm": round(distance, 2),
            "step_mm": round(step, 2),
        },
    )


def _title(part: Part) -> str:
    return f"{part.file.name} ({part.frame + 1})" if part.frame else part.file.name


def _tilt_degrees(parts: Sequence[Part]) -> float:
    first, last = parts[0].header, parts[-1].header
    assert first.place is not None and last.place is not None
    way = np.subtract(last.place.corner_mm, first.place.corner_mm)
    across = float(np.dot(way, normal_of(first)))
    return float(np.degrees(np.arctan2(np.linalg.norm(way - across * normal_of(first)), abs(across))))


def _oblique_degrees(header: Header) -> float:
    """By how much the normal is off the nearest of the patient's axes."""
    return float(np.degrees(np.arccos(min(1.0, float(np.abs(normal_of(header)).max())))))


def _mixture(group: Sequence[Part], every: Sequence[Part]) -> list[Message]:
    """What is said where the files are not all of this series."""
    notices = [Message("notice.synthetic")] if any(part.header.synthetic for part in group) else []
    people = {_person(part) for part in every}
    if len(people) > 1:
        notices.append(Message("series.patients", {"count": len(people), "slices": len(group)}))
    names = Counter(_named(part) for part in every)
    if len(names) > 1:
        notices.append(Message("series.mixed", {"count": len(names), "slices": len(group)}))
    own = [part for part in every if (_named(part), _person(part)) == (_named(group[0]), _person(group[0]))]
    kinds = len(_grouped(own))
    if kinds > 1:
        several = len({part.header.phase for part in own}) > 1
        reason = "series.phases" if several else "series.orientations"
        notices.append(Message(reason, {"count": kinds, "slices": len(group)}))
    return notices
