"""A model that doses: the policy as it is served, with all that the regimens know of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medai_core.cards import Card
from medai_core.cards.dosing import Dosed, DosingSpec
from medai_core.errors import ModelError
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.people import Ints
from medai_core.precision.dosing.policy import Trained
from medai_core.precision.dosing.regimens import REGIMENS, Doser, Regimen
from medai_core.precision.pharmacology import Floats
from medai_core.runtime import Network


@dataclass(frozen=True, eq=False)
class DosingModel:
    """The policy of a card, and the regimens that it was compared with.

    Attributes
    ----------
    network : from ``observation`` to ``log_share`` and ``visit``.
    """

    card: Card
    network: Network

    @property
    def spec(self) -> DosingSpec:
        """How the drug is dosed, and within which limits."""
        assert self.card.dosing is not None
        return self.card.dosing

    @property
    def dosed(self) -> Dosed:
        """What was found out about people who take the drug."""
        assert self.card.measured is not None and self.card.measured.dosed is not None
        return self.card.measured.dosed

    @property
    def policies(self) -> tuple[str, ...]:
        """The names of all regimens, the card's own last."""
        return (*REGIMENS, self.card.name)

    def regimen(self, name: str) -> Regimen:
        """The regimen called ``name``.

        Raises
        ------
        ModelError : there is none of that name.
        """
        if name == self.card.name:
            return self._trained
        if name not in REGIMENS:
            raise ModelError("dosing.policy", name=name, known=", ".join(self.policies))
        return REGIMENS[name]

    def answer(self, X: NDArray[np.float32]) -> tuple[Floats, Ints]:
        """What the network says of observations, (m, features): logarithms of doses over the typical, and visits."""
        said = self.network(observation=X)
        return said["log_share"][:, 0].astype(np.float64), said["visit"].argmax(axis=1)

    def _trained(self, chart: Chart, spec: DosingSpec, dosed: Dosed) -> Doser:
        return Trained(chart, spec, dosed, self.answer)
