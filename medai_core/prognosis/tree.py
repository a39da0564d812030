"""A decision tree as it is drawn: what each node asks in the card's words, each leaf's risk, one patient's path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from medai_core.cards import PredictorSpec
from medai_core.prognosis.risk import RiskModel, logistic
from medai_core.prognosis.risk.estimators import Trees


@dataclass(frozen=True)
class Node:
    """One node of a tree.

    Attributes
    ----------
    parent : its place in the tuple; -1 for the root. yes : whether it is reached where the parent's
        question is answered with yes.
    depth : questions before it. place : where it stands across the tree, counted in leaves from 0.
    asks : "at_most" (a number and its ``threshold``), "is" (a category), "known" (whether the predictor
        is known at all); empty for a leaf.
    threshold : in the card's unit. risk : of a leaf, calibrated; None elsewhere.
    on_path : whether the patient comes through it.
    """

    parent: int
    yes: bool
    depth: int
    place: float
    asks: str = ""
    predictor: str = ""
    threshold: float = 0.0
    category: str = ""
    risk: float | None = None
    on_path: bool = False


def drawn_tree(model: RiskModel, row: pd.DataFrame) -> tuple[Node, ...]:
    """The model's one tree, the root first, with the path of the patient in ``row``; empty where it has not one tree.

    A child stands after its parent, and the "yes" of every question first.
    """
    trees = model.estimator
    if not isinstance(trees, Trees) or int((trees.refit == 0).sum()) != 1:
        return ()
    roots = trees.root[trees.refit == 0]
    x = model.encoding.encode(row)
    found: list[Node] = []
    _grow(model, trees, int(roots[0]), Node(-1, True, 0, 0.0, on_path=True), x[0], found)
    return tuple(found)


def _grow(model: RiskModel, trees: Trees, number: int, at: Node, x: np.ndarray, found: list[Node]) -> float:
    """Append the node called ``number`` and all below it; returns where it stands across the tree."""
    here, column = len(found), int(trees.column[number])
    found.append(at)
    if column < 0:
        place = float(sum(node.risk is not None for node in found))
        z = model.scale * (trees.base[0] + trees.value[number]) + model.measured.calibration.offsets[1]
        found[here] = Node(at.parent, at.yes, at.depth, place, risk=float(logistic(z)), on_path=at.on_path)
        return place
    asks, p, category, threshold = _question(model, column, float(trees.threshold[number]))
    goes_left = bool(x[column] <= trees.threshold[number])
    # A column of a category is 1 where it is that one, so "yes" leads right; a number "at most" leads left.
    left_is_yes = asks in ("at_most", "known")
    children = [
        (int(trees.left[number]), left_is_yes, goes_left),
        (int(trees.right[number]), not left_is_yes, not goes_left),
    ]
    places = [
        _grow(model, trees, child, Node(here, yes, at.depth + 1, 0.0, on_path=at.on_path and taken), x, found)
        for child, yes, taken in sorted(children, key=lambda c: not c[1])
    ]
    place = sum(places) / len(places)
    found[here] = Node(at.parent, at.yes, at.depth, place, asks, p.name, threshold, category, None, at.on_path)
    return place


def _question(model: RiskModel, column: int, threshold: float) -> tuple[str, PredictorSpec, str, float]:
    """What a node asks of an encoded column."""
    encoding = model.encoding
    owner = int(encoding.owner[column])
    p, offset = encoding.predictors[owner], column - int(np.flatnonzero(encoding.owner == owner)[0])
    if p.kind == "number":
        return ("at_most", p, "", threshold) if offset == 0 else ("known", p, "", 0.0)
    return ("is", p, p.categories[offset].name, 0.0) if offset < len(p.categories) else ("known", p, "", 0.0)


def path(nodes: tuple[Node, ...]) -> tuple[tuple[Node, bool], ...]:
    """The questions that the patient is asked, each with whether the answer is yes."""
    taken = {node.parent: node.yes for node in nodes if node.on_path}
    return tuple((node, taken[i]) for i, node in enumerate(nodes) if node.on_path and node.risk is None)
