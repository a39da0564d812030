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
    # A model from elsewhere
    "add.format": N_(
        "{file} is no Keras 3 file. Save the model as .keras with Keras 3; .h5 and SavedModel are not read, "
        "since they can hold code."
    ),
    "add.too_large": N_("{file} is larger than {limit_mb} MB, packed or unpacked, and is not read."),
    "add.part": N_(
        "The model is made with '{part}', which is none of the layers that only compute and so are read here. "
        "Save it without: preprocessing, custom layers and Lambda do not belong into the file."
    ),
    "add.units": N_("'{part}' in the model has a size above {most}, which is not built here."),
    "add.unreadable": N_(
        "{file} cannot be built by Keras ({detail}). Save it again with Keras 3, without custom code."
    ),
    "add.ends": N_("{file} must take one image and return one list of classes, and does not."),
    "add.input": N_(
        "The network takes images of {found} (rows x columns x channels) and its card says {needed}. Correct the card."
    ),
    "add.classes": N_("The network returns {found} values and its card names {needed} findings. Correct the card."),
    "add.numbers": N_("The network returns something that is no number. It is damaged, or was saved half trained."),
    "add.constant": N_("The network answers the same to every image. It is not trained, or damaged."),
    "add.card": N_("The card {file} cannot be read: {detail}."),
    "add.task": N_(
        "The card is of a model for '{task}'. Only models for 'classification' of one image are added, without a "
        "region, a unit or predictors."
    ),
    "add.kinds": N_("The card names the kinds of image {found} in [input] kinds. Name one or more of: {known}."),
    "add.size": N_(
        "The card says [input] size {size} and channels {channels}. Give rows and columns of {least} to {most}, and "
        "1 or 3 channels."
    ),
    "add.findings": N_("The card names {count} findings. Name two or more, each once, in the network's order."),
    "add.done": N_(
        "The model '{name}' is there and not in use. Look at it, and switch with "
        "`python -m medai_core switch {name} --seen`."
    ),
    "add.unmeasured": N_(
        "The model '{name}' is there. It was not measured, so it is not asked and cannot be switched to: "
        "add it again with --manifest."
    ),
    "add.unchecked_words": N_(
        "Not checked: the words of the card. For what and on whom it is, and its licence, are as they were given."
    ),
    "add.unchecked_training": N_(
        "Not checked: which images it was trained on. If some of them are in the manifest, it looks better than it is."
    ),
    "add.unchecked_foreign": N_("Not checked: whether it refuses images of other kinds by itself."),
    "add.unchecked_performance": N_("Not checked: how good it is, and whether its probabilities mean what they say."),
    "add.unchecked_range": N_(
        "Not checked: whether it expects grey levels from 0 to 1, which it is given. "
        "Any other scale must be a layer of it."
    ),
    "add.unchecked_order": N_("Not checked: whether its outputs are in the order of the card's findings."),
    "add.unchecked_limits": N_("Not checked: how far from its training images an input may lie."),
    "add.flat_evidence": N_(
        "Not available: an evidence map. The network does not end in averaged maps and one dense layer, "
        "so its map is the same everywhere."
    ),
    "add.short_features": N_(
        "Only in part available: telling an unlike image. The network shows no short list of features, "
        "so its logits stand for them."
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
    "train.nothing_learnt": N_(
        "No epoch was better on the validation part than the parent's own weights, so they were kept: "
        "only calibration, thresholds and limits are new."
    ),
    "train.progress": N_("The progress cannot be written to {file}: there is no such folder. Choose another file."),
    "train.epochs": N_("{found} epochs were asked for. Ask for 1 to {most}."),
}
"""Every sentence by its id."""
