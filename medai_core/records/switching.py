"""Which of one's own models answer: switched on by somebody who may, on purpose, and entered into the audit."""

from __future__ import annotations

from collections.abc import Callable

from medai_core.cards import Card
from medai_core.cards.own import FILE, InUse, Switches, read_switches
from medai_core.catalog import WEIGHTS, Catalog, sha256
from medai_core.errors import Fact, Message, ModelError, RecordError
from medai_core.records.access import Person
from medai_core.records.audit import Act
from medai_core.records.files import write_whole
from medai_core.records.store import Store


def switch(store: Store, person: Person, models: Catalog, name: str) -> Message:
    """Have a model of one's own answer, a fine-tuned one in the place of the model that it was begun from.

    The hash of its weights is kept with it: what is put into its folder later does not answer.

    Returns
    -------
    What is so now.

    Raises
    ------
    AccessError : the person may not. ModelError : it is not one's own, was never measured, or was altered.
    """
    store.allow(person, "configure")
    card = models.card(name)
    check_switchable(card, models)
    original = card.parent.original if card.parent else ""
    weights = sha256(models.folder_of(card) / WEIGHTS)
    with store.writing(person) as work:
        work.enter(Act("model.switch", object=name, detail={"instead_of": original, "sha256": weights, "in_use": True}))
        line = InUse(name, weights, original, person.subject, work.now.isoformat(timespec="seconds"))
        _write(models, lambda now: now.switched(line))
    if not original:
        return Message("switch.made", {"name": name})
    return Message("switch.instead", {"name": name, "original": original})


def check_switchable(card: Card, models: Catalog) -> None:
    """See that a model is one's own, was measured, and is what was measured.

    Raises
    ------
    ModelError : it is not.
    """
    if not card.own:
        raise ModelError("switch.shipped", name=card.name)
    if card.measured is None or not card.measured.performance:
        raise ModelError("switch.not_compared", name=card.name)
    path = models.folder_of(card) / WEIGHTS
    if not path.is_file() or sha256(path) != card.measured.sha256.get(WEIGHTS):
        raise ModelError("switch.weights", name=card.name)


def switch_back(store: Store, person: Person, models: Catalog, name: str) -> Message:
    """Have a model of one's own answer no more, and what it stood in the place of answer again.

    Parameters
    ----------
    name : of the model of one's own, or of the one in whose place it stands.

    Raises
    ------
    AccessError : the person may not. ModelError : it is not in use.
    """
    store.allow(person, "configure")
    switches = read_switches(models.folder)
    line = switches.of(name) or switches.replacing(name)
    if line is None:
        raise ModelError("switch.not_in_use", name=name)
    with store.writing(person) as work:
        facts: dict[str, Fact | bool | None] = {"instead_of": line.instead_of, "sha256": line.sha256, "in_use": False}
        work.enter(Act("model.switch", object=line.model, detail=facts))
        _write(models, lambda now: now.without(line.model))
    if not line.instead_of:
        return Message("switch.off", {"name": line.model})
    return Message("switch.back", {"name": line.model, "original": line.instead_of})


def _write(models: Catalog, change: Callable[[Switches], Switches]) -> None:
    path = models.folder / FILE
    try:
        write_whole(path, change(read_switches(models.folder)).toml(), mode=0o644)
    except OSError as error:
        raise RecordError(
            "backup.unwritten", folder=str(path), detail=error.strerror or type(error).__name__
        ) from error
