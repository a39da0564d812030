"""The sentences of monitoring: what is wrong with a file of observations, and what of it was not used."""

from __future__ import annotations

from medai_core.errors.marking import N_

MONITORING_MESSAGES: dict[str, str] = {
    # A file that cannot be used
    "observation.no_time": N_(
        "The table has the columns {columns} and none that says when. Name one minute, hour, time or timestamp."
    ),
    "observation.no_stay": N_(
        "The table has the columns {columns} and none that says whose a row is. Name one stay or patient."
    ),
    "observation.no_parameter": N_(
        "None of the columns {columns} is known as what the model asks. Name them so: {needed}; "
        "or give each row a parameter and a value."
    ),
    "observation.time_unit": N_(
        "The column '{column}' holds numbers such as {value} and does not say what they count. "
        "Name it minute or hour, or write times as 2025-03-01T08:00."
    ),
    "observation.resource": N_(
        "The JSON is '{found}', and a FHIR R4 Bundle or Observations are needed. Export the observations as one."
    ),
    "observation.message": N_(
        "Message {number} of the file cannot be read as HL7 version 2: it is damaged or cut short. Export it again."
    ),
    "observation.message_type": N_(
        "Message {number} of the file is {found}, and ORU^R01 is needed, which reports observations. Export only those."
    ),
    "observation.nothing": N_("The file holds no observation of anybody. Export the observations again."),
    # A range, as it stands in a sentence
    "observation.range": N_("{low} to {high} {unit}"),
    "observation.range_count": N_("{low} to {high}"),
    # What was not used: one value
    "observation.unreadable": N_("{parameter}: '{value}' was not used. Needed is {expected}."),
    "observation.unit": N_(
        "{parameter}: {value} was not used, as nothing leads from its unit to {unit}. Give it in {unit}."
    ),
    "observation.implausible": N_("{parameter}: {value} is outside {range} and was not used. Correct it."),
    "observation.sampled": N_("{parameter}: a waveform was not used. Give single values."),
    "observation.stay": N_("{parameter}: {value} was not used, as its row names no stay. Add it."),
    "observation.time": N_(
        "{parameter}: {value} was not used, as its time cannot be read. Write it as 2025-03-01T08:00."
    ),
    "observation.future": N_(
        "{parameter}: {value} was not used, as its time lies in the future. Check the clock that it comes from."
    ),
    "observation.withdrawn": N_("{parameter}: {value} was withdrawn by its source."),
    "observation.contradicted": N_("{parameter}: {value} was replaced by another value of the same time."),
    # What was not used: several values of a stay
    "observation.unreadable_many": N_(
        "{parameter}: {count} values that cannot be read were not used, the last '{value}'. Needed is {expected}."
    ),
    "observation.unit_many": N_(
        "{parameter}: {count} values whose units do not lead to {unit} were not used, the last {value}. "
        "Give them in {unit}."
    ),
    "observation.implausible_many": N_(
        "{parameter}: {count} values outside {range} were not used, the last {value}. Correct them."
    ),
    "observation.sampled_many": N_("{parameter}: {count} waveforms were not used. Give single values."),
    "observation.stay_many": N_(
        "{parameter}: {count} values in rows that name no stay were not used, the last {value}. Add the stay."
    ),
    "observation.time_many": N_(
        "{parameter}: {count} values whose time cannot be read were not used, the last {value}. "
        "Write times as 2025-03-01T08:00."
    ),
    "observation.future_many": N_(
        "{parameter}: {count} values with a time in the future were not used, the last {value}. "
        "Check the clock that they come from."
    ),
    "observation.withdrawn_many": N_("{parameter}: {count} values were withdrawn by their source, the last {value}."),
    "observation.contradicted_many": N_(
        "{parameter}: {count} values were replaced by another value of the same time, the last {value}."
    ),
}
"""By their ids; see ``errors.MESSAGES``."""
