"""Sentences of the blind test: real or synthetic."""

from medai_core.errors.marking import N_

BLIND_MESSAGES = {
    "blind.synthetic": N_("The file says of itself that it is SYNTHETIC, so it cannot stand for a real image."),
    "blind.small": N_(
        "The image has {rows} × {columns} pixels; {size} × {size} are needed, or its blur would give it away."
    ),
    "blind.none": N_("A blind test needs at least one real image and one synthetic one."),
    "blind.twice": N_("One file was brought twice. Each image may come once."),
    "blind.unanswered": N_("{missing} images are not answered yet. Say of each what you take it for."),
    "blind.few": N_(
        "With {n} images even answers that are all right may be luck, so nothing can be said. Bring more real images."
    ),
    "blind.guessing": N_(
        "This does not differ from guessing (p {p}): on these images, real was not told from synthetic for certain."
    ),
    "blind.better": N_("This is better than guessing (p {p}): on these images, real was told from synthetic."),
    "blind.reversed": N_(
        "This is worse than guessing (p {p}): the two kinds were told apart, but taken for each other."
    ),
}
"""Every sentence of the blind test."""
