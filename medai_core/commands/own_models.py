"""``train`` a model further on one's own images, and ``switch`` to it."""

from __future__ import annotations

import argparse
import os
import re
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pandas as pd

from medai_core.cards import Card, read_card
from medai_core.catalog import Catalog
from medai_core.commands.making import making
from medai_core.commands.progress import Progress
from medai_core.commands.saying import say_comparison, say_measures
from medai_core.errors import MedAIError, Message, ModelError
from medai_core.errors.plain import to_plain
from medai_core.evaluation import read_manifest
from medai_core.evaluation.parts import OwnImages, read_own, read_parts
from medai_core.records.files import taken

NAME = re.compile(r"[a-z][a-z0-9_]{2,59}")
MOST_EPOCHS = 1000
STOPPED = 130
"""The exit status of a run that was stopped, as shells have it."""


def train(options: argparse.Namespace, models: Catalog) -> int:
    """Fit a model further; 0 when the new folder is there, ``STOPPED`` when somebody stopped it."""
    if options.progress and not options.progress.parent.is_dir():
        raise ModelError("train.progress", file=str(options.progress))
    with taken(lock_of(options.progress)) if options.progress else nullcontext(True) as free:
        if not free:
            raise ModelError("train.running")
        progress = Progress(options.progress)
        try:
            _train(options, models, progress)
        except KeyboardInterrupt:
            print(_end(progress, "stopped", Message("train.stopped")))
            return STOPPED
        except MedAIError as error:
            _end(progress, "failed", error.message)
            raise
        except BaseException:  # whoever watches the run must not wait for one that is gone
            progress.write({"stage": "broken"})
            raise
        finally:
            progress.close()
    return 0


def lock_of(progress: Path) -> Path:
    """The lock that a run holds as long as it writes its progress there."""
    return progress.with_name(f"{progress.name}.lock")


def _end(progress: Progress, stage: str, message: Message) -> str:
    progress.write({"stage": stage, "message": to_plain(message)})
    return message.text


def _train(options: argparse.Namespace, models: Catalog, progress: Progress) -> None:
    folder = options.out or models.folder
    parent = parent_of(options.model, models)
    check_name(options.name, folder, models)
    if not 1 <= options.epochs <= MOST_EPOCHS:
        raise ModelError("train.epochs", found=options.epochs, most=MOST_EPOCHS)
    with making(folder, options.name) as made:
        progress.write({"stage": "begun", "pid": os.getpid()})
        own = read_own_images(options.data, parent, models, options.seed, progress)
        original = read_original(options.original, parent) if options.original else None
        _fit(options, models, (parent, own, original), made, progress)
        say_worth(read_card(made), models)
    print(Message("train.done", {"name": options.name, "parent": parent.name}).text)
    progress.write({"stage": "done", "name": options.name})


def _fit(
    options: argparse.Namespace,
    models: Catalog,
    given: tuple[Card, OwnImages, pd.DataFrame | None],
    made: Path,
    progress: Progress,
) -> None:
    parent, own, original = given
    silence()
    from medai_core.commands.training import served_beside
    from medai_core.training.finetuning import Order, fine_tune
    from medai_core.training.tuning import Tuning

    command = f"python -m medai_core train {parent.name} --data MANIFEST.csv --name {options.name}"
    command += f" --seed {options.seed} --epochs {options.epochs}" + (
        " --original MANIFEST.csv" if original is not None else ""
    )
    how = Tuning(epochs=options.epochs, seed=options.seed)
    order = Order(parent, models.folder_of(parent), made, command, how, original)
    fine_tune(order, own, partial(served_beside, models), progress)


def silence() -> None:
    """Have TensorFlow, which reports what it is made of when it is imported, say errors only."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def parent_of(name: str, models: Catalog) -> Card:
    """The card of a model that can be fitted further.

    Raises
    ------
    ModelError : there is none of this name, or it cannot.
    """
    card = models.card(name)
    if card.name not in {c.name for c in trainable(models)}:
        raise ModelError("train.model", name=name, known=", ".join(c.name for c in trainable(models)) or "-")
    return card


def trainable(models: Catalog) -> list[Card]:
    """The models that can be fitted further: each names what one image shows, alone, and came with its network."""
    return [c for c in models.cards if _reads_one_image(c) and (models.folder_of(c) / "model.keras").is_file()]


def _reads_one_image(card: Card) -> bool:
    spec = card.input
    return card.task == "classification" and card.trained and not spec.region and not spec.unit


def check_name(name: str, folder: Path, models: Catalog) -> None:
    """See that a new model may have this name, which becomes a folder's.

    Raises
    ------
    ModelError : it is no plain name, or a model has it.
    """
    if not NAME.fullmatch(name):
        raise ModelError("train.name", found=name[:80])
    if any(card.name == name for card in models.cards) or (folder / name).exists():
        raise ModelError("train.taken", name=name)


def read_own_images(
    manifest: Path, card: Card, models: Catalog, seed: int, progress: Progress, *, learns: bool = True
) -> OwnImages:
    """The images of a manifest, checked and prepared for a card's model; see ``read_parts``.

    Raises
    ------
    ManifestError : a model must not be trained on it; the rows are named.
    """
    from medai_core.imaging.applicability import recognise

    router = models.router
    network = models.network(router)
    table = read_parts(manifest, [finding.name for finding in card.findings], seed, learns=learns)
    kinds = card.input.kinds
    return read_own(
        table,
        card,
        lambda pixels: max(map(recognise(pixels, router, network).probabilities.__getitem__, kinds)),
        progress.read,
    )


def read_original(manifest: Path, card: Card) -> pd.DataFrame:
    """The images that a model was tested on; of a manifest with splits, the ``test`` rows."""
    table = read_manifest(manifest, [finding.name for finding in card.findings])
    split = "test" if "split" in table and (table["split"] == "test").any() else None
    return read_manifest(manifest, [finding.name for finding in card.findings], split)


def switch(options: argparse.Namespace, models: Catalog) -> int:
    """Print what a model is worth, and with ``--seen`` have it answer; 1 where nothing was changed."""
    from medai_core.commands.records import opened, person
    from medai_core.records.switching import check_switchable, switch, switch_back

    if not options.back:
        card = models.card(options.name)
        check_switchable(card, models)
        say_worth(card, models)
        if not options.seen:
            print(Message("switch.unseen").text)
            return 1
    with opened() as store:
        change = switch_back if options.back else switch
        print(change(store, person(), models, options.name).text)
    return 0


def say_worth(card: Card, models: Catalog) -> None:
    """Print the comparison with the parent, or the measures of a model that has none, and what is not known of it."""
    assert card.measured is not None
    if card.measured.comparison:
        name = card.parent.original if card.parent else ""
        say_comparison(card, next((c for c in models.cards if c.name == name), None))
    else:
        say_measures(card.measured.performance, as_json=False)
    for sentence in card.unchecked:
        print(sentence)
