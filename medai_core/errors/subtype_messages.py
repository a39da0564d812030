"""The sentences about subtypes in gene expression, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

SUBTYPE_MESSAGES: dict[str, str] = {
    # A cohort that cannot be grouped
    "genomics.few_samples": N_(
        "The matrix has {found} samples, and at least {needed} are needed to find groups that hold. Add samples."
    ),
    "genomics.nothing_varies": N_(
        "Fewer than two of the {genes} genes differ between samples, so there is nothing to group. Check the file."
    ),
    "genomics.k": N_("{found} groups cannot be tried on these samples. Ask for {least} to {most}, or for auto."),
    "genomics.k_word": N_("'{given}' is no number of groups. Give a whole number, or auto."),
    "genomics.survival_word": N_(
        "'{given}' is not two columns. Give that of the time and that of the event: TIME,EVENT."
    ),
    "genomics.no_column": N_("There is no column '{column}' beside the expression. Known are: {columns}."),
    "genomics.no_survival": N_("No sample has both a time in '{time}' and an event in '{event}'. Check the columns."),
    "genomics.time": N_("'{found}' in the column '{column}' of sample {sample} is no time. Give numbers from 0."),
    "genomics.event": N_(
        "'{found}' in the column '{column}' of sample {sample} does not say whether the event happened. "
        "Write 1 where it did and 0 where not."
    ),
    # What was done to the matrix
    "genomics.controls": N_("{count} control probes of the array were left out."),
    "genomics.sparse": N_("{count} genes that more than {percent} % of the samples lack were left out."),
    "genomics.filled": N_("{count} missing values were filled with the median of their gene."),
    "genomics.log_already": N_(
        "Values lie between {low} and {high}: they were taken to be logarithms and left as they are."
    ),
    "genomics.log_counts": N_(
        "Values are whole numbers up to {high}: they were taken to be counts, divided by the total of their sample "
        "and put on a log2 scale."
    ),
    "genomics.log_floor": N_(
        "Values lie between {low} and {high}: they were taken to be raw intensities, raised to their noise floor of "
        "{floor} and put on a log2 scale."
    ),
    "genomics.log": N_("Values reach {high}: they were taken to be raw abundances and put on a log2 scale."),
    "genomics.samples_scaled": N_("The samples were brought to one mean and one standard deviation."),
    "genomics.variable": N_("The {count} genes that vary most, of {genes}, were used to find groups."),
    "genomics.components": N_(
        "{count} principal components of them say more than chance; they hold {percent} % of the variance."
    ),
    # What to bear in mind
    "genomics.none_stable": N_(
        "No stable grouping: the steadiest, {k} groups, comes back in resamples with an adjusted Rand index of "
        "{stability} (at least 0.8 is needed), and one cloud without groups falls into parts as far apart with p = {p} "
        "(at most 0.05)."
    ),
    "genomics.unstable": N_(
        "{k} groups are not stable here: they come back in resamples with an adjusted Rand index of {stability} "
        "(at least 0.8 is needed), and one cloud without groups falls into parts as far apart with p = {p} "
        "(at most 0.05)."
    ),
    "genomics.tiny": N_("{count} groups have {size} samples or fewer: they are outliers rather than subtypes."),
    "genomics.double_use": N_(
        "The groups were made from these genes, so every gene's p value and false discovery rate are too small: "
        "they put the genes in order and prove nothing. Test the groups on other samples."
    ),
    "genomics.reused": N_(
        "Columns that stem from the expression itself differ between the groups by construction: {columns}."
    ),
    "genomics.after_choice": N_("The test holds only if the number of groups was not chosen by looking at survival."),
    # A patient placed in a known subtype
    "model.no_subtypes": N_("The model '{name}' knows no subtypes. Choose one that does."),
    "subtype.few_genes": N_(
        "{shared} of the model's genes were measured, and at least {needed} are needed. Give the expression of more "
        "genes, named by probe, gene symbol or Entrez number."
    ),
    "subtype.foreign": N_(
        "The genes do not rise and fall together as in the cohort (share explained {found}, at least {needed} is "
        "needed): another platform, another tissue, or mixed up names. "
        "At least {samples} samples measured alike can be compared with each other instead."
    ),
    "subtype.foreign_cohort": N_(
        "The genes do not rise and fall together as in the cohort (share explained {found}, at least {needed} is "
        "needed), even after each gene was centred: another tissue, or mixed up names."
    ),
    "subtype.missing": N_("{percent} % of the shared genes are missing in this sample, and at most {most} % may be."),
    "subtype.centred": N_(
        "Another platform than the cohort's: each gene was centred and scaled within these {samples} samples, which is "
        "right only if they are as mixed as the cohort was."
    ),
    "subtype.shared": N_("{shared} of {total} genes of the model were found by {naming}."),
    "subtype.doubtful": N_("The sample lies between subtypes: the most probable one has {percent} %."),
    "subtype.naming.probe": N_("probe"),
    "subtype.naming.symbol": N_("gene symbol"),
    "subtype.naming.entrez": N_("Entrez number"),
}
"""Every sentence about subtypes."""
