"""Whether a model applies to an image: its kind, what its file says, and how far it is from the training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from medai_core.cards import Card
from medai_core.errors import Message
from medai_core.imaging.images import Image
from medai_core.imaging.preprocessing import network_input
from medai_core.metrics import softmax
from medai_core.runtime import Network


@dataclass(frozen=True)
class Kind:
    """What the router takes an image for.

    Attributes
    ----------
    name : one of ``cards.KINDS``; probability : calibrated, 0 to 1.
    probabilities : of every kind.
    overruled : the reader chose the kind; the probability is then still the router's.
    """

    name: str
    probability: float
    probabilities: dict[str, float]
    overruled: bool = False


def recognise(display: NDArray[np.uint8], router: Card, network: Network) -> Kind:
    """The kind of image, by the router."""
    assert router.measured is not None
    logits = network(image=network_input(display, router.input))["logits"][0]
    calibration = router.measured.calibration
    p = softmax(logits / calibration.temperature + np.array(calibration.offsets))
    names = [finding.name for finding in router.findings]
    best = int(np.argmax(p))
    return Kind(names[best], float(p[best]), dict(zip(names, map(float, p), strict=True)))


def header_refusal(card: Card, image: Image) -> Message | None:
    """Why the file's own words rule the model out; None when they do not, or are silent."""
    people, spec = card.population, card.input
    if spec.modalities and image.modality and image.modality not in spec.modalities:
        return Message("refusal.modality", {"found": image.modality, "needed": ", ".join(spec.modalities)})
    if people.body_parts and image.body_part and image.body_part not in people.body_parts:
        return Message("refusal.body_part", {"found": image.body_part, "needed": ", ".join(people.body_parts)})
    if people.views and image.view and image.view not in people.views:
        return Message("refusal.view", {"found": image.view, "needed": ", ".join(people.views)})
    age = image.patient.age_years
    if people.age_years and age is not None and not people.age_years[0] <= age < people.age_years[1] + 1:
        low, high = people.age_years
        return Message(
            "refusal.age", {"found_years": round(age, 1), "low_years": f"{low:g}", "high_years": f"{high:g}"}
        )
    return None


def header_notices(card: Card, image: Image) -> tuple[Message, ...]:
    """What the model's card demands of the patient and the file does not say."""
    people = card.population
    age = bool(people.age_years) and image.patient.age_years is None
    view = bool(people.views) and image.view is None
    if age or view:
        return (Message("notice.age_and_view" if age and view else "notice.age" if age else "notice.view"),)
    return ()


def kind_refusal(card: Card, kind: Kind) -> Message | None:
    """Why the kind rules the model out: another one, or the right one with too small a probability."""
    assert card.measured is not None
    needed = "|".join(f"kind.{name}" for name in card.input.kinds)
    if kind.name not in card.input.kinds:
        return Message("refusal.kind", {"found": f"kind.{kind.name}", "needed": needed})
    least = card.measured.applicability.kind_probability_min
    if kind.probability < least and not kind.overruled:
        return Message("refusal.kind_unsure", {"needed": needed, "probability": round(kind.probability, 3)})
    return None


def likeness_refusal(card: Card, display: NDArray[np.uint8], embedding: NDArray[np.float32]) -> Message | None:
    """Why the pixels rule the model out: blank, turned or inverted, or unlike any training image.

    Parameters
    ----------
    embedding : the network's whitened embedding; its norm is a Mahalanobis-like distance (Lee 2018).
    """
    assert card.measured is not None
    limits = card.measured.applicability
    if int(np.ptp(display)) == 0:
        return Message("refusal.blank")
    correlation = template_correlation(display, np.array(limits.template)) if limits.template else 1.0
    if correlation < limits.template_correlation_min:
        return Message("refusal.inverted" if correlation < -0.2 else "refusal.unlike")
    if not float(np.linalg.norm(embedding)) <= limits.distance_max:
        return Message("refusal.unlike")
    return None


def template_correlation(display: NDArray[np.uint8], template: NDArray[np.float64]) -> float:
    """Pearson correlation of an image, squashed to the template's size, with the mean training image; 0 for a blank."""
    grey = Picture.fromarray(display).convert("L").resize(template.shape[::-1], Picture.Resampling.BILINEAR)
    a, b = np.asarray(grey, dtype=np.float64), template
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / norm) if norm > 0 else 0.0
