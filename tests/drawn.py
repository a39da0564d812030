"""Cards and readings that are drawn, not measured: what the pages show, without waiting for training."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core import cards
from medai_core.catalog import Sample
from medai_core.errors import ImageError, Message
from medai_core.imaging.applicability import Kind
from medai_core.imaging.images import Image, Patient
from medai_core.readings import Finding, Reading, Region

FILM = "chest_radiograph_pneumonia"
BRAIN = "brain_mri_tumour_type"


def measure(name: str, value: float, **more: object) -> cards.Measure:
    return cards.Measure(name, value, value - 0.02, value + 0.01, 879, 700, **({"data": "test"} | more))


def measured(names: tuple[str, ...]) -> cards.Measured:
    k = len(names)
    return cards.Measured(
        sha256={"model.tflite": "ab" * 32},
        thresholds=dict.fromkeys(names, 0.5),
        threshold_source="validation split",
        calibration=cards.Calibration(1.3, (0.0,) * k),
        conformal=cards.Conformal(0.9, 0.6, measure("coverage", 0.912), 1.08),
        applicability=cards.Applicability(14.2, 0.6, ((0.5,),), 0.3, {"distance": 0.985}),
        performance=(
            measure("auc", 0.981),
            measure("balanced_accuracy", 0.955),
            measure("auc", 0.95, model="baseline"),
        ),
        reliability=tuple(cards.Reliability(p, p, max(p - 0.1, 0), min(p + 0.1, 1), 80) for p in (0.1, 0.5, 0.9)),
        confusion=tuple(tuple(90 if i == j else 5 for j in range(k)) for i in range(k)),
        approaches=(cards.Approach("Reference network", "auc", 0.95),),
        test_evaluations=(cards.Evaluation("2025-01-04", "0a1b2c3", {"auc": 0.981}),),
        provenance=cards.Provenance("0a1b2c3", "train.py --data DIR", 7, "2025-01-04", 600.0, "train split"),
    )


def card(
    name: str, title: str, kind: str, findings: tuple[str, ...], chinese: tuple[str, ...], **more: object
) -> cards.Card:
    region = cards.RegionSpec("brain_mri_tumour_segmentation", 0.1, 1.8, 96) if kind == "brain_mri" else None
    translation = cards.Translation(
        title="中文标题",
        intended_use="用途",
        not_for="不适用",
        limits=("限制",),
        findings=dict(zip(findings, chinese, strict=True)),
    )
    return cards.Card(
        name=name,
        title=title,
        task="classification",
        version="1.0.0",
        intended_use="Teaching.",
        not_for="Care.",
        limits=("Drawn *input* only.",),
        input=cards.InputSpec((128, 128), 1, (kind,), region),
        findings=tuple(
            cards.FindingSpec(f, f, cards.Code("SNOMED CT", "1", f), urgent=f in ("pneumonia", "glioma"))
            for f in findings
        ),
        population=cards.Population("Nobody.", (1, 5), ("CHEST",), ("PA",)),
        cohorts=(cards.Cohort("Drawn", "this file", "10.0000/drawn", "Apache-2.0", "2025"),),
        translations={"zh_CN": translation},
        measured=measured(findings),
        **more,
    )


CARDS = (
    card(
        BRAIN,
        "Tumour type",
        "brain_mri",
        ("glioma", "meningioma", "pituitary"),
        ("胶质瘤", "脑膜瘤", "垂体瘤"),
        precondition="A tumour was found.",
    ),
    card(FILM, "Pneumonia", "chest_radiograph", ("normal", "pneumonia"), ("正常", "肺炎")),
)


@dataclass(frozen=True)
class Catalog:
    cards: tuple[cards.Card, ...] = CARDS
    folder: Path = Path("nowhere")

    def folder_of(self, card: cards.Card) -> Path:
        return self.folder / card.name

    def answers(self, card: cards.Card) -> bool:
        """Nothing of one's own is among them."""
        return card.trained

    def replacement(self, card: cards.Card) -> None:
        """Nothing stands in the place of another."""

    def card(self, name: str) -> cards.Card:
        return next(c for c in self.cards if c.name == name)

    def trained(self, task: str) -> tuple[cards.Card, ...]:
        return tuple(c for c in self.cards if c.task == task)

    def outcomes(self) -> dict[str, tuple[cards.Card, ...]]:
        """None: what is drawn here reads scans."""
        return {}


