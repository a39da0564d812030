"""Drawn microscope fields look like what they stand for, and their outlines are those of what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from medai_core.imaging.preprocessing import stretched
from medai_core.training.phantoms import draw_nuclei


@pytest.mark.parametrize("stained", [False, True])
def test_the_nuclei_of_a_drawn_field_stand_out_where_their_outlines_are(stained: bool) -> None:
    pixels, labels = draw_nuclei(160, np.random.default_rng(3), stained=stained)
    seen = stretched(pixels).mean(axis=-1)
    inside, outside = (
        ndimage.binary_erosion(labels > 0, iterations=2),
        ndimage.binary_dilation(labels > 0, iterations=4),
    )
    assert (pixels.shape, labels.shape) == ((160, 160, 3), (160, 160))
    assert (seen[inside] > seen[~outside].mean() + 40).mean() > 0.95
    assert (pixels.mean() > 128) == stained


def test_drawn_nuclei_are_numbered_without_gaps_some_touch_and_a_seed_draws_the_same_again() -> None:
    pixels, labels = draw_nuclei(160, np.random.default_rng(4))
    again = draw_nuclei(160, np.random.default_rng(4))
    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert 8 < labels.max() <= 24
    assert ndimage.label(labels > 0)[1] < labels.max()
    assert (pixels == again[0]).all()
    assert (labels == again[1]).all()
