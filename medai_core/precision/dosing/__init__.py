"""How much warfarin to give: published protocols, Bayesian dosing, and a policy that was trained in simulation."""

from medai_core.precision.dosing.advice import SIMULATION, Advice, advise
from medai_core.precision.dosing.arriving import with_inrs
from medai_core.precision.dosing.deciding import Protocol
from medai_core.precision.dosing.forecast import Forecast, Needed
from medai_core.precision.dosing.model import DosingModel
from medai_core.precision.dosing.patient import DoseChange, DrugChange, InrValue, Patient, checked
from medai_core.precision.dosing.reading import open_patient, read_patient

__all__ = [
    "SIMULATION",
    "Advice",
    "DoseChange",
    "DosingModel",
    "DrugChange",
    "Forecast",
    "InrValue",
    "Needed",
    "Patient",
    "Protocol",
    "advise",
    "checked",
    "open_patient",
    "read_patient",
    "with_inrs",
]
