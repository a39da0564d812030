"""The sentences about survival from history, treatment and expression, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

SURVIVAL_MESSAGES: dict[str, str] = {
    "model.no_survival": N_("The model '{name}' does not tell survival. Choose one that does."),
    # A file that cannot be used
    "survival.nothing": N_(
        "The file has no column that the model asks, such as {needed}, and no gene that it weighs, such as {genes}. "
        "Name the columns so."
    ),
    "survival.too_few": N_(
        "{n} patients have survival told and an outcome, {events} of them died. At least {least} and {least_events} "
        "are needed to measure a model."
    ),
    # Why somebody is refused
    "survival.outside": N_(
        "{predictor} {value}: only {low} to {high} {unit} was seen in the cohort, so no survival is told. "
        "Correct it if it is wrong."
    ),
    "survival.outside_count": N_(
        "{predictor} {value}: only {low} to {high} was seen in the cohort, so no survival is told. "
        "Correct it if it is wrong."
    ),
    "survival.unreadable": N_("{predictor} '{value}' cannot be read. Give one of: {known}."),
    "survival.missing": N_("{predictors} must be known to tell survival from history. Add what is missing."),
    "survival.no_genes": N_("The file has no gene that the model weighs."),
    "survival.genes_few": N_(
        "{known} of the {genes} genes are known, with {share} % of the weight, and {needed} % is needed. "
        "Give more of them, by probe, symbol or Entrez id."
    ),
    "survival.scale": N_(
        "The values are of another scale: spread {spread} times as in the cohort and shifted by {shift} standard "
        "deviations, where {low} to {high} and {most} at most are expected. Give them as {scale}."
    ),
    # What stands beside an answer
    "survival.clinical_alone": N_("Expression was not used: {reason} This is survival by history and treatment alone."),
    "survival.expression_alone": N_("History was not used: {reason} This is survival by expression alone."),
    "survival.genes_missing": N_(
        "{missing} of {genes} genes are not known and stand at the cohort's mean; the others carry {share} % of the "
        "weight."
    ),
    "survival.adds_nothing": N_(
        "In cross-validation it was not shown that expression adds anything to history and treatment."
    ),
    "survival.adds_nothing_among": N_(
        "{predictor}, {category}: among the {n} people of the cohort treated so, it was not shown that expression adds "
        "anything to history and treatment."
    ),
    "survival.gain_unknown": N_(
        "{predictor}, {category}: too few people of the cohort were treated so to tell whether expression adds "
        "anything among them."
    ),
    # What is asked in vain
    "survival.treatment_what_if": N_(
        "What another treatment would do cannot be told: doctors chose the treatments in this cohort, and the model "
        "knows only who received what. See the treatment sheet, and trials."
    ),
    "survival.no_predictor": N_("The model does not ask '{name}'. Change one of: {known}."),
    "survival.what_if_value": N_("{predictor} cannot be {value}. Needed is {expected}."),
    # The treatment sheet
    "survival.no_trial": N_(
        "This is not a trial. Doctors chose the treatments, more of it for those they feared for, so a difference "
        "between rows is no effect of treatment. It must not decide a treatment."
    ),
    "survival.old_treatment": N_(
        "The women were treated from 1984 to 1995, with the drugs of that time; few received hormonal therapy."
    ),
    "survival.hidden": N_("Treatments that fewer than 10 of these people received are named without numbers."),
    "survival.no_sheet": N_("There is no treatment sheet without a history, since people alike are found by it."),
    "survival.no_stratum": N_("There is no treatment sheet: fewer than 10 people of the cohort were like this one."),
}
"""Every sentence about survival."""
