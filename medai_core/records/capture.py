"""A reading as a picture: scan and evidence side by side over the answer, or the scan over its refusal.

It is what the page offers as PNG and what goes to the PACS as a Secondary Capture.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from medai_core.cards import Card
from medai_core.errors import N_
from medai_core.imaging.images import Image
from medai_core.imaging.saliency import coloured, evidence_ceiling, evidence_shares
from medai_core.imaging.segmentation import DOUBT, EDGE, HALO, Outline, marks
from medai_core.readings import Finding, Reading
from medai_core.records.lettering import LATIN, font_file, runs
from medai_core.records.wording import RESEARCH_USE, Wording, patient_title, percent, scan_time

SIDE = 640
MARGIN = 24
LINE, HATCH = (254, 232, 56), (86, 180, 233)
"""Of outlines: the line, and the hatching where it is doubtful what belongs."""
INK, FAINT, PAPER = (228, 233, 238), (167, 178, 189), (16, 21, 27)

Line = tuple[str, int, tuple[int, int, int]]
"""(text, size in pixels, ink)."""


def capture(
    reading: Reading, card: Card | None, words: Wording, *, whose: str = "", judged: str = ""
) -> tuple[Picture.Image, str]:
    """The picture, and what is written in it as one line.

    Parameters
    ----------
    whose : the patient whom the scan is filed to; what the file says where empty.
    judged : the clinician's verdict in words.
    """
    panes = [fitted(grey(reading.image), SIDE)]
    if reading.evidence is not None or reading.outline is not None:
        panes.append(overlaid(reading, SIDE))
    lines = _caption(reading, card, words, whose, judged)
    width = 2 * SIDE + 3 * MARGIN
    wrapped = [(part, size, ink) for text, size, ink in lines for part in _wrap(text, size, width - 2 * MARGIN)]
    height = SIDE + 3 * MARGIN + sum(round(1.45 * size) for _part, size, _ink in wrapped)
    sheet = Picture.new("RGB", (width, height), PAPER)
    for i, pane in enumerate(panes):
        sheet.paste(pane, (MARGIN + i * (SIDE + MARGIN), MARGIN))
    _write(sheet, wrapped)
    return sheet, " | ".join(text for text, _size, _ink in lines)


def _caption(reading: Reading, card: Card | None, words: Wording, whose: str, judged: str) -> list[Line]:
    """What the picture shows, line by line."""
    image, t = reading.image, words.translate
    findings = ""
    if reading.refusal is None:
        parts = [f"{words.finding(card, f.name)} {percent(f.probability)}" for f in reading.findings]
        findings = " · ".join([*parts, words.coverage(reading, card)])
    unknown = t(N_("not stated in the file"))
    patient, time = whose or patient_title(image.patient) or unknown, scan_time(image) or unknown
    model = " · ".join([words.model(card), reading.version or ""]).strip(" ·")
    said = [
        (words.answer_or_refusal(reading, card), 30, INK),
        (findings, 20, INK),
        (judged, 20, INK),
        (f"{t(N_('Patient'))}: {patient} · {t(N_('Scan time'))}: {time}", 20, INK),
        (f"{t(N_('Model'))}: {model} · {t(N_('File'))}: {reading.file} · SHA-256 {image.sha256[:16]}…", 20, FAINT),
        (words.image_facts(image), 20, FAINT),
        *((words.say(notice), 20, INK) for notice in reading.notices),
        (legend(reading, card, words), 18, FAINT),
        (t(RESEARCH_USE), 20, INK),
    ]
    return [line for line in said if line[0]]


def legend(reading: Reading, card: Card | None, words: Wording) -> str:
    """What the colours of the evidence mean; empty where there are none."""
    if reading.outline is not None:
        return words.translate(N_("Right: the outline; hatched where it is doubtful what belongs."))
    if reading.evidence is None:
        return ""
    text = words.translate(N_("Right: evidence for {finding}, from dark blue (less) to yellow (more)."))
    return text.format(finding=words.finding(card, likeliest(reading).name))


def likeliest(reading: Reading) -> Finding:
    """The finding with the greatest probability, which the evidence is shown for."""
    return max(reading.findings, key=lambda finding: finding.probability)


def grey(image: Image) -> Picture.Image:
    """The scan as a person sees it."""
    return Picture.fromarray(image.display).convert("RGB")


def overlaid(reading: Reading, side: int) -> Picture.Image:
    """The scan under the evidence for its likeliest finding, or under the outline, as the viewer shows it."""
    if reading.outline is not None:
        return fitted(Picture.fromarray(_outlined(np.array(grey(reading.image)), reading.outline)), side)
    assert reading.evidence is not None
    of = reading.findings.index(likeliest(reading))
    shares = evidence_shares(reading.evidence[of], evidence_ceiling(reading.evidence))
    weights = np.asarray(fitted(Picture.fromarray(shares), side))
    base = np.asarray(fitted(grey(reading.image), side), np.float32)
    return Picture.fromarray(_mixed(base, weights))


def _outlined(base: NDArray[np.uint8], outline: Outline) -> NDArray[np.uint8]:
    """The scan with the outline drawn in its own pixels."""
    drawn = marks(outline)
    y, x = np.indices(drawn.shape)
    base[(drawn == DOUBT) & ((x + y) % 4 == 0)] = HATCH
    base[drawn == HALO] = (0, 0, 0)
    base[drawn == EDGE] = LINE
    return base


def _mixed(base: NDArray[np.float32], shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weight = (0.55 * np.minimum(2.0 * shares / 255, 1))[..., None]
    return np.rint(base * (1 - weight) + coloured(shares) * weight).astype(np.uint8)


def fitted(picture: Picture.Image, side: int) -> Picture.Image:
    """``picture`` as large as it can be on a black square."""
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Picture.new(picture.mode, (side, side))
    square.paste(picture.resize(size, Picture.Resampling.BICUBIC), ((side - size[0]) // 2, (side - size[1]) // 2))
    return square


def _write(sheet: Picture.Image, lines: list[Line]) -> None:
    pen, y = ImageDraw.Draw(sheet), SIDE + 2 * MARGIN
    for text, size, ink in lines:
        x = float(MARGIN)
        baseline = y + _font(LATIN, size).getmetrics()[0]
        for name, piece in runs(text):
            pen.text((x, baseline), piece, fill=ink, font=_font(name, size), anchor="ls")
            x += _font(name, size).getlength(piece)
        y += round(1.45 * size)


@lru_cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(name), size)


def _length(text: str, size: int) -> float:
    return sum(_font(name, size).getlength(piece) for name, piece in runs(text))


def _wrap(text: str, size: int, width: int) -> list[str]:
    """``text`` in lines that fit, broken at spaces and, in Chinese, between any two characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and _length(line + piece.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Words with the space after them, and single signs where a language has no spaces."""
    found = [""]
    for sign in text:
        if found[-1].endswith(" ") or ord(sign) > 0x2E7F:
            found.append("")
        found[-1] += sign
    return found
