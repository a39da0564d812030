"""Who waits, the most urgent first; out: the way to each patient."""

from medai_core.errors import MedAIError
from ui import results
from ui.frame import frame
from ui.language import _
from ui.record import worklist

frame(_("Worklist"), _("Patients with unread results, the most urgent first."))

try:
    worklist.begin()
    worklist.demo()
    asked = worklist.ask()
    worklist.table(asked, worklist.find(asked))
except MedAIError as error:
    results.problem(error)
