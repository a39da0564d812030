"""What a long run has reached: a line for people on the terminal, and a line of JSON for whoever watches it."""

from __future__ import annotations

import json
import math
from pathlib import Path

STAGES = {
    "reading": "images read",
    "before": "as it is",
    "head": "last layers",
    "all": "all layers",
    "export": "exporting and calibrating",
    "speed": "one image takes",
    "measure": "measuring on the held-out part",
    "compare": "comparing with the parent",
    "original": "comparing on the original images",
}
"""What each stage is called on the terminal."""
EVERY = 100
"""Images between two words of how many are read."""


class Progress:
    """Takes what a run has reached.

    Parameters
    ----------
    file : where the lines of JSON go, whole lines only; None for none. It is begun anew.
    """

    def __init__(self, file: Path | None) -> None:
        self.stream = file.open("w", encoding="utf-8") if file else None

    def __call__(self, stage: str, **facts: float | str) -> None:
        """Write one line."""
        self.write({"stage": stage, **facts})
        print(_said(stage, facts), flush=True)

    def read(self, done: int, of: int) -> None:
        """So many of the images are read; most of the times it keeps quiet."""
        if done % EVERY == 0 or done == of:
            self("reading", done=done, of=of)

    def write(self, line: dict[str, object]) -> None:
        """One line of JSON; a number that is none becomes null."""
        if self.stream:
            plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in line.items()}
            self.stream.write(json.dumps(plain, ensure_ascii=False) + "\n")
            self.stream.flush()

    def close(self) -> None:
        """End the file."""
        if self.stream:
            self.stream.close()


def _said(stage: str, facts: dict[str, float | str]) -> str:
    if "done" in facts:
        return f"{STAGES[stage]}: {facts['done']} of {facts['of']}"
    if "milliseconds" in facts:
        return f"{STAGES[stage]} {facts['milliseconds']:.2f} ms"
    if "validation_loss" not in facts:
        return STAGES.get(stage, stage)
    epoch = f", epoch {facts['epoch']}/{facts['epochs']}, loss {facts['loss']:.4f}" if "epoch" in facts else ""
    seconds = f", {facts['seconds']:.0f} s" if "seconds" in facts else ""
    right = f"balanced accuracy {facts['balanced_accuracy']:.3f}"
    return f"{STAGES[stage]}{epoch}, validation loss {facts['validation_loss']:.4f}, {right}{seconds}"
