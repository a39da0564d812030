"""The sentences about synthetic scans, by their ids."""

from __future__ import annotations

from medai_core.errors.marking import N_

SYNTHESIS_MESSAGES: dict[str, str] = {
    "model.no_synthesis": N_("The model '{name}' does not make scans. Choose one that does."),
    "model.no_guard": N_(
        "The model '{name}' has no guard against images too near to those it learnt from, so it makes none. "
        "Run its recipe again."
    ),
    "synthesis.none": N_("No model that makes scans has been trained. Run the recipe of one."),
    "synthesis.label": N_("'{name}' is no label of this model. Choose one of: {known}."),
    "synthesis.count": N_("{count} images cannot be made at once. Give a whole number from 1 to {most}."),
    "synthesis.seed": N_("{seed} is no seed. Give a whole number from 0 to {most}."),
    "synthesis.shares": N_("Between two images there are from 1 to {most} steps, each a share from 0 to 1."),
    "synthesis.too_near": N_(
        "For image {number} of seed {seed}, {attempts} images were drawn, and each lay too near to one that the "
        "generator learnt from, so none is shown. Choose another seed or label."
    ),
    "synthesis.there": N_("The folder {folder} holds something already. Name a new or an empty one."),
    "synthesis.evaluate": N_(
        "The model '{name}' makes scans and answers nothing about any. How its images compare stands in its card."
    ),
    "synthesis.measured": N_(
        "SYNTHETIC: {count} of {files} files were made by a program, so what is measured here tells of no patients."
    ),
    "notice.synthetic": N_("SYNTHETIC: this image was made by a program. It shows nobody, and tells of no patient."),
    "filing.synthetic": N_(
        "The image is SYNTHETIC: a program made it, and it is nobody's. It is filed to DEMO patients only. "
        "Choose one of them."
    ),
}
