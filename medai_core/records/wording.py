"""Results in words of the reader's language: said once, for the page, the report and every other export.

English stands in the source; whoever shows the words brings the translator, since catalogues belong to the interface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from medai_core.cards import Card, Measure, PredictorSpec, Translation
from medai_core.errors import N_, Message
from medai_core.imaging.images import Image, Patient
from medai_core.imaging.segmentation import Outline
from medai_core.imaging.similarity import Similar
from medai_core.readings import Reading

if TYPE_CHECKING:
    from medai_core.records.store.results import Verdict

KINDS = {
    "chest_radiograph": N_("chest radiograph"),
    "brain_mri": N_("brain MRI"),
    "chest_ct_slice": N_("chest CT slice"),
    "ct_nodule": N_("CT nodule"),
    "breast_ultrasound": N_("breast ultrasound"),
    "blood_smear": N_("blood smear"),
    "malaria_smear": N_("malaria smear"),
    "fluorescence_microscopy": N_("fluorescence microscopy"),
    "stained_tissue": N_("stained tissue"),
    "other": N_("other kind of image"),
}
"""The kinds of image of ``medai_core.cards.KINDS``, in words."""

RESEARCH_USE = N_("For research use; not a medical device")
"""The sentence that stands on every page and in every export."""

Value = float | str | None


def percent(share: float) -> str:
    """A share in percent, never rounded to a certainty that it is not.

    >>> percent(0.9731), percent(0.99999), percent(0.0)
    ('97.3 %', '> 99.9 %', '< 0.1 %')
    """
    if share > 0.9995:
        return "> 99.9 %"
    if share < 0.0005:
        return "< 0.1 %"
    return f"{share:.1%}".replace("%", " %")


def sentence(text: str) -> str:
    """``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


