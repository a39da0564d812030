"""The blind test: real images that the reader brings, mixed with synthetic ones, and an answer to each."""

from __future__ import annotations

import secrets

import streamlit as st

from medai_core.errors import MedAIError
from medai_core.imaging.synthesis import MOST_SEED, SynthesisModel
from medai_core.imaging.synthesis.blind import BlindTest, Brought, blind_test
from ui.cached import models
from ui.cached.synthesis import address, bare, brought, identity, mixed_in
from ui.cached.uploads import given
from ui.language import _
from ui.results import empty_state, unreadable
from ui.synthesis import scored
from ui.synthesis.asking import label_title
from ui.synthesis.films import Film, film
from ui.synthesis.scored import answer_title

MOST = 64
"""Real images, and synthetic ones, of a test."""
LIMIT_MB = 50
SEED, ANSWERED = "synthesis_blind_seed", "synthesis_answered"
"""What the order hangs on; and the newest test that was answered, by its name, with what was said."""


def ask(model: SynthesisModel) -> None:
    """Take the real images, make the test, take the answers, and show what they are worth.

    Raises
    ------
    MedAIError : the test cannot be made as asked.
    """
    real = _ask_real(model)
    if not real:
        empty_state(
            "quiz",
            _("Real images are needed"),
            _(
                "Bring some of your own above, best ten or more: none are shipped, for no image of a patient is part "
                "of this program. As many synthetic ones are then mixed in."
            ),
            key="empty_blind",
        )
        return
    labels, count, seed = _ask_mixed(model, len(real))
    test = blind_test(real, mixed_in(model, labels, count, seed), seed)
    id = identity(model, labels, count, seed, *(image.sha256 for image in real))
    kept, answers = st.session_state.get(ANSWERED, ("", ()))
    if kept == id:
        scored.show(model, test, answers)
        st.button(_("Another test"), icon=":material/casino:", on_click=_shuffle, key="synthesis_again")
    else:
        _ask_answers(test, id)


def _ask_real(model: SynthesisModel) -> list[Brought]:
    """What the reader brings, prepared; what cannot be taken is said, and the rest is kept."""
    files = st.file_uploader(
        _("Real images"),
        accept_multiple_files=True,
        key="synthesis_real",
        max_upload_size=LIMIT_MB,
        help=_(
            "DICOM, NIfTI, PNG, JPEG or TIFF; of several frames the middle one. They become grey and square and as "
            "small as the model's own, so that neither size nor format gives them away. They stay in this session."
        ),
    )
    found: dict[str, Brought] = {}
    for file in files:
        upload = given(file.name, file.getvalue())
        try:
            found.setdefault(upload.sha256, brought(upload, model.spec.size, _prepared(model)))
        except MedAIError as error:
            unreadable(file.name, error)
    if len(found) > MOST:
        st.caption(_("Only the first {n} images are taken.").format(n=MOST))
    return list(found.values())[:MOST]


def _prepared(model: SynthesisModel) -> tuple[int, ...]:
    """The size that the images were brought to which the model learnt from: the set is its classifier's."""
    card = models().card(model.spec.classifier)
    return card.input.prepared_size if card else ()


def _ask_mixed(model: SynthesisModel, real: int) -> tuple[tuple[str, ...], int, int]:
    """What is mixed in, and the seed of the order."""
    st.session_state.setdefault(SEED, secrets.randbelow(10_000))
    asked, many, order = st.columns(3, gap="medium", vertical_alignment="bottom")
    with asked:
        label = st.selectbox(
            _("Synthetic images of"),
            ["", *model.labels],
            format_func=lambda label: label_title(model, label) if label else _("every finding in turn"),
            key=f"synthesis_mixed:{model.card.name}",
            help=_("Choose what the real images show, or the finding gives them away."),
        )
    with many:
        count = st.number_input(_("How many of them"), 1, MOST, real, step=1, key=f"synthesis_mixed_count:{real}")
    with order:
        seed = st.number_input(
            _("Seed of the order"),
            0,
            MOST_SEED,
            step=1,
            key=SEED,
            persist_state="session",
            help=_("The same seed and images give the same test."),
        )
    return (label,) if label else model.labels, int(count), int(seed)


def _shuffle() -> None:
    st.session_state[SEED] = secrets.randbelow(10_000)


def _ask_answers(test: BlindTest, id: str) -> None:
    """Every image with its question; nothing tells one kind from the other."""
    st.markdown(
        _("**Which of these {n} images are real?** Answer for each; the truth comes after.").format(n=len(test.items))
    )
    with st.form(f"synthesis_blind:{id}", border=False):
        with st.container(horizontal=True, gap="medium", key="synthesis_blind_films"):
            said = [_question(test, k, id) for k in range(len(test.items))]
        sent = st.form_submit_button(
            _("Score my answers"), type="primary", icon=":material/check:", key="synthesis_score"
        )
    missing = [str(k) for k, answer in enumerate(said, 1) if answer is None]
    if sent and missing:
        st.warning(
            _("Not answered yet: image {numbers}. What you said of the others is kept.").format(
                numbers=", ".join(missing)
            ),
            icon=":material/pending:",
        )
    elif sent:
        st.session_state[ANSWERED] = (id, tuple(said))
        st.rerun()


def _question(test: BlindTest, k: int, id: str) -> bool | None:
    with st.container(width=176, gap="small"):
        film(Film(address(bare(test.items[k].pixels)), _("Image {number} of the test").format(number=k + 1)))
        return st.radio(
            _("Image {number}").format(number=k + 1),
            [True, False],
            index=None,
            format_func=answer_title,
            horizontal=True,
            key=f"synthesis_answer:{id}:{k}",
        )