def png(pixels: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def scan(level: int, side: int = 64, kind: str = "film") -> bytes:
    """A picture of a ramp and a level; the first pixel says what the drawn core takes it for."""
    pixels = np.tile(np.linspace(0, level, side).astype(np.uint8), (side, 1))
    pixels[0, 0] = {"film": 1, "brain": 2, "photo": 3, "frames": 4, "synthetic": 5}[kind]
    return png(pixels)


def samples(folder: Path) -> tuple[Sample, ...]:
    """One example in ``folder``."""
    path = folder / "example.png"
    path.write_bytes(scan(220))
    return (Sample(f"{FILM}/example.png", Message("sample.synthetic", {"number": 1, "title": "Pneumonia"}), path),)


def read_scan(
    data: bytes,
    file: str,
    models: Catalog,
    *,
    frame: int | None = None,
    model: str | None = None,
    kind: str | None = None,
    affirm: bool = False,
    region: tuple[int, int, int, int] | None = None,
) -> tuple[Reading, ...]:
    """What the real one answers, from the picture's first pixel and its mean."""
    try:
        pixels = np.asarray(Picture.open(BytesIO(data)))
    except OSError:
        raise ImageError("image.unknown") from None
    mark = int(pixels[0, 0])
    found = kind or {2: "brain_mri", 3: "other"}.get(mark, "chest_radiograph")
    patient = Patient("ID-7", "Drawn^Ada", date(2021, 4, 2), "F", 3.0) if mark == 4 else Patient()
    image = Image(
        pixels.astype(np.float32) * 16,
        pixels,
        hashlib.sha256(data).hexdigest(),
        "PNG",
        frame=frame or 0,
        frames=5 if mark == 4 else 1,
        acquired=datetime(2024, 3, 1, 10, 22) if mark == 4 else None,
        patient=patient,
        synthetic=mark == 5,
    )
    shares = {"chest_radiograph": _film(pixels), "brain_mri": (0.48, 0.41, 0.11)}.get(found)
    name = {"chest_radiograph": FILM, "brain_mri": BRAIN}.get(found)
    refusal = None
    if name is None:
        refusal = Message("model.unknown", {"name": file, "known": "*bold* <b>x</b>"})
    elif name == BRAIN and not affirm:
        refusal = Message("reading.precondition", {"precondition": Catalog().card(BRAIN).precondition})
    return (_reading(file, image, found, name, shares, refusal, region),)


def _film(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    share = float(np.clip(pixels.astype(float).sum() / (pixels.size * 128), 0.01, 0.99))
    return 1 - share, share


def _reading(file, image, found, name, shares, refusal, region) -> Reading:  # type: ignore[no-untyped-def]
    side = image.display.shape[0]
    names = [f.name for f in Catalog().card(name).findings] if name and refusal is None else []
    return Reading(
        file=file,
        image=image,
        kind=Kind(found, 0.97, {found: 0.97}),
        model=name,
        version="1.0.0" if name else None,
        weights_sha256="ab" * 32 if name else None,
        refusal=refusal,
        findings=tuple(Finding(n, s, s > 0.4, s > 0.5) for n, s in zip(names, shares or (), strict=False)),
        coverage=0.9 if names else None,
        notices=(),
        region=Region(region or (8, 8, 40, 40), "drawn" if region else "found") if names and name == BRAIN else None,
        evidence=np.ones((len(names), side, side), np.float32) if names else None,
        seconds=0.02,
    )
