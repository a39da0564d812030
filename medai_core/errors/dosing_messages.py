"""The sentences about doses, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

DOSING_MESSAGES: dict[str, str] = {
    "dosing.simulation": N_("Simulation, not a prescription."),
    "dosing.alternative": N_(
        "Bayesian dosing says {dose_mg} mg a day. Of {n} virtual patients with every parameter off by up to 30 %, "
        "{theirs} had an INR above 4 on any day under it, and {ours} under the trained policy."
    ),
    "model.no_dosing": N_("The model '{name}' does not dose a drug. Choose one that does."),
    "dosing.none": N_("No model that doses has been trained. Run the recipe of one."),
    "dosing.evaluate": N_("The model '{name}' doses a drug. Measure it on virtual patients with simulate."),
    "dosing.policy": N_("There is no policy '{name}'. Choose one of: {known}."),
    "dosing.patients": N_("{n} patients cannot be simulated. Give a whole number from 1 to {most}."),
    # A patient who cannot be read
    "dosing.file": N_("The file is no patient: {detail}. Give JSON with the fields {known}, or a CSV of one row."),
    "dosing.field": N_("'{field}' is no field of a patient. Use only: {known}."),
    "dosing.rows": N_("The table has {rows} rows, and one patient is needed. Keep one row."),
    "dosing.missing": N_("The patient has no {field}. Add it."),
    "dosing.value": N_("{field} is '{value}'. Needed is {expected}."),
    "dosing.number": N_("a number from {low} to {high}"),
    "dosing.whole": N_("a whole number from {low} to {high}"),
    "dosing.drug": N_("one of: {known}"),
    "dosing.list": N_("day and value, as 0:5; 7:6 in a table or as objects with day and value in JSON"),
    "dosing.days": N_("days as 9; 12-20"),
    "dosing.date": N_("a date as 2025-03-01"),
    "dosing.day": N_("{field} names day {day}, and the days go from 0 to {today}. Correct the day."),
    "dosing.twice": N_("{field} names day {day} twice. Keep one value."),
    "dosing.no_first_dose": N_("No dose stands on day {day}, the first day, though later days are told of. Add it."),
    "dosing.no_date": N_(
        "The INRs have dates, and it is not known when the first dose was taken. Give the patient's 'began' as "
        "2025-03-01."
    ),
    "dosing.people": N_("The file tells of {n} people, and one patient is needed. Give one of them only."),
    "dosing.other_patient": N_(
        "The file is of the patient '{found}', and this one is '{own}'. Give a file of this patient, or correct the id."
    ),
    "dosing.no_inr": N_("The file holds no INR that can be used. {detail}"),
    "dosing.before": N_("All of them were measured before the first dose."),
    # What bound a dose
    "limit.largest": N_("No dose may be above {limit_mg} mg a day."),
    "limit.first": N_("A first dose may not be above {limit_mg} mg a day."),
    "limit.rise": N_("A dose may rise to {limit_mg} mg a day at this visit and no further."),
    "limit.fall": N_("A dose may fall to {limit_mg} mg a day at this visit and no further."),
    "limit.high_inr": N_("No dose is raised while the INR is above {high_inr}."),
    "limit.none": N_("The policy gave no number, so the last dose stays."),
    "limit.start_high": N_("No course is begun while the INR is above {high_inr}."),
    "limit.unsettled": N_("No dose is raised until the INR of {inr} on day {day} was measured again."),
    "limit.again": N_(
        "After an INR above {high_inr} and a pause, the drug is taken again with no more than the {limit_mg} mg a day "
        "before it."
    ),
    # Why
    "reason.first": N_("The first dose, from age, size, genotypes and other drugs: no INR is known yet."),
    "reason.kept": N_("No INR is known since the last change of dose, so the dose stays."),
    "reason.raised": N_(
        "The INR was {inr} on day {day}, so the dose is raised. Bayesian estimate: about {needed_mg} mg a day would "
        "lead to {target}."
    ),
    "reason.lowered": N_(
        "The INR was {inr} on day {day}, so the dose is lowered. Bayesian estimate: about {needed_mg} mg a day would "
        "lead to {target}."
    ),
    "reason.unchanged": N_(
        "The INR was {inr} on day {day}, and the dose stays. Bayesian estimate: about {needed_mg} mg a day would lead "
        "to {target}."
    ),
    "reason.held": N_("The INR was {inr}: leave the drug out for {days} days, then take the dose."),
    "reason.start_high": N_(
        "The INR was {inr} on day {day}, before a dose: none is given. Find out why, and measure again."
    ),
    "reason.doubted": N_(
        "The INR of {inr} on day {day} does not fit those before, so no new dose is found from it: measure again "
        "tomorrow."
    ),
    "reason.again": N_("No dose was taken for {days} days, so the drug is begun as on a first day."),
    # What is spoken of
    "drug.amiodarone": N_("Amiodarone"),
    "drug.inducer": N_("An enzyme inducer"),
    "field.height": N_("The height"),
    "field.weight": N_("The weight"),
    # Warnings
    "warning.genotype": N_("{gene} is not known: what is usual in people like this one is assumed, with more doubt."),
    "warning.size": N_("{field} is not known: {value} is assumed, which is usual in people like this one."),
    "warning.race": N_("Race is not known: the equations have a term for that."),
    "warning.jump": N_(
        "The INR of {inr} on day {day} cannot follow {before} on day {before_day}: between {low} and {high} was "
        "possible. It is not used. Measure again."
    ),
    "warning.surprise": N_(
        "The INR of {inr} on day {day} is far from what was expected ({low} to {high}). Ask for missed doses, other "
        "drugs, illness and diet, and measure again soon."
    ),
    "warning.missed": N_("{count} missed doses are taken into account. Never take two doses to make up for one."),
    "warning.drug_started": N_(
        "{drug} was started on day {day}: its effect grows over weeks, so measure the INR every week."
    ),
    "warning.drug_stopped": N_(
        "{drug} was stopped on day {day}: its effect fades over weeks, so measure the INR every week."
    ),
    "warning.very_high": N_(
        "An INR of {inr} is dangerous. Follow the local guideline for reversal now; no dose is to be taken."
    ),
    "warning.high_before": N_(
        "The INR before the first dose was {inr}. Is the patient anticoagulated already, or is the liver ill? Find out "
        "before a dose is given."
    ),
    "warning.policy_days": N_(
        "The trained policy learnt the first {days} days of a course and does not answer after them: the dose is that "
        "of Bayesian dosing."
    ),
    "warning.policy_again": N_(
        "The trained policy did not learn to begin again after a pause, so it does not answer: the dose is that of "
        "Bayesian dosing."
    ),
    "warning.late": N_("The last INR is {days} days old. Measure it."),
    "warning.stopped": N_("No dose was taken for {days} days: begin again as on a first day if it is to go on."),
}
"""Every sentence about doses."""
