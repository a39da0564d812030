"""Scans that a program makes: images nobody ever had, none too near to one that the generator learnt from."""

from medai_core.imaging.synthesis.drawing import MOST, MOST_SEED, synthesize
from medai_core.imaging.synthesis.model import Made, SynthesisModel, Synthetic, TrainingImages, load_model
from medai_core.imaging.synthesis.pictures import as_png, drawn_from, is_synthetic, name_of, outline_png
from medai_core.imaging.synthesis.walking import between

__all__ = [
    "MOST",
    "MOST_SEED",
    "Made",
    "SynthesisModel",
    "Synthetic",
    "TrainingImages",
    "as_png",
    "between",
    "drawn_from",
    "is_synthetic",
    "load_model",
    "name_of",
    "outline_png",
    "synthesize",
]
