"""The sentences about people, the record and the audit, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

RECORD_MESSAGES: dict[str, str] = {
    # People, and what they may do
    "access.nobody": N_("Nobody is signed in. Sign in first."),
    "access.role": N_("The role '{role}' may not do this; '{needed}' or more is needed. Ask an administrator."),
    "access.no_role": N_(
        "You are signed in, but your account has no role here. Ask an administrator to be made a reader or a clinician."
    ),
    "access.idle": N_("You were signed out because MedAI was not used for {minutes} minutes. Sign in again."),
    "access.ended": N_("This sign-in has ended. Sign in again."),
    "access.idle_minutes": N_("MEDAI_IDLE_MINUTES is '{found}'. Give a number of minutes above 0, at most 1440."),
    "access.exposed": N_(
        "At the address {address} other computers could open MedAI, and nobody would have to sign in. "
        "Set sign-in up as the README says under 'Who may use it', or start it at 127.0.0.1."
    ),
    "access.started": N_("MedAI: http://{address}:{port} (research use; Ctrl+C stops it)"),
    "access.secrets": N_("The settings of the sign-in in {file} cannot be read. Mend the file; it must be valid TOML."),
    "access.settings": N_("The sign-in has no {missing} among its settings. Add it to [auth] in secrets.toml."),
    "access.cookie_secret": N_(
        "The cookie_secret of the sign-in is shorter than {fewest} signs, so it could be guessed. Draw a longer one."
    ),
    "role.reader": N_("reader"),
    "role.clinician": N_("clinician"),
    "role.administrator": N_("administrator"),
    # The record
    "record.folder": N_("The data folder {folder} cannot be used: {detail}. Set MEDAI_DATA to one that can."),
    "record.database": N_("The database {where} cannot be used: {detail}. Check that it runs and who may use it."),
    "record.url": N_("MEDAI_DATABASE_URL is of the kind '{scheme}'. Give one that begins with postgresql://."),
    "record.newer": N_("The record is of a newer version ({found}) than this program. Install the newer program."),
    "record.no_patient": N_("There is no such patient in the record. The patient may have been deleted."),
    "record.no_result": N_("There is no such result in the record. It may have been deleted with its patient."),
    "record.name": N_("The name is empty. Give the patient a name."),
    "field.name": N_("name"),
    "field.number": N_("number"),
    "record.long": N_("The {field} is longer than {limit} signs. Shorten it."),
    "record.birth_date": N_("The birth date {date} lies in the future. Correct it."),
    "record.date": N_("'{found}' is no date. Write it as year-month-day, such as 1958-08-09."),
    "record.sex": N_("The sex is '{found}'; DICOM knows F, M and O. Choose one of them or leave it empty."),
    "record.number_taken": N_("Another patient has the number {number} already. Open that patient, or correct it."),
    "record.changed": N_(
        "{who} changed this patient at {time} UTC, after you opened it. Look at the new details and change them again."
    ),
    "record.retained": N_("This patient must be kept until {date}. Set another date first, or wait."),
    "record.why": N_("Say why you disagree, so that others can learn from it."),
    "record.file": N_("The stored file of this scan is absent or altered, so it cannot be shown. Restore a backup."),
    "record.full": N_("The scan cannot be stored: {detail}. Nothing was filed; make room and file it again."),
    "record.not_reread": N_("The readings are not of this file. Read the scan again and file it then."),
    "filing.conflict": N_(
        "The file is of another patient than the open one: {differences}. Nothing was filed; choose the right patient."
    ),
    "filing.number": N_("number '{stated}' in the file, '{known}' in the record"),
    "filing.name": N_("name '{stated}' in the file, '{known}' in the record"),
    "filing.birth_date": N_("birth date {stated} in the file, {known} in the record"),
    "filing.elsewhere": N_("This very file is filed to another patient. Nothing was filed; choose the right patient."),
    "filing.study": N_("Its study is filed to another patient. Nothing was filed; choose the right patient."),
    "vital.unknown": N_("'{found}' is no vital sign that is known here. Choose one of: {known}."),
    "vital.range": N_("{parameter} {value} {unit} is outside the plausible {low} to {high} {unit}. Correct it."),
    "vital.future": N_("The time lies in the future. Correct it."),
    "backup.exists": N_("{folder} is not empty. Name a folder that is not there yet."),
    "backup.none": N_("{folder} is no backup of a record: {detail}. Name a folder that `backup` wrote."),
    "backup.damaged": N_("{file} in the backup is absent or altered. Use another backup."),
    "backup.record": N_("There is a record already, with patients in it. Restore into an empty data folder."),
    "backup.unwritten": N_("{folder} cannot be written: {detail}. Choose another place."),
    # The audit
    "audit.altered": N_("Entry {number} was altered: its signature does not fit its words."),
    "audit.moved": N_("Entry {number} does not follow the entry before it: one was moved, removed or put in."),
    "audit.gap": N_("Entry {number} is missing; entry {found} stands in its place."),
    "audit.cut": N_("Entry {number} and those after it are missing: the record had reached entry {head}."),
    "audit.no_head": N_("The signed head of the audit is absent or altered, so a cut tail would not show."),
}
