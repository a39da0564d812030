"""Letters for what leaves: every sign in a font that has it, whatever is installed.

Noto Sans sets Latin, Greek and Cyrillic, Droid Sans Fallback Chinese, Japanese and Hangul; both lie in ``fonts``.
A sign that neither has becomes a question mark: an empty place would be overlooked.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
LATIN, BOLD, EAST_ASIAN = "NotoSans-Regular", "NotoSans-Bold", "DroidSansFallbackFull"
UNKNOWN = "?"


def font_file(name: str) -> Path:
    """Where a font lies."""
    return FONTS / f"{name}.ttf"


@cache
def _signs(name: str) -> frozenset[int]:
    from reportlab.pdfbase.ttfonts import TTFontFile

    return frozenset(TTFontFile(str(font_file(name))).charToGlyph)


def runs(text: str, *, bold: bool = False) -> list[tuple[str, str]]:
    """``text`` as (font, piece), in order; what no font has is replaced."""
    latin = BOLD if bold else LATIN

    def font(sign: str) -> str:
        return EAST_ASIAN if ord(sign) not in _signs(latin) and ord(sign) in _signs(EAST_ASIAN) else latin

    known = "".join(c if ord(c) in _signs(latin) or ord(c) in _signs(EAST_ASIAN) else UNKNOWN for c in text)
    return [(name, "".join(piece)) for name, piece in groupby(known, font)]
