"""Numbers and results in words, one way everywhere: on the page, in a table and in an export."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medai_core.cards import Card, Measure
from medai_core.errors import N_, Message
from medai_core.imaging.images import Image, Patient
from medai_core.imaging.segmentation import Outline
from medai_core.imaging.similarity import Similar
from medai_core.readings import Reading
from medai_core.records.wording import patient_title, percent, scan_time, sentence
from ui import people
from ui.language import _, category_title, finding_title, kind_title, predictor_title, wording
from ui.measures import MEASURES

__all__ = ["patient_title", "percent", "scan_time", "sentence"]

DATA = {
    "test": N_("test split"),
    "validation": N_("validation split"),
    "training": N_("training split"),
    "cross-validation": N_("cross-validation"),
    "cross-validation, repeat 1": N_("cross-validation, repeat 1"),
    "cross-validation, repeat 2": N_("cross-validation, repeat 2"),
    "test, degraded": N_("test split, degraded files"),
    "external": N_("another place"),
    "table": N_("this table"),
    "own": N_("your own data"),
}

RECALIBRATED = N_("recalibrated there, cross-validated")
"""What recipes call the measures of a model that was recalibrated at the place it was tested at."""

WRITTEN_BY_RECIPES = (
    N_("reference network"),
    N_("other, from sources not trained on"),
    N_("region outlined by a reader"),
    N_("plain logistic regression"),
    N_("plain boosting"),
    N_("age alone"),
    N_("largest area alone"),
    N_("mean of the slices' probabilities, each read alone"),
    N_("small nodules (area up to the training median)"),
    N_("large nodules (area above the training median)"),
    N_("few slices (up to the training median)"),
    N_("many slices (above the training median)"),
    RECALIBRATED,
    N_("share of the development cohort with the event"),
    N_("Otsu's threshold and watershed of the distance"),
    N_("where sensitivity and positive predictive value are equal at the last hour in cross-validation"),
    N_("where the challenge's utility is greatest in cross-validation"),
    N_("history and treatment (Cox)"),
    N_("expression (Cox)"),
    N_("history without treatment (Cox)"),
    N_("expression, every probe (Cox)"),
    N_("history, treatment and expression (boosted trees)"),
    N_("the same for everybody (Kaplan-Meier)"),
    N_("subtype: Luminal-like (oestrogen receptor genes high)"),
    N_("subtype: Basal-like (oestrogen receptor genes low)"),
)
"""What cards call a baseline and subgroups; their own English is what a translation is looked up by."""


ESTIMATORS = {
    "logistic": N_("logistic regression"),
    "svm": N_("support vector machine"),
    "tree": N_("decision tree"),
    "boosting": N_("gradient boosting"),
    "lstm": N_("recurrent network (LSTM)"),
    "ensemble": N_("mean of the three estimators"),
}
"""The estimators of models that take a patient or watch a stay, in words."""

AGE_BANDS = (N_("age below {high}"), N_("age {low} and over"), N_("age {low} to {high}"))
"""How recipes write an age band; the edges are numbers."""


def span(low: float, high: float, *, shares: bool = False) -> str:
    """An interval in words."""
    return wording().span(low, high, shares=shares)


def share(value: float) -> str:
    """An observed share, which may well be all of them; ``percent`` is for probabilities."""
    return f"{100 * value:.1f} %"


def measure_title(name: str, card: Card | None = None) -> str:
    """A measure in words: ``sensitivity_glioma`` is for one finding, ``..._accepted`` for accepted inputs only."""
    base = name.removesuffix("_accepted")
    finding = ""
    for start in ("sensitivity_", "calibration_intercept_", "auc_"):
        if base not in MEASURES and base.startswith(start):
            base, finding = start.removesuffix("_"), base.removeprefix(start)
    title = _(MEASURES.get(base, base.replace("_", " ").capitalize()))
    if finding:
        title = f"{title}: {finding_title(card, finding)}"
    return _("{measure}, refused inputs left out").format(measure=title) if name.endswith("_accepted") else title


def data_title(name: str) -> str:
    """Where a value was measured, in words."""
    return _(DATA.get(name, name))


def model_role(name: str) -> str:
    """Which model a value is of, in words."""
    return _(ESTIMATORS.get(name, name)) if name else _("this model")


def at_hour(measure: str, hour: int) -> str:
    """A measure in words, with the hour of the stay that it is of; without one where it is of all."""
    title = measure_title(measure)
    return _("{measure} at hour {hour}").format(measure=title, hour=hour) if hour else title


def subgroup_title(name: str, card: Card | None = None) -> str:
    """Which inputs a value is of, in words; ages and the card's own categories in the reader's language."""
    if not name:
        return _("all")
    for template in AGE_BANDS:
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[\\d.]+)", re.escape(template)), name)
        if found:
            return _(template).format(**found.groupdict())
    return _category_subgroup(name, card) or _(name)


def _category_subgroup(name: str, card: Card | None) -> str:
    """A subgroup "Title of the predictor: title of the category"; empty where it is none of the card's."""
    for p in (*card.predictors, *card.groupings) if card else ():
        for c in p.categories:
            if name == f"{p.title}: {c.title}":
                return f"{predictor_title(card, p.name)}: {category_title(card, p.name, c.name)}"
    return ""


