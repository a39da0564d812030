"""Groups, methods and tests in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from medai_core.errors import N_, Message
from medai_core.precision.genomics import Evidence, Grouping
from ui import words
from ui.language import _, say

METHODS = {
    "kmeans": N_("k-means"),
    "hierarchical": N_("hierarchical (Ward)"),
    "gaussian_mixture": N_("Gaussian mixture"),
}
TESTS = {
    "kruskal_wallis": N_("Kruskal-Wallis"),
    "fisher": N_("Fisher's exact"),
    "chi_squared": N_("chi-squared"),
}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def group_title(group: int) -> str:
    """A group by its number: "Group 1"."""
    return _("Group {n}").format(n=group)


def method_title(method: str) -> str:
    """A method of grouping in words."""
    return _(METHODS[method])


def test_title(test: str) -> str:
    """A statistical test in words."""
    return _(TESTS[test])


def p_words(p: float) -> str:
    """A p value as people write it: 0.031, or 8 × 10⁻⁸ in one line; never 0."""
    if p != p:
        return "–"
    if p >= 0.0005:
        return f"{p:.3f}"
    base, exponent = f"{max(p, 1e-300):.0e}".split("e")
    return f"{base}\u00a0×\u00a010{str(int(exponent)).translate(SUPERSCRIPT)}"


def sizes_words(sizes: Sequence[int]) -> str:
    """The sizes of groups: "220 and 52"."""
    return words.joined([f"{n:,}" for n in sizes])


def answer_words(grouping: Grouping) -> str:
    """What was found, in one sentence."""
    used = grouping.used
    if used is None:
        return _("No stable grouping")
    template = _("{k} stable groups: {sizes} samples") if used.holds else _("Unstable: {k} groups of {sizes} samples")
    return template.format(k=used.k, sizes=sizes_words(used.sizes))


def evidence_words(e: Evidence) -> str:
    """What speaks for a number of groups, in a sentence."""
    return _(
        "In resamples of 80 % they come back with an adjusted Rand index of {stability:.2f} (in 95 of 100 at least "
        "{low:.2f}; 0.8 is needed), and {p} of draws without groups fall into parts as far apart (at most 5 % may). "
        "Mean silhouette {silhouette:.2f}."
    ).format(stability=e.stability, low=e.low, p=_share(e.p), silhouette=e.silhouette)


def _share(p: float) -> str:
    return _("at most {share}").format(share=f"{100 * p:.0f} %") if p < 0.0101 else f"{100 * p:.0f} %"


def doubts(grouping: Grouping) -> list[str]:
    """What is to be borne in mind about the groups themselves; what is said of markers stands beside them."""
    return [say(m) for m in grouping.warnings if m.id in ("genomics.unstable", "genomics.tiny", "genomics.none_stable")]


def about(grouping: Grouping, id: str) -> list[str]:
    """The sentences of one kind among the warnings."""
    return [say(m) for m in grouping.warnings if m.id == id]


def answer_section(over: str, title: str, lines: Sequence[str], *, refused: bool = False) -> None:
    """The answer, above all else."""
    opening = '<section class="medai-answer medai-refused">' if refused else '<section class="medai-answer">'
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    st.html(f'{opening}<p class="medai-over">{escape(over)}</p><h2>{escape(title)}</h2>{body}</section>')


def steps(messages: Sequence[Message]) -> None:
    """What was done, in order."""
    st.html('<ol class="medai-steps">' + "".join(f"<li>{escape(say(m))}</li>" for m in messages) + "</ol>")
