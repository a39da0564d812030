"""Patients as the model expects them to be, carried along with the real ones through the same doses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medai_core.cards.dosing import Dosed
from medai_core.precision.dosing.chart import Chart
from medai_core.precision.dosing.people import Ints, interaction, typical
from medai_core.precision.pharmacology import (
    PUBLISHED,
    Amounts,
    Bodies,
    Floats,
    Parameters,
    inr,
    next_day,
    steady_dose,
    untreated,
)


class Twins:
    """For each patient of a chart as many likenesses as there are ``shifts``: more or less of a typical one.

    Parameters
    ----------
    shifts : (k, 2), by how many standard deviations the logarithms of clearance and sensitivity are off.

    Attributes
    ----------
    steady_mg : (n, k), the dose that would hold each at the target INR, without interacting drugs.
    clearance_sd, ec50_sd : (n,), how far each may be from the typical one, of the logarithm.
    """

    def __init__(
        self,
        chart: Chart,
        dosed: Dosed,
        shifts: Floats,
        target_inr: float,
        parameters: Parameters = PUBLISHED,
    ) -> None:
        expected = typical(chart.people, dosed, parameters)
        n, k = len(chart), len(shifts)
        rows = np.repeat(np.arange(n), k)
        clearance = np.exp(expected.clearance_sd[:, None] * shifts[:, 0]).ravel()
        half = np.exp(expected.ec50_sd[:, None] * shifts[:, 1]).ravel()
        own = expected.bodies.chosen(rows)
        self._bodies = replace(
            own, clearance_l_per_h=own.clearance_l_per_h * clearance, ec50_mg_per_l=own.ec50_mg_per_l * half
        )
        self._dosed, self._amounts, self._k = dosed, untreated(n * k), k
        self.clearance_sd, self.ec50_sd = expected.clearance_sd, expected.ec50_sd
        self._log_drugs = np.log(interaction(chart.people, dosed))
        self.steady_mg: Floats = steady_dose(self._bodies, target_inr).reshape(n, k)

    @property
    def drugs(self) -> Floats:
        """By what the interacting drugs multiply the clearance today, (n,)."""
        return np.asarray(np.exp(self._log_drugs))

    @property
    def inr(self) -> Floats:
        """The INR of each today, (n, k)."""
        return inr(self._bodies, self._amounts).reshape(-1, self._k)

    def pass_day(self, chart: Chart) -> None:
        """The day that the chart has just passed."""
        now = np.log(interaction(chart.people, self._dosed))
        self._log_drugs += (now - self._log_drugs) * (1 - np.exp(-1 / self._dosed.variability.interaction_days))
        dose = np.repeat(chart.taken_mg[:, chart.day - 1], self._k)
        self._amounts = next_day(self._bodies, self._amounts, dose, np.repeat(self.drugs, self._k))

    def of(self, row: int) -> tuple[Bodies, Amounts]:
        """The likenesses of one patient as they are now: their bodies and what is in them."""
        rows: Ints = np.arange(row * self._k, (row + 1) * self._k)
        return self._bodies.chosen(rows), self._amounts.chosen(rows)
