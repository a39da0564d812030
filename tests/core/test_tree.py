"""The tree that is drawn is the tree that decides, and the path in it is the patient's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from medai_core.cards import Card
from medai_core.prognosis.risk import estimate
from medai_core.prognosis.tree import Node, drawn_tree, path
from tests.risks import MODELS, SHIPPED, Row, patients, table

TREES = [card for card in SHIPPED if card.prediction and card.prediction.estimator == "tree"]
every_tree = pytest.mark.parametrize("card", TREES, ids=lambda card: card.name)


def answered(card: Card, node: Node, person: Row) -> bool | None:
    """What a reader answers to a node's question from what is known of the patient; None where that is unknown."""
    value = person.get(node.predictor)
    if node.asks == "known":
        return value is not None
    if value is None:
        return None
    return value <= node.threshold if isinstance(value, float) else value == node.category


@every_tree
def test_following_the_drawn_questions_by_hand_leads_to_the_risk_that_the_model_gives(card: Card) -> None:
    model = MODELS.risk_model(card)

    @given(patients(card))
    @settings(derandomize=True, max_examples=25, deadline=None)
    def holds(person: Row) -> None:
        row = table(card, person)
        nodes = drawn_tree(model, row)
        for node, yes in path(nodes):
            assert answered(card, node, person) in (None, yes)
        (leaf,) = [node for node in nodes if node.on_path and node.risk is not None]
        assert leaf.risk == pytest.approx(float(estimate(model, row).risk[0]), abs=1e-12)

    holds()


@every_tree
def test_the_drawing_is_a_tree_whose_leaves_stand_side_by_side(card: Card) -> None:
    nodes = drawn_tree(MODELS.risk_model(card), table(card, {}))
    leaves = [node for node in nodes if node.risk is not None]
    assert [node.place for node in leaves] == list(range(len(leaves)))
    assert len(nodes) == 2 * len(leaves) - 1
    for i, node in enumerate(nodes[1:], start=1):
        assert node.parent < i
        assert node.depth == nodes[node.parent].depth + 1
        assert node.on_path <= nodes[node.parent].on_path
    for i, node in enumerate(nodes):
        children = [child for child in nodes if child.parent == i]
        assert [child.yes for child in children] == ([True, False] if node.risk is None else [])
        assert bool(node.predictor) == (node.risk is None)


@pytest.mark.parametrize("card", [c for c in SHIPPED if c not in TREES], ids=lambda card: card.name)
def test_what_is_not_one_tree_is_not_drawn_as_one(card: Card) -> None:
    assert drawn_tree(MODELS.risk_model(card), table(card, {})) == ()
