"""What a reading is: one model's whole answer to one scan, and how it is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import Message
from medai_core.imaging.applicability import Kind
from medai_core.imaging.images import Image
from medai_core.imaging.measurements import Measurement
from medai_core.imaging.regions import Box
from medai_core.imaging.segmentation import Outline
from medai_core.imaging.similarity import Similar
from medai_core.imaging.slices import Slice


@dataclass(frozen=True)
class Finding:
    """One class of one reading.

    Attributes
    ----------
    probability : calibrated, 0 to 1.
    in_set : whether it is in the conformal set at the reading's nominal coverage.
    over_threshold : whether the probability reaches the card's threshold; False where the card sets none.
    """

    name: str
    probability: float
    in_set: bool
    over_threshold: bool


@dataclass(frozen=True)
class Region:
    """Where in the image a model looked: a box in pixels, (top, left, bottom, right), exclusive ends.

    ``source`` is "found" (by the model itself) or "drawn" (by the reader).
    """

    box: Box
    source: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One model's whole answer to one scan, or the reason why it gives none.

    Attributes
    ----------
    model : the card's name; None where no model applies.
    refusal : why there are no findings; None when there are.
    findings : in the card's order; empty when refused, and where the model outlines instead of naming.
    coverage : the nominal coverage of the conformal set.
    notices : what the reader must know beside the result ("age and view not verified").
    mask : (y, x), what a model itself takes for the region; None where it outlines none, and when refused.
    outline : what a segmentation model outlined; None for other models, and when refused.
    similar : how the training images nearest to this one were labelled; None where the model keeps none, and
        when refused.
    evidence : (class, y, x) float32 over the image's own pixels: how much each place speaks for the
        class (log-odds per share of the image's area); None when refused.
    measurements : what the reader measured on the image.
    seconds : from the decoded image to this reading.
    """

    file: str
    image: Image
    kind: Kind | None
    model: str | None
    version: str | None
    weights_sha256: str | None
    refusal: Message | None
    findings: tuple[Finding, ...]
    coverage: float | None
    notices: tuple[Message, ...]
    region: Region | None
    evidence: NDArray[np.float32] | None
    seconds: float
    mask: NDArray[np.bool_] | None = None
    outline: Outline | None = None
    similar: Similar | None = None
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True)
class Question:
    """What the reader adds to a scan.

    Attributes
    ----------
    model : the one model to ask; None asks all that apply.
    kind : the kind of image, where the reader overrules the router.
    affirm : the reader affirms the models' preconditions.
    box : the region, where the reader drew it.
    slices : gives all images of the same thing, for a model that reads them together; None: there is but the one.
    """

    model: str | None = None
    kind: str | None = None
    affirm: bool = False
    box: Box | None = None
    slices: Callable[[], tuple[Slice, ...]] | None = field(default=None, compare=False)


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as the command line and the downloads write it; a refusal stays in it."""
    image, kind = reading.image, reading.kind
    return {
        "file": reading.file,
        "sha256": image.sha256,
        "synthetic": image.synthetic,
        "kind": kind.name if kind else None,
        "kind_probability": round(kind.probability, 6) if kind else None,
        "kind_overruled": kind.overruled if kind else False,
        "model": reading.model,
        "version": reading.version,
        "weights_sha256": reading.weights_sha256,
        "refused": reading.refusal.text if reading.refusal else None,
        "refusal_id": reading.refusal.id if reading.refusal else None,
        "findings": [
            {"name": f.name, "probability": round(f.probability, 6), "in_set": f.in_set} for f in reading.findings
        ],
        "coverage": reading.coverage,
        "notices": [notice.text for notice in reading.notices],
        "region": {"box": list(reading.region.box), "source": reading.region.source} if reading.region else None,
        "outline": outline_json(reading.outline) if reading.outline else None,
        "similar": similar_json(reading.similar) if reading.similar else None,
        "measurements": [asdict(one) for one in reading.measurements],
        "frame": image.frame,
        "frames": image.frames,
        "patient": {"id": image.patient.id, "name": image.patient.name},
        "acquired": image.acquired.isoformat() if image.acquired else None,
        "seconds": round(reading.seconds, 6),
    }


def outline_json(outline: Outline) -> dict[str, Any]:
    """What was outlined in numbers; the interval is of the area in pixels, or of the count of many objects."""
    return {
        "finding": outline.finding,
        "count": outline.count,
        "area_px": outline.area_px,
        "area_mm2": None if outline.area_mm2 is None else round(outline.area_mm2, 2),
        "interval_of": "count" if outline.many else "area_px",
        "low": round(outline.low, 1),
        "high": round(outline.high, 1),
        "level": outline.level,
    }


def similar_json(similar: Similar) -> dict[str, Any]:
    """The labels of the training images nearest to this one."""
    return {"images": similar.n, "groups": similar.groups, "labels": similar.counts}
