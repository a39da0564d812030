"""Who did what, when and to whom; verified and taken away."""

from medai_core.errors import MedAIError
from ui import results
from ui.frame import frame
from ui.language import _
from ui.record import activity

frame(_("Activity"), _("Every entry carries a signature over itself and the one before it."), needs="audit")

try:
    activity.verification()
    activity.entries(activity.ask())
    activity.keeping()
except MedAIError as error:
    results.problem(error)
