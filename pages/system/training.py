"""A model fitted further on one's own images, and what that changed before it may answer."""

from medai_core.errors import MedAIError
from ui import results, training
from ui.frame import frame
from ui.language import _

frame(
    _("Training"),
    _("Fit a model further on your own labelled images, and see what that changed before it may answer."),
    needs="configure",
)

try:
    training.watch()
    training.ask()
    training.compare()
except MedAIError as error:
    results.problem(error)