def joined(titles: Sequence[str]) -> str:
    """Titles as a list in words."""
    return wording().joined(titles)


def answer(reading: Reading, card: Card | None) -> str:
    """The conformal set in words: one finding, or which ones cannot be told apart."""
    return wording().answer(reading, card)


def reason(refusal: Message, card: Card | None) -> str:
    """Why there are no findings; the card's own words are said in the reader's language too."""
    return wording().reason(refusal, card)


def answer_or_refusal(reading: Reading, card: Card | None) -> str:
    """The answer, or the refusal with its reason, in one line."""
    return wording().answer_or_refusal(reading, card)


def coverage_sentence(reading: Reading, card: Card | None) -> str:
    """What the set promises, and what it was measured to keep."""
    return wording().coverage(reading, card)


def area(outline: Outline) -> str:
    """The outlined area, in mm² where the file says how large a pixel is."""
    return wording().area(outline)


def similar(found: Similar, card: Card | None) -> str:
    """How the training images nearest to this one were labelled."""
    return wording().similar(found, card)


def measured_coverage(coverage: Measure, *, sizes: bool = False) -> str:
    """The measured coverage of the conformal set, or of the intervals of sizes, with its interval and n."""
    return wording().measured_coverage(coverage, sizes=sizes)


def patient_facts(patient: Patient) -> str:
    """Birth date, age and sex, as far as the file states them."""
    facts = []
    if patient.birth_date:
        facts.append(_("born {date}").format(date=patient.birth_date.isoformat()))
    if patient.age_years is not None:
        facts.append(_("{age:.0f} years").format(age=patient.age_years))
    if patient.sex:
        facts.append(people.sex_words(patient.sex))
    return ", ".join(facts)


def image_facts(image: Image) -> str:
    """Format, modality, size, frame and spacing in one line."""
    return wording().image_facts(image)


def kind_sentence(reading: Reading) -> str:
    """What the router takes the image for."""
    if reading.kind is None:
        return ""
    return _("{kind} (probability {share})").format(
        kind=sentence(kind_title(reading.kind.name)), share=percent(reading.kind.probability)
    )


def duration(seconds: float) -> str:
    """How long a reading took."""
    if seconds < 1:
        return _("Read in {ms:.0f} ms").format(ms=1000 * seconds)
    return _("Read in {s:.1f} s").format(s=seconds)


def minutes(seconds: float) -> str:
    """How long a training took."""
    return _("{n:.0f} minutes").format(n=seconds / 60)


def model_title(card: Card | None) -> str:
    """A model by its title; says so where none applies."""
    return wording().model(card)
