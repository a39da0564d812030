"""The record on the page: the worklist, one patient with all that is filed, filing, and who did what."""
