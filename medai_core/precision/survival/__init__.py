"""Survival of one person from history, treatment and expression: curves, what moves them, and people alike."""

from medai_core.precision.survival.answering import Answer, Contribution, Course, answer, answers, what_if
from medai_core.precision.survival.model import BOTH, CLINICAL, EXPRESSION, PARTS, SurvivalModel, load_model, save_model
from medai_core.precision.survival.patients import Patients, open_patients, patients_of, read_patients
from medai_core.precision.survival.sheet import Sheet, sheet

__all__ = [
    "BOTH",
    "CLINICAL",
    "EXPRESSION",
    "PARTS",
    "Answer",
    "Contribution",
    "Course",
    "Patients",
    "Sheet",
    "SurvivalModel",
    "answer",
    "answers",
    "load_model",
    "open_patients",
    "patients_of",
    "read_patients",
    "save_model",
    "sheet",
    "what_if",
]
