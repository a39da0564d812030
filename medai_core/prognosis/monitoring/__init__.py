"""A stay watched hour by hour: its risk, what drives it, what changed, what is missing, and when it raises an alarm."""

from medai_core.prognosis.monitoring.answering import Answers, answer
from medai_core.prognosis.monitoring.feed import Feed, Polled
from medai_core.prognosis.monitoring.following import Ward
from medai_core.prognosis.monitoring.hours import Hours, by_hour
from medai_core.prognosis.monitoring.model import ENSEMBLE, ESTIMATORS, MonitorModel, load_model
from medai_core.prognosis.monitoring.stay import Followed, Point
from medai_core.prognosis.monitoring.watching import Course, watch

__all__ = [
    "ENSEMBLE",
    "ESTIMATORS",
    "Answers",
    "Course",
    "Feed",
    "Followed",
    "Hours",
    "MonitorModel",
    "Point",
    "Polled",
    "Ward",
    "answer",
    "by_hour",
    "load_model",
    "watch",
]
