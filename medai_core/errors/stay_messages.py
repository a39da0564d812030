"""The sentences about stays that are watched, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

STAY_MESSAGES: dict[str, str] = {
    "model.no_monitor": N_("The model '{name}' does not watch stays. Choose one that does."),
    "model.no_estimator": N_("The model '{name}' has no estimator '{estimator}'. Choose one of: {known}."),
    "stays.outcome": N_("The column '{column}' must say 1 for the event and 0 for none in every row. Mend it."),
    "stays.hour": N_("The column '{column}' must hold the hour of the stay, from 1, in every row. Mend it."),
    "stays.none": N_("No stay has both observations and an outcome. Give files of the same stays."),
    "stays.hours": N_("'{given}' is no list of hours. Give whole numbers from 1 with commas between them: 12,24,48."),
    "stays.too_few": N_(
        "{stays} stays have an outcome, {events} of them with the event. At least {least} and {least_each} with and "
        "without it are needed to measure a model."
    ),
    "stay.outside": N_("No risk at hour {hour}: the model was measured at hours {first} to {last} of a stay only."),
    "stay.early": N_("No risk at hour {hour}: the model was measured from hour {first} of a stay on."),
    "stay.nothing": N_("Nothing was measured: this is what the model says of a stay that it knows nothing of."),
    "stay.old": N_("Nothing was measured since hour {last_hour}."),
    "observation.too_late": N_("An observation arrived too late to change what was said and was not used."),
    "feed.absent": N_("There is no folder {folder} to follow. Create it, or give another one."),
}
"""Every sentence about stays."""
