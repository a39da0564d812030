"""Colours that mean something; those of evidence maps are the core's, since exports draw them too."""

LINES = ("#3b8fc9", "#c98a1b", "#2a9d78", "#b5679a", "#7f7fd0", "#c0632b")
"""Colours of lines for colour-blind eyes too, 3:1 against either theme; their marks differ as well."""

GROUPS = (*LINES, "#8c8a2c", "#7d8792")
"""Colours of up to eight groups, as ``LINES``."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
"""Plotly's marks of groups, in their order."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "8px 3px 2px 3px", "2px 6px")
"""Lines of groups, in their order."""
