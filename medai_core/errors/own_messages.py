"""The sentences about models of one's own: fine-tuned, added, compared, switched to."""

from __future__ import annotations

from medai_core.errors.marking import N_

OWN_MESSAGES: dict[str, str] = {
    # Parts of a manifest, as they stand in sentences
    "part.all": N_("the whole manifest"),
    "part.train": N_("the part to learn from (train)"),
    "part.validation": N_("the part to choose by (validation)"),
    "part.test": N_("the part to measure on (test)"),
    # A manifest to train on
    "manifest.row": N_("row {row}: {found}"),
    "manifest.more_rows": N_("and {count} more"),
    "manifest.rows_label": N_("{count} rows have a label that the model does not know ({rows}). It knows {known}."),
    "manifest.rows_group": N_(
        "{count} rows have no group ({rows}). Say in it which patient each image is of, so that none is on both sides."
    ),
    "manifest.rows_outside": N_(
        "{count} rows name a file outside the manifest's folder ({rows}). Put the files beside or below the manifest."
    ),
    "manifest.rows_file": N_("{count} rows name a file that is not there ({rows}). Correct or remove them."),
    "manifest.rows_split": N_("{count} rows have a split that is not known ({rows}). Use one of: {known}."),
    "manifest.rows_across": N_(
        "{count} rows are of groups that stand on more than one side ({rows}). Keep each patient's images in one part."
    ),
    "manifest.rows_unread": N_("{count} rows name a file that cannot be read as an image ({rows})."),
    "manifest.rows_twice": N_(
        "{count} rows show an image that stands on another side too ({rows}). Keep it in one part only."
    ),
    "manifest.too_many": N_("The manifest has {count} rows and at most {most} are trained on. Choose some of them."),
    "manifest.one_class": N_(
        "All {count} images of {part} have the label '{label}' ({rows}). Each part needs images of every class."
    ),
    "manifest.shortage": N_("{found} of '{label}' in {part}"),
    "manifest.too_few": N_(
        "At least {fewest} images of each class are needed in each part, from several patients; "
        "there are {shortages}. Add images, or divide them otherwise by a column 'split'."
    ),
    # Training
    "train.model": N_(
        "The model '{name}' cannot be fine-tuned: only models can that name what one image shows, and that came with "
        "a network to train further. Choose one of: {known}."
    ),
    "train.name": N_(
        "'{found}' is no name for a model. Use 3 to 60 small letters, digits and _, beginning with a letter."
    ),
    "train.taken": N_("There is a model named '{name}' already. Choose another name."),
    "train.folder": N_("The folder {folder} cannot be written: {detail}. Choose another with --out."),
    "train.running": N_("A training is running already. Wait until it has ended, or stop it."),
    "train.no_manifest": N_(
        "There is no file {path} on the machine that runs MedAI. Give the whole path of a manifest that lies there."
    ),
    "train.stopped": N_("The training was stopped. Nothing of it is left."),
    "train.parity": N_(
        "The exported network does not answer as the trained one: they differ by up to {difference:.3g}. "
        "Nothing was kept; report this model."
    ),
    "train.unread": N_("{count} images could not be read while the models were measured: {detail} Nothing was kept."),
    "train.done": N_(
        "The model '{name}' is there and not in use: {parent} answers as before. "
        "Compare them, and switch with `python -m medai_core switch {name} --seen`."
    ),
    # Switching
    "switch.shipped": N_("The model '{name}' answers anyway, unless one of your own stands in its place."),
    "switch.not_compared": N_(
        "The model '{name}' was not measured, so nobody can know what switching to it would change. "
        "Add it with a manifest of labelled images."
    ),
    "switch.weights": N_(
        "The weights of the model '{name}' are not those that were compared. Train or add it again under another name."
    ),
    "switch.unseen": N_("Nothing was changed. Look at the comparison above, then say --seen."),
    "switch.made": N_("'{name}' answers now."),
    "switch.instead": N_("'{name}' answers now in the place of '{original}'."),
    "switch.back": N_("'{name}' is not in use any more. '{original}' answers again."),
    "switch.off": N_("'{name}' is not in use any more."),
    "switch.not_in_use": N_("The model '{name}' is not in use."),
    "train.epochs": N_("{found} epochs were asked for. Ask for 1 to {most}."),
}
"""Every sentence by its id."""
