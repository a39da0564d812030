"""Every frame of a volume outlined, with how large the whole is."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from medai_core.cards import Card
from medai_core.catalog import Catalog
from medai_core.errors import MedAIError
from medai_core.imaging.masks import volume_nifti
from medai_core.readings import Reading
from medai_core.readings.volumes import FRAMES, Volume, outline_volume
from ui import cached
from ui.cached import Scan
from ui.language import _
from ui.results import facts, problem
from ui.taking import take_away


def ask_volume(scan: Scan, reading: Reading, card: Card | None) -> None:
    """Offer to outline all frames of a file, and show how large the outlined volume is."""
    frames = reading.image.frames
    if card is None or card.outline is None or card.outline.many or frames == 1:
        return
    label = _("Outline all {n} frames").format(n=frames)
    more = _("Each frame is read on its own; at most {n} in one go.").format(n=FRAMES)
    if not st.toggle(label, key=f"volume:{scan.sha256[:16]}:{card.name}", help=more):
        return
    kind = reading.kind.name if reading.kind and reading.kind.overruled else None
    try:
        found = _outlined(scan.data, cached.models(), scan.sha256, scan.name, card.name, kind)
    except MedAIError as error:
        problem(error)
        return
    _show(found)
    take_away(
        _("Mask of all frames as NIfTI"),
        lambda: volume_nifti(found.labels, found.image, scan.data),
        f"{PurePath(scan.name).stem or 'scan'}_{card.name}_mask.nii.gz",
        "application/gzip",
        object=scan.sha256,
        icon=":material/layers:",
        key="mask:volume",
    )


def _show(found: Volume) -> None:
    outlined = [number for number, area in enumerate(found.areas_px, start=1) if area]
    unknown = _("not known: the file does not say how large a voxel is")
    rows = {
        _("Outlined volume"): unknown if found.volume_ml is None else f"{found.volume_ml:.1f} mL",
        _("Frames with an outline"): _("{n} of {frames}").format(n=len(outlined), frames=len(found.areas_px)),
        _("Refused frames"): str(found.refused),
    }
    if outlined:
        rows[_("First and last of them")] = f"{outlined[0]} – {outlined[-1]}"
    facts(rows)
    st.caption(_("A refused frame counts as without an outline, so the volume may be too small."))


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _outlined(_data: bytes, _models: Catalog, sha256: str, file: str, model: str, kind: str | None) -> Volume:
    """One volume a file, model and kind; the bar goes when it is done."""
    bar = st.progress(0.0)

    def advance(done: int, of: int) -> None:
        bar.progress(done / of, _("Outlining frame {i} of {n}").format(i=done, n=of))

    try:
        return outline_volume(_data, file, _models, model, kind=kind, advance=advance)
    finally:
        bar.empty()
