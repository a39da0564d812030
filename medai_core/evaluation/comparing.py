"""From a manifest with outlines drawn by people and a model that outlines to what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Measure
from medai_core.errors import ImageError, ManifestError
from medai_core.evaluation import Unread, read_manifest
from medai_core.evaluation.outlines import Outlined, object_measures, region_measures
from medai_core.imaging.regions import dice
from medai_core.imaging.segmentation import Outliner
from medai_core.metrics import bootstrap

COLUMNS = ("labels", "mask")
"""Where the drawn outlines are: one number an object, or bright where the region is; the first that is there."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One file of a manifest: what was found beside what was drawn, and whether a reading is refused."""

    file: str
    outlined: Outlined
    refused: bool


def compare(manifest: Path, split: str | None, answer: Outliner) -> tuple[tuple[Compared, ...], tuple[Unread, ...]]:
    """What a model outlines in every file of a manifest, and the files that could not be read.

    The manifest's ``label`` is only what results are told apart by. A mask of another size than its image is an
    error of that file.

    Raises
    ------
    ManifestError : it cannot be used, has no outlines, or not one file could be read.
    """
    table = read_manifest(manifest, None, split)
    column = next((name for name in COLUMNS if name in table), None)
    if column is None:
        raise ManifestError("manifest.columns", path=str(manifest), missing=" / ".join(COLUMNS))
    seen: list[Compared] = []
    unread: list[Unread] = []
    for file, drawn, group, label in zip(table["file"], table[column], table["group"], table["label"], strict=True):
        try:
            found, refused = answer(Path(file).read_bytes())
            true = read_outlines(manifest.parent / drawn, found.labels.shape, many=column == "labels")
        except (ImageError, OSError) as error:
            unread.append(Unread(file, str(error)))
            continue
        seen.append(Compared(file, Outlined(found.labels, true, group, label), refused))
    if not seen:
        raise ManifestError("manifest.unread", path=str(manifest), count=len(unread), detail=unread[0].reason)
    return tuple(seen), tuple(unread)


def read_outlines(path: Path, shape: tuple[int, ...], *, many: bool) -> NDArray[np.int32]:
    """What people drew, (y, x) of ``shape``: one number an object, or 1 where the mask is bright.

    Raises
    ------
    ImageError : it is no picture, or of another size.
    """
    try:
        pixels = np.asarray(Picture.open(path).convert("I" if many else "L"))
    except OSError as error:
        raise ImageError("image.outlines", path=str(path)) from error
    if pixels.shape != shape:
        found, needed = ("{1} x {0}".format(*size) for size in (pixels.shape, shape))
        raise ImageError("image.outlines_size", path=str(path), found=found, needed=needed)
    return np.asarray(pixels if many else pixels > 127, np.int32)


def comparisons_table(seen: tuple[Compared, ...]) -> pd.DataFrame:
    """``file, group, label, refused, dice``, the areas in pixels and, of many objects, the counts."""
    rows = [
        {
            "file": one.file,
            "group": one.outlined.group,
            "label": one.outlined.subgroup,
            "refused": one.refused,
            "dice": dice(one.outlined.found > 0, one.outlined.true > 0),
            "area_px": int((one.outlined.found > 0).sum()),
            "true_area_px": int((one.outlined.true > 0).sum()),
            "count": int(one.outlined.found.max(initial=0)),
            "true_count": len(np.unique(one.outlined.true[one.outlined.true > 0])),
        }
        for one in seen
    ]
    return pd.DataFrame(rows)


def comparison_measures(seen: Sequence[Compared], *, many: bool, data: str) -> tuple[Measure, ...]:
    """The measures over all, the share refused and, where some are, over the accepted (``..._accepted``).

    Refused readings count in the first as what was found, which is nothing where nothing stood out.
    """
    measured = object_measures if many else region_measures
    every = measured([one.outlined for one in seen], data=data)
    groups = np.unique([one.outlined.group for one in seen], return_inverse=True)[1]
    flags = np.array([one.refused for one in seen])
    share = bootstrap(
        lambda rows: np.array([flags[rows].mean()]), groups, np.zeros_like(groups), np.random.default_rng(0)
    )[0]
    refused = Measure("refused_share", share.value, share.low, share.high, len(flags), int(groups.max()) + 1, data)
    if flags.all() or not flags.any():
        return (*every, refused)
    accepted = measured([replace(one.outlined, subgroup="") for one in seen if not one.refused], data=data)
    return (*every, refused, *(replace(m, measure=f"{m.measure}_accepted") for m in accepted))
