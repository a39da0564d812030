"""Colours that mean something; those of evidence maps are the core's, since exports draw them too."""

LINES = ("#3b8fc9", "#c98a1b", "#2a9d78", "#b5679a", "#7f7fd0", "#c0632b")
"""Colours of lines for colour-blind eyes too, 3:1 against either theme; their marks differ as well."""