def local_time(moment: datetime) -> str:
    """A moment on the clock of the machine that serves, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def scan_time(image: Image) -> str:
    """When the scan was made, to the minute; empty where the file is silent."""
    return image.acquired.strftime("%Y-%m-%d %H:%M") if image.acquired else ""


def patient_title(patient: Patient) -> str:
    """Whom the file says it shows; empty where it is silent."""
    name = (patient.name or "").replace("^", ", ", 1).replace("^", " ").strip(" ,")
    return " · ".join(part for part in (name, patient.id or "") if part)


@dataclass(frozen=True)
class Wording:
    """One language.

    Attributes
    ----------
    translate : an English text in the language.
    language : its name, as cards call their translations.
    """

    translate: Callable[[str], str] = str
    language: str = "en"

    def _(self, text: str) -> str:
        return self.translate(text) if text else ""

    def say(self, message: Message) -> str:
        """A sentence of the core."""
        return message.say(self.translate)

    def card(self, card: Card) -> Translation:
        """The card's own words, in English where it has no others."""
        translated = card.translations.get(self.language)
        if translated is not None:
            return translated
        return Translation(
            title=card.title,
            intended_use=card.intended_use,
            not_for=card.not_for,
            limits=card.limits,
            precondition=card.precondition,
            population=card.population.description,
            findings={finding.name: finding.title for finding in card.findings},
        )

    def kind(self, name: str) -> str:
        """A kind of image."""
        return self._(KINDS.get(name, name))

    def finding(self, card: Card | None, name: str) -> str:
        """A finding; its bare name where no card knows it."""
        return self.card(card).findings.get(name, name) if card else name

    def predictor(self, card: Card | None, name: str) -> str:
        """A predictor, in English where the card has no others; its bare name where no card knows it."""
        known = {p.name: p.title for p in (*card.predictors, *card.groupings)} if card else {}
        said = card.translations.get(self.language) if card else None
        return (said.predictors.get(name) if said else None) or known.get(name, name)

    def category(self, card: Card | None, predictor: str, category: str) -> str:
        """A category of a predictor, in English where the card has no others; else its bare name."""
        asked = (*card.predictors, *card.groupings) if card else ()
        known = {c.name: c.title for p in asked if p.name == predictor for c in p.categories}
        title = known.get(category, category)
        said = card.translations.get(self.language) if card else None
        return (said.categories.get(title) if said else None) or title

    def value(self, card: Card, p: PredictorSpec, value: Value) -> str:
        """A predictor's value with its unit."""
        if value is None or value != value:
            return self._(N_("unknown"))
        if isinstance(value, str):
            return self.category(card, p.name, value)
        return f"{value:.{p.decimals}f} {self._(p.unit)}".strip()

    def about_predictor(self, card: Card | None, message: Message) -> str:
        """A warning or refusal about a patient's value, predictor and category by their titles, the unit in words."""
        return self.say(self._worded(card, message)).replace(" .", ".").replace("  ", " ")

    def _worded(self, card: Card | None, message: Message) -> Message:
        facts = dict(message.facts)
        for name, fact in message.facts.items():
            if isinstance(fact, tuple):
                facts[name] = tuple(self._worded(card, m) for m in fact)
        if "category" in facts:
            facts["category"] = self.category(card, str(facts["predictor"]), str(facts["category"]))
        if "predictor" in facts:
            facts["predictor"] = self.predictor(card, str(facts["predictor"]))
        if "unit" in facts:
            facts["unit"] = self._(str(facts["unit"]))
        return Message(message.id, facts)

    def outcome(self, card: Card) -> str:
        """The outcome of a risk with its horizon: "Death · within 10 years"."""
        asked = card.prediction or card.monitoring or card.survival
        assert asked is not None
        horizon = self.card(card).horizon or asked.horizon
        return f"{sentence(self.finding(card, card.findings[0].name))} · {horizon}"

    def joined(self, titles: Sequence[str]) -> str:
        """Titles as a list."""
        if len(titles) < 2:
            return "".join(titles)
        return self._(N_("{first} and {last}")).format(first=self._(N_(", ")).join(titles[:-1]), last=titles[-1])

    def span(self, low: float, high: float, *, shares: bool = False) -> str:
        """An interval."""
        template = self._(N_("{low} to {high}"))
        if shares:
            return template.format(low=f"{100 * low:.1f}", high=f"{100 * high:.1f} %")
        return template.format(low=f"{low:.3f}", high=f"{high:.3f}")

    def answer(self, reading: Reading, card: Card | None) -> str:
        """The conformal set: one finding, or which ones cannot be told apart.

        An empty set says that no finding fits; it tells nothing apart either, so all are named.
        """
        if reading.outline is not None:
            return self.outline(reading.outline, card)
        names = [f.name for f in reading.findings if f.in_set] or [f.name for f in reading.findings]
        titles = [self.finding(card, name) for name in names]
        if sum(f.in_set for f in reading.findings) == 1:
            return sentence(titles[0])
        if len(titles) == 2:
            return self._(N_("Cannot tell {first} from {second}")).format(first=titles[0], second=titles[1])
        return self._(N_("Cannot tell {titles} apart")).format(titles=self.joined(titles))

    def outline(self, outline: Outline, card: Card | None) -> str:
        """What was outlined, with its size or number."""
        finding = sentence(self.finding(card, outline.finding))
        if outline.many:
            return self._(N_("{finding}: {n} outlined")).format(finding=finding, n=outline.count)
        return self._(N_("{finding} outlined: {size}")).format(finding=finding, size=self.area(outline))

    def area(self, outline: Outline) -> str:
        """The outlined area, in mm² where the file says how large a pixel is."""
        if outline.area_mm2 is not None:
            return f"{outline.area_mm2:,.0f} mm²"
        return self._(N_("{n} pixels")).format(n=f"{outline.area_px:,}")

    def size_interval(self, outline: Outline) -> str:
        """Between what the true area or count lies, at the level that was asked for."""
        level = f"{outline.level:.0%}".replace("%", " %")
        low, high = outline.low, outline.high
        if outline.many:
            text = N_("The true number lies between {low} and {high} at {level} nominal coverage.")
            return self._(text).format(low=f"{low:.0f}", high=f"{high:.0f}", level=level)
        text = N_("The true area lies between {low} and {high} at {level} nominal coverage.")
        ends = [self.area(replace(outline, area_px=round(e), area_mm2=_scaled(outline, e))) for e in (low, high)]
        return self._(text).format(low=ends[0], high=ends[1], level=level)

    def similar(self, similar: Similar, card: Card | None) -> str:
        """How the training images nearest to this one were labelled: statistics, not a second opinion."""
        most = sorted(similar.counts.items(), key=lambda item: -item[1])
        said = [f"{self.finding(card, name)} {count}" for name, count in most if count]
        text = N_("Of the {n} training images most like this one (from {groups} patients or groups): {labels}.")
        return self._(text).format(n=similar.n, groups=similar.groups, labels=self._(N_(", ")).join(said))

    def reason(self, refusal: Message, card: Card | None) -> str:
        """Why there are no findings; the card's own words are said in the reader's language too."""
        if card and "precondition" in refusal.facts:
            refusal = Message(refusal.id, {**refusal.facts, "precondition": self.card(card).precondition})
        return self.say(refusal)

    def answer_or_refusal(self, reading: Reading, card: Card | None) -> str:
        """The answer, or the refusal with its reason, in one line."""
        if reading.refusal is not None:
            return self._(N_("Refused: {reason}")).format(reason=self.reason(reading.refusal, card))
        return self.answer(reading, card)

    def coverage(self, reading: Reading, card: Card | None) -> str:
        """What the set promises, and what it was measured to keep."""
        if reading.coverage is None or (reading.outline is None and not reading.findings):
            return ""
        if reading.outline is not None:
            said = self.size_interval(reading.outline)
            measured = card.measured if card else None
            return f"{said} {self.measured_coverage(measured.promised, sizes=True)}" if measured else said
        level = f"{reading.coverage:.0%}".replace("%", " %")
        nominal = self._(N_("Set at {level} nominal coverage.")).format(level=level)
        if card is None or card.measured is None:
            return nominal
        return nominal + " " + self.measured_coverage(card.measured.sets().coverage)

    def measured_coverage(self, coverage: Measure, *, sizes: bool = False) -> str:
        """The measured coverage of the conformal set, or of the intervals of sizes, with its interval and n."""
        sets = N_(
            "Measured: it held the true finding in {value} of scans (95 % interval {span}; n = {n}, {groups} groups)."
        )
        held = N_("Measured: it did in {value} of scans (95 % interval {span}; n = {n}, {groups} groups).")
        return self._(held if sizes else sets).format(
            value=percent(coverage.value),
            span=self.span(coverage.low, coverage.high, shares=True),
            n=coverage.n,
            groups=coverage.groups,
        )

    def verdict(self, v: Verdict) -> str:
        """A clinician's verdict in a line."""
        template = self._(N_("{name} agreed, {time}") if v.agrees else N_("{name} disagreed, {time}"))
        said = template.format(name=self._(v.by_name), time=local_time(v.at))
        return f"{said}: {self._(v.why)}" if v.why else said

    def sex(self, code: str | None) -> str:
        """DICOM's code of a sex; empty where it is not known."""
        return {"F": self._(N_("female")), "M": self._(N_("male")), "O": self._(N_("other"))}.get(
            code or "", code or ""
        )

    def model(self, card: Card | None) -> str:
        """A model by its title; says so where none applies."""
        return self.card(card).title if card else self._(N_("no model applies"))

    def image_facts(self, image: Image) -> str:
        """Format, modality, size, frame and spacing in one line."""
        height, width = image.display.shape[:2]
        size = self._(N_("{width} × {height} pixels")).format(width=width, height=height)
        facts = [image.format, image.modality or "", size]
        if image.frames > 1:
            frame = self._(N_("frame {frame} of {frames}"))
            facts.append(frame.format(frame=image.frame + 1, frames=image.frames))
        if image.spacing_mm:
            spacing = self._(N_("{rows:.2g} × {columns:.2g} mm a pixel"))
            facts.append(spacing.format(rows=image.spacing_mm[0], columns=image.spacing_mm[1]))
        return " · ".join(fact for fact in facts if fact)


def _scaled(outline: Outline, area_px: float) -> float | None:
    """An area in pixels in the outline's mm², where they are known."""
    return outline.area_mm2 * area_px / outline.area_px if outline.area_mm2 is not None else None
