"""Images as HTML: one film, or several in a row, each with its words below and described for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Picture

from ui.cached.synthesis import address

EDGE = (254, 232, 56)
"""As the viewer draws an outline."""
FINER = 4
"""How many times finer than the image its outline is drawn."""


@dataclass(frozen=True)
class Film:
    """One image as it is shown.

    Attributes
    ----------
    source : its address; empty where there is nothing to show, which ``words`` then explain.
    words, more : below it, the second line in small. outline : what is laid over it, an address.
    """

    source: str
    alt: str
    words: str = ""
    more: str = ""
    outline: str = ""


def films(shown: Sequence[Film], label: str, kind: str) -> None:
    """Several in a row; ``kind`` : how they lie, a name of the style sheet."""
    items = "".join(f"<li>{_figure(film)}</li>" for film in shown)
    st.html(f'<ol class="medai-films medai-{kind}" aria-label="{escape(label)}">{items}</ol>')


def film(shown: Film) -> None:
    """One, as large as there is room for."""
    st.html(_figure(shown))


def _figure(film: Film) -> str:
    image = f'<img src="{film.source}" alt="{escape(film.alt)}">' if film.source else ""
    over = f'<img src="{film.outline}" alt="">' if film.outline else ""
    said = f"<b>{escape(film.words)}</b>" if film.words else ""
    more = f"<small>{escape(film.more)}</small>" if film.more else ""
    below = f"<figcaption>{said}{more}</figcaption>" if said or more else ""
    return f'<figure class="medai-film"><div>{image}{over}</div>{below}</figure>'


def outlined(outline: NDArray[np.bool_]) -> str:
    """The edge of an outline, (y, x), as a picture that is clear elsewhere."""
    from scipy.ndimage import binary_erosion

    inside = np.kron(outline, np.ones((FINER, FINER), bool))
    edge = inside & ~binary_erosion(inside, iterations=2)
    layer = np.zeros((*edge.shape, 4), np.uint8)
    layer[edge] = (*EDGE, 255)
    stream = BytesIO()
    Picture.fromarray(layer).save(stream, "PNG")
    return address(stream.getvalue())
