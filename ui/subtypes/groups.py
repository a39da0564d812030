"""What a grouping shows: where its samples lie, what speaks for it, and what tells its groups apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from medai_core.precision.genomics import Evidence, Grouping, Heatmap
from medai_core.precision.genomics.clustering import STABLE
from ui.cached import expression
from ui.cached.expression import Read
from ui.figures import table
from ui.language import _
from ui.results import plain
from ui.subtypes import figures, heat
from ui.subtypes.figures import Curve
from ui.subtypes.said import about, group_title, p_words, sizes_words, test_title

SHOWN = 100
"""Marker genes that are listed; the download has all."""


def samples(read: Read, grouping: Grouping) -> None:
    """The samples on their components, and the ordered heatmap."""
    matrix = grouping.matrix
    st.subheader(_("Samples by their first two principal components"), anchor=False)
    alt = _("{n} samples on two principal components").format(n=len(matrix.samples))
    if grouping.used:
        alt += "; " + _("groups of {sizes}").format(sizes=sizes_words(grouping.used.sizes))
    figures.embedding(matrix.components, grouping.label, matrix.samples, matrix.explained, alt, "subtypes_embedding")
    table(_centres(grouping), _("Where the groups lie"))
    st.subheader(_("Heatmap"), anchor=False)
    found = expression.drawn(read, grouping)
    what = _("the genes that mark the groups most") if grouping.k else _("the genes that vary most")
    alt = _("Heatmap of {genes} genes in {n} samples, ordered by a tree").format(
        genes=len(found.genes), n=len(found.samples)
    )
    heat.heatmap(found, alt, "subtypes_heatmap")
    st.caption(_("Shown are {what}. The tree above is Ward's, on the principal components.").format(what=what))
    table(_means(found), _("Mean of each gene by group"))


def _centres(grouping: Grouping) -> pd.DataFrame:
    scores, rows = grouping.matrix.components, []
    for group in np.unique(grouping.label).tolist():
        own = scores[grouping.label == group]
        rows.append(
            {
                _("Group"): group_title(group) if group else _("no group"),
                _("Samples"): len(own),
                **{
                    _("Component {n}, mean (standard deviation)").format(
                        n=c + 1
                    ): f"{own[:, c].mean():.2f} ({own[:, c].std():.2f})"
                    for c in (0, 1)
                },
            }
        )
    return pd.DataFrame(rows)


def _means(found: Heatmap) -> pd.DataFrame:
    """The mean of each gene of the heatmap in each group; without groups, how many samples are far from it."""
    genes = {_("Gene"): list(found.genes)}
    if found.label.any():
        means = {
            group_title(g): found.values[:, found.label == g].mean(axis=1) for g in np.unique(found.label).tolist()
        }
        return pd.DataFrame(genes | {name: [f"{m:.2f}" for m in own] for name, own in means.items()})
    far = {
        _("Samples 1 standard deviation above"): (found.values > 1).sum(axis=1),
        _("Samples 1 standard deviation below"): (found.values < -1).sum(axis=1),
    }
    return pd.DataFrame(genes | far)


def evidence(grouping: Grouping) -> None:
    """Three curves over the number of groups, and all numbers as a table."""
    found = grouping.evidence
    for place, curve in zip(st.columns(3, gap="medium"), _curves(found), strict=True):
        with place:
            st.markdown(f"**{curve.title}**")
            parts = [f"{k}: {value:.2f}" for k, value in zip(curve.ks, curve.values, strict=True)]
            alt = _("{kind} by the number of groups").format(kind=curve.title) + ": " + "; ".join(parts)
            figures.evidence_curve(curve, alt, grouping.k)
    st.table(
        pd.DataFrame([_evidence_row(e, grouping) for e in found]),
        hide_index=True,
        border="horizontal",
        alt=_("Evidence for each number of groups"),
    )
    st.caption(
        _(
            "Stable: adjusted Rand index of at least 0.8 on average in resamples of 80 %, and at most 5 % of draws "
            "from one normal distribution, so without groups, fall into parts as far apart. Of those, the widest "
            "silhouette is chosen. Separation: of the two nearest groups, in standard deviations."
        )
    )


def _curves(found: tuple[Evidence, ...]) -> tuple[Curve, ...]:
    ks = [e.k for e in found]
    stability, silhouette, gap = ([getattr(e, name) for e in found] for name in ("stability", "silhouette", "gap"))
    error = [e.gap_error for e in found]
    return (
        Curve(_("Stability"), "subtypes_stability", ks, stability, needed=STABLE),
        Curve(_("Silhouette"), "subtypes_silhouette", ks, silhouette),
        Curve(_("Gap statistic"), "subtypes_gap", ks, gap, error),
    )


def _evidence_row(e: Evidence, grouping: Grouping) -> dict[str, object]:
    chosen = grouping.chosen is not None and grouping.chosen.k == e.k
    return {
        _("Groups"): e.k,
        _("Stable"): _("yes") if e.holds else _("no"),
        _("Chosen"): _("yes") if chosen else "",
        _("Stability (95 of 100 resamples above)"): f"{e.stability:.2f} ({e.low:.2f})",
        _("p of draws without groups"): p_words(e.p),
        _("Silhouette"): f"{e.silhouette:.2f}",
        _("Gap (error)"): f"{e.gap:.2f} ({e.gap_error:.2f})",
        _("Separation"): f"{e.separation:.2f}",
        _("Sizes"): sizes_words(e.sizes),
    }


def _ungrouped() -> None:
    st.caption(_("There are no groups to compare. A number of groups can be tried above; it is then called unstable."))


def markers(grouping: Grouping) -> None:
    """The genes that differ most between a group and all others."""
    if not grouping.k or grouping.markers.empty:
        _ungrouped()
        return
    groups = sorted(grouping.markers["group"].unique().tolist())
    group = st.segmented_control(
        _("Group"),
        groups,
        default=groups[0],
        format_func=group_title,
        key=f"subtypes_marked:{grouping.k}",
        required=True,
    )
    for sentence in about(grouping, "genomics.double_use"):
        st.warning(plain(sentence), icon=":material/warning:")
    own = grouping.markers[grouping.markers["group"] == group]
    first = own.head(SHOWN)
    rows = {
        _("Gene"): first["gene"],
        _("In this group"): [_("higher") if d > 0 else _("lower") for d in first["difference"]],
        _("Difference of means"): [f"{d:+.2f}" for d in first["difference"]],
        "p": [p_words(p) for p in first["p"]],
        _("False-discovery rate"): [p_words(q) for q in first["false_discovery_rate"]],
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=460, alt=_("Marker genes of a group"))
    found = int((own["false_discovery_rate"] <= 0.05).sum())
    st.caption(
        _(
            "The first {shown:,} of {all:,} genes, by Welch's t-test against all other samples; {found:,} have a "
            "false-discovery rate of at most 5 %. Differences are in units of the matrix."
        ).format(shown=len(first), all=len(own), found=found)
    )


def clinical(grouping: Grouping) -> None:
    """Whether clinical columns differ between the groups."""
    if not grouping.k:
        _ungrouped()
        return
    found = grouping.associations
    if found.empty:
        st.caption(_("The file has no clinical column that can be compared between the groups."))
        return
    for sentence in about(grouping, "genomics.reused"):
        st.warning(plain(sentence), icon=":material/warning:")
    rows = {
        _("Column"): found["column"].astype(str),
        _("Test"): [test_title(test) for test in found["test"]],
        "n": found["n"],
        "p": [p_words(p) for p in found["p"]],
        _("False-discovery rate"): [p_words(q) for q in found["false_discovery_rate"]],
        **{group_title(g): found[f"group {g}"].fillna("") for g in _groups_of(found)},
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", alt=_("Clinical columns by group"))
    st.caption(_("Numbers: median (quartiles). A column that has to do with survival is best judged by the curves."))


def _groups_of(found: pd.DataFrame) -> list[int]:
    return sorted(int(str(c).removeprefix("group ")) for c in found.columns if str(c).startswith("group "))
