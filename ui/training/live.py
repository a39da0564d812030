"""A training while it runs: how far it is, its curve, and the button that stops it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from medai_core.commands import runs
from medai_core.commands.runs import Epoch, Run
from medai_core.errors import MedAIError
from ui import kept, signin
from ui.figures import ACCENT, BARE, DOTTED, PLAIN
from ui.language import _, say
from ui.results import plain, problem

EVERY_S = 2.0
OTHER = "#d98e1f"
"""The second line's colour, which differs in its dashes too."""

STAGES = {
    "": lambda: _("Starting"),
    "begun": lambda: _("Checking the manifest"),
    "reading": lambda: _("Reading the images"),
    "before": lambda: _("Measuring the model as it is"),
    "head": lambda: _("Fitting the last layers"),
    "all": lambda: _("Fitting all layers"),
    "export": lambda: _("Exporting and calibrating"),
    "measure": lambda: _("Measuring on the held-out part"),
    "compare": lambda: _("Comparing with the parent"),
    "original": lambda: _("Comparing on the original images"),
    "done": lambda: _("Done"),
    "failed": lambda: _("Refused"),
    "stopped": lambda: _("Stopped"),
    "broken": lambda: _("Broken off"),
}


def watch() -> None:
    """The newest training, followed while it runs; nothing where there never was one."""
    run = runs.newest(kept.store())
    if run is None:
        return
    if run.running:
        st.fragment(_follow, run_every=EVERY_S)()
    else:
        _show(run)


def _follow() -> None:
    """One look at a training that runs; the page is drawn anew when it has ended."""
    try:
        run = runs.newest(kept.store())
        if run is not None and run.running:
            _show(run)
            return
    except MedAIError as error:
        problem(error)
        return
    st.rerun()


def _show(run: Run) -> None:
    with st.container(border=True, key="run"):
        st.subheader(_("The training"), anchor=False)
        if run.running:
            _progress(run)
        else:
            _end(run)
        if run.epochs:
            _curve(run.epochs, run.before)


def _progress(run: Run) -> None:
    said = STAGES.get(run.stage, STAGES[""])()
    if run.stage == "reading":
        said = _("{stage}: {done} of {of}").format(stage=said, done=run.done, of=run.of)
    if run.stage in ("head", "all"):
        said = _("{stage}: epoch {n} of at most {most}").format(stage=said, n=len(run.epochs), most=run.most)
    st.progress(min(run.share, 1.0), said)
    if st.button(_("Stop"), icon=":material/stop_circle:", key="training_stop"):
        runs.stop(kept.store(), signin.person())
        st.info(_("It is being stopped. Nothing of it will be left."))


def _end(run: Run) -> None:
    if run.stage == "done":
        there = _("The model {name} is there and not in use. What it gained or lost stands below.")
        st.success(plain(there.format(name=run.name)), icon=":material/check_circle:")
    elif run.message is not None:
        show = st.info if run.stage == "stopped" else st.error
        show(plain(say(run.message)))
    else:
        st.error(
            _("The training broke off. Nothing of it is in use; its log lies in the folder training of the record.")
        )


def _curve(epochs: tuple[Epoch, ...], before: float | None) -> None:
    """Loss by epoch, on what is learnt from and on what chooses."""
    numbers = list(range(1, len(epochs) + 1))
    figure = go.Figure()
    lines = (
        (_("learnt from"), [e.loss for e in epochs], {"color": OTHER, "dash": "dash", "width": 2}),
        (_("validation"), [e.validation_loss for e in epochs], {"color": ACCENT, "width": 2.5}),
    )
    for name, values, line in lines:
        figure.add_scatter(x=numbers, y=values, mode="lines+markers", name=name, line=line)
    if before is not None:
        figure.add_scatter(
            x=[0, len(epochs)], y=[before] * 2, mode="lines", name=_("validation, as it was"), line=DOTTED
        )
    figure.update_xaxes(title=_("Epoch"), dtick=max(1, len(epochs) // 10))
    figure.update_yaxes(title=_("Loss"), rangemode="tozero")
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}
    figure.update_layout(**{**PLAIN, "height": 300, "showlegend": True}, legend=legend)
    least = min(epochs, key=lambda e: e.validation_loss)
    alt = _("Loss by epoch: the least on validation is {least:.3f}, in epoch {n} of {of}.")
    st.plotly_chart(
        figure, config=BARE, alt=alt.format(least=least.validation_loss, n=epochs.index(least) + 1, of=len(epochs))
    )
    with st.expander(_("The plot as a table")):
        st.dataframe(_table(epochs), hide_index=True, height=min(36 * (len(epochs) + 1), 400), alt=_("Loss by epoch"))


def _table(epochs: tuple[Epoch, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Epoch"): range(1, len(epochs) + 1),
            _("Stage"): [STAGES.get(e.stage, STAGES[""])() for e in epochs],
            _("Loss, learnt from"): [round(e.loss, 4) for e in epochs],
            _("Loss, validation"): [round(e.validation_loss, 4) for e in epochs],
            _("Balanced accuracy, validation"): [round(e.balanced_accuracy, 3) for e in epochs],
        }
    )
