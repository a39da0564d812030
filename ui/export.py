"""A result to take away: as JSON for programs and as a picture for people.

A refusal is exported like any other result, and every export says that it is for research use.
"""

from __future__ import annotations

import json
from functools import lru_cache
from io import BytesIO
from pathlib import PurePath
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from medai_core.cards import Card
from medai_core.imaging.images import Image
from medai_core.readings import Reading, as_json
from ui import words
from ui.colours import colour, evidence_ceiling, evidence_shares
from ui.frame import research_notice
from ui.language import _, finding_title, language, say, speaking
from ui.taking import take_away

SIDE = 640
MARGIN = 24
INK, FAINT, PAPER = (228, 233, 238), (167, 178, 189), (16, 21, 27)
CJK_FONTS = ("NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf", "PingFang.ttc", "msyh.ttc", "simhei.ttf")


def downloads(reading: Reading, card: Card | None) -> None:
    """The two buttons."""
    spoken, sha256 = language(), reading.image.sha256
    stem = PurePath(reading.file).stem or "scan"
    name = "_".join(part for part in (stem, reading.model or "no_model") if part)
    with st.container(horizontal=True, gap="small"):
        take_away(
            _("Result as JSON"),
            lambda: json_bytes(reading, card),
            f"{name}.json",
            "application/json",
            object=sha256,
            icon=":material/data_object:",
        )
        take_away(
            _("Picture as PNG"),
            lambda: png_bytes(reading, card, spoken),
            f"{name}.png",
            "image/png",
            object=sha256,
            icon=":material/image:",
        )


def json_bytes(reading: Reading, card: Card | None) -> bytes:
    """The JSON of the command line with what stands beside the result on the page, in English."""
    with speaking("en"):
        beside = {
            "research_use": research_notice(),
            "model_title": card.title if card else None,
            "answer": words.answer(reading, card) if reading.refusal is None else None,
            "limits": list(card.limits) if card else [],
        }
    return json.dumps(as_json(reading) | beside, ensure_ascii=False, indent=2).encode()


def png_bytes(reading: Reading, card: Card | None, spoken: str) -> bytes:
    """Original and evidence side by side over a caption; the original alone where it was refused."""
    with speaking(spoken if _font(10)[1] else "en"):
        return _capture(reading, card)


def _capture(reading: Reading, card: Card | None) -> bytes:
    panes = [_fitted(_grey(reading.image))]
    if reading.evidence is not None:
        panes.append(_overlaid(reading))
    lines = _caption(reading, card)
    width = 2 * SIDE + 3 * MARGIN
    wrapped = [(part, size, ink) for text, size, ink in lines for part in _wrap(text, size, width - 2 * MARGIN)]
    height = SIDE + 3 * MARGIN + sum(round(1.45 * size) for _part, size, _ink in wrapped)
    sheet = Picture.new("RGB", (width, height), PAPER)
    for i, pane in enumerate(panes):
        sheet.paste(pane, (MARGIN + i * (SIDE + MARGIN), MARGIN))
    _write(sheet, wrapped)
    facts = PngInfo()
    facts.add_itxt("Description", " | ".join(text for text, _size, _ink in lines))
    stream = BytesIO()
    sheet.save(stream, "PNG", pnginfo=facts)
    return stream.getvalue()


def _write(sheet: Picture.Image, lines: list[tuple[str, int, tuple[int, int, int]]]) -> None:
    pen, y = ImageDraw.Draw(sheet), SIDE + 2 * MARGIN
    for text, size, ink in lines:
        pen.text((MARGIN, y), text, fill=ink, font=_font(size)[0])
        y += round(1.45 * size)


def _caption(reading: Reading, card: Card | None) -> list[tuple[str, int, tuple[int, int, int]]]:
    """What the picture shows, in lines of (text, size, ink)."""
    image = reading.image
    answer, findings = words.answer_or_refusal(reading, card), ""
    if reading.refusal is None:
        parts = [f"{finding_title(card, f.name)} {words.percent(f.probability)}" for f in reading.findings]
        findings = " · ".join([*parts, words.coverage_sentence(reading, card)])
    unknown = _("not stated in the file")
    patient, time = words.patient_title(image.patient) or unknown, words.scan_time(image) or unknown
    model = " · ".join([words.model_title(card), reading.version or ""]).strip(" ·")
    lines = [
        (answer, 30, INK),
        (findings, 20, INK),
        (f"{_('Patient')}: {patient} · {_('Scan time')}: {time}", 20, INK),
        (f"{_('Model')}: {model} · {_('File')}: {reading.file} · SHA-256 {image.sha256[:16]}…", 20, FAINT),
        (words.image_facts(image), 20, FAINT),
        *((say(notice), 20, INK) for notice in reading.notices),
        (_legend(reading, card), 18, FAINT),
        (research_notice(), 20, INK),
    ]
    return [line for line in lines if line[0]]


def _legend(reading: Reading, card: Card | None) -> str:
    if reading.evidence is None:
        return ""
    finding = finding_title(card, reading.findings[_likeliest(reading)].name)
    return _("Right: evidence for {finding}, from dark blue (less) to yellow (more).").format(finding=finding)


def _likeliest(reading: Reading) -> int:
    return max(range(len(reading.findings)), key=lambda i: reading.findings[i].probability)


def _grey(image: Image) -> Picture.Image:
    return Picture.fromarray(image.display).convert("RGB")


def _overlaid(reading: Reading) -> Picture.Image:
    """The scan under the evidence for its likeliest finding, as the viewer shows it."""
    assert reading.evidence is not None
    shares = evidence_shares(reading.evidence[_likeliest(reading)], evidence_ceiling(reading.evidence))
    shares = np.asarray(_fitted(Picture.fromarray(shares)))
    base = np.asarray(_fitted(_grey(reading.image)), np.float32)
    weight = (0.55 * np.minimum(2.0 * shares / 255, 1))[..., None]
    return Picture.fromarray(np.rint(base * (1 - weight) + colour(shares) * weight).astype(np.uint8))


def _fitted(picture: Picture.Image) -> Picture.Image:
    """``picture`` as large as it can be on a black square."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Picture.new(picture.mode, (SIDE, SIDE))
    square.paste(picture.resize(size, Picture.Resampling.BICUBIC), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square


@lru_cache
def _font(size: int) -> tuple[Any, bool]:
    """A font, and whether it has Chinese: one of the system's, or else the one that Pillow carries."""
    for name in CJK_FONTS:
        try:
            return ImageFont.truetype(name, size), True
        except OSError:
            continue
    return ImageFont.load_default(size), False


def _wrap(text: str, size: int, width: int) -> list[str]:
    """``text`` in lines that fit, broken at spaces and, in Chinese, between any two characters."""
    font, lines, line = _font(size)[0], [], ""
    pieces = text.split(" ") if language() == "en" else list(text)
    gap = " " if language() == "en" else ""
    for piece in pieces:
        longer = f"{line}{gap}{piece}" if line else piece
        if line and font.getlength(longer) > width:
            lines.append(line)
            longer = piece
        line = longer
    return [*lines, line]
