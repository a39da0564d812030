"""What the nodule network measures in its graph is what anyone measures with numpy, and its evidence is its answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

SIZE = 64


def phantom(inside: np.ndarray, grey: int = 200) -> np.ndarray:
    """A shape of one grey on black, (64, 64)."""
    return np.where(inside, grey, 0).astype(np.uint8)


def places(turn: float = 0.0, centre: tuple[float, float] = (30.3, 33.6)) -> tuple[np.ndarray, np.ndarray]:
    """Distances from a centre along two axes that are turned, in pixels."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    y, x = y - centre[0], x - centre[1]
    return y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn)


def disc(radius: float, **where: Any) -> np.ndarray:
    y, x = places(**where)
    return phantom(np.hypot(y, x) <= radius)


def ellipse(long: float, short: float, turn: float) -> np.ndarray:
    y, x = places(turn)
    return phantom((y / long) ** 2 + (x / short) ** 2 <= 1)


def bar(long: float, short: float, turn: float = 0.0) -> np.ndarray:
    y, x = places(turn)
    return phantom((abs(y) <= long / 2) & (abs(x) <= short / 2))


def inputs(*images: np.ndarray) -> np.ndarray:
    return np.stack(images)[..., None].astype(np.float32) / 255


@pytest.fixture(scope="module")
def measured() -> Any:
    """The numbers of images, by name."""
    import keras

    from medai_core.training.nodules import NUMBERS, nodule_numbers, outlined

    image = keras.Input((SIZE, SIZE, 1))
    network = keras.Model(image, nodule_numbers(*outlined(image)))

    def measured(*images: np.ndarray) -> dict[str, np.ndarray]:
        numbers = np.asarray(network(inputs(*images)))
        assert numbers.shape == (len(images), len(NUMBERS))
        return dict(zip(NUMBERS, numbers.T, strict=True))

    return measured


def second_moments(mask: np.ndarray) -> np.ndarray:
    """The lengths of the axes of the ellipse with the same second moments, long first."""
    y, x = np.nonzero(mask)
    return 4 * np.sqrt(np.linalg.eigvalsh(np.cov(y, x, bias=True) + np.eye(2) / 12)[::-1])


SHAPES = [disc(3), disc(8.5), disc(20), ellipse(20, 7, 0.4), ellipse(12, 9, 1.3), bar(24, 6), bar(15, 15, 0.6)]


def test_the_area_is_the_number_of_pixels(measured: Any) -> None:
    areas = [np.count_nonzero(shape) for shape in SHAPES]
    assert np.exp(measured(*SHAPES)["log_area"]) == pytest.approx(areas, rel=1e-5)


def test_the_axes_are_those_of_the_ellipse_with_the_same_second_moments(measured: Any) -> None:
    found = measured(*SHAPES)
    for i, shape in enumerate(SHAPES):
        long, short = second_moments(shape > 0)
        assert np.exp(found["log_long_axis"][i]) == pytest.approx(long, rel=1e-3)
        assert np.exp(found["log_short_axis"][i]) == pytest.approx(short, rel=1e-3)
        assert found["axis_ratio"][i] == pytest.approx(short / long, rel=1e-3)
    assert np.exp(found["log_long_axis"][3]) == pytest.approx(40, rel=0.02)
    assert np.exp(found["log_short_axis"][3]) == pytest.approx(14, rel=0.02)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (disc(12), 1.0),
        (disc(20), 1.0),
        (bar(32, 32), np.pi / 4),
        (bar(32, 32, np.pi / 4), np.pi / 4),
        (bar(44, 11), 4 * np.pi * 44 * 11 / 110**2),
    ],
)
def test_compactness_is_that_of_geometry_however_the_shape_is_turned(
    measured: Any, shape: np.ndarray, expected: float
) -> None:
    assert measured(shape)["compactness"][0] == pytest.approx(expected, rel=0.08)


def test_the_grey_of_rim_and_inside_are_told_apart(measured: Any) -> None:
    y, x = places()
    shaded = phantom(np.hypot(y, x) <= 14, 100)
    shaded[np.hypot(y, x) <= 10] = 220
    found = measured(shaded)
    mask = shaded > 0
    assert found["mean"][0] == pytest.approx(shaded[mask].mean() / 255, rel=1e-4)
    assert found["deviation"][0] == pytest.approx(shaded[mask].std() / 255, rel=1e-2)
    assert found["rim"][0] == pytest.approx(100 / 255, rel=1e-3)
    assert found["inside"][0] > found["mean"][0] > found["rim"][0]
    assert found["core"][0] > found["inside"][0]
    assert found["faint_share"][0] == pytest.approx((shaded[mask] == 100).mean(), rel=1e-4)


def test_a_spur_is_opened_away_and_a_notch_is_closed(measured: Any) -> None:
    spur, notch = disc(10), disc(10)
    spur[29:31, 40:60] = 200
    notch[29:31, 33:60] = 0
    plain, with_spur, with_notch = (
        measured(disc(10), spur, notch)["opened_3"],
        *({name: measured(shape)[name][0] for name in ("opened_3", "closed_5")} for shape in (spur, notch)),
    )
    assert plain[0] > 0.95
    assert with_spur["opened_3"] < 0.93
    assert with_notch["closed_5"] > 1.03


def test_a_nodule_is_measured_the_same_wherever_it_lies_and_however_it_is_turned_by_quarters(measured: Any) -> None:
    shape = ellipse(14, 8, 0.5)
    for same in (np.roll(shape, (5, -7), (0, 1)), np.rot90(shape), shape[:, ::-1]):
        for name, values in measured(shape, same).items():
            assert values[1] == pytest.approx(values[0], abs=2e-4), name


def test_a_lighter_background_is_no_part_of_the_nodule(measured: Any) -> None:
    shape = disc(9)
    lifted = np.where(shape == 0, 50, shape).astype(np.uint8)
    assert measured(lifted)["log_area"] == pytest.approx(measured(shape)["log_area"])


@pytest.mark.parametrize("image", [np.zeros((SIZE, SIZE), np.uint8), np.full((SIZE, SIZE), 255, np.uint8), disc(0.5)])
def test_an_image_with_nothing_to_measure_still_gives_finite_numbers(measured: Any, image: np.ndarray) -> None:
    assert all(np.isfinite(values).all() for values in measured(image).values())


@pytest.fixture(scope="module", params=["numbers", "view", "both"])
def network(request: pytest.FixtureRequest) -> Any:
    import keras

    from medai_core.training.nodules import nodule_network, nodule_parts

    keras.utils.set_random_seed(3)
    left_out = {"numbers": {"view": False}, "view": {"numbers": False}, "both": {}}[request.param]
    return nodule_network(SIZE, [nodule_parts(2, **left_out), nodule_parts(2, **left_out)])


def test_the_average_of_the_evidence_is_the_logit(network: Any) -> None:
    answered = network(inputs(*SHAPES))
    evidence, logits = np.asarray(answered["evidence"]), np.asarray(answered["logits"])
    assert evidence.shape == (len(SHAPES), SIZE, SIZE, 2)
    assert evidence.mean(axis=(1, 2)) == pytest.approx(logits, abs=1e-4)


def test_a_slice_counts_by_the_square_of_its_area(network: Any) -> None:
    areas = np.array([np.count_nonzero(shape) for shape in SHAPES], float)
    assert np.asarray(network(inputs(*SHAPES))["weight"])[:, 0] == pytest.approx(areas**2, rel=1e-5)


def test_what_the_numbers_say_lies_on_the_nodule_alone() -> None:
    from medai_core.training.nodules import nodule_network, nodule_parts

    shape = disc(9)
    evidence = np.asarray(nodule_network(SIZE, [nodule_parts(2, view=False)])(inputs(shape))["evidence"])[0]
    assert np.abs(evidence[shape > 0]).min() > 0
    assert np.abs(evidence[shape == 0]).max() == 0


def test_the_whole_graph_says_what_the_parts_say_of_what_was_measured_once() -> None:
    from medai_core.training.nodules import measuring_network, nodule_network, nodule_parts

    members = [nodule_parts(2), nodule_parts(2, view=False), nodule_parts(2, numbers=False)]
    measured = measuring_network(SIZE)(inputs(*SHAPES))
    said = [np.asarray(m([measured[x.name] for x in m.inputs])["logits"]) for m in members]
    whole = nodule_network(SIZE, members)(inputs(*SHAPES))
    assert np.asarray(whole["logits"]) == pytest.approx(np.mean(said, axis=0), abs=1e-4)
    assert np.asarray(whole["features"]).shape == (len(SHAPES), 2 * (20 + 64))


def test_the_view_shows_nodules_of_all_sizes_alike() -> None:
    from medai_core.training.nodules import measuring_network

    small, large = np.asarray(measuring_network(SIZE)(inputs(disc(6), disc(18)))["view"])[..., 0]
    assert np.abs(small - large).mean() < 0.06
    assert small[16, 16] == pytest.approx(200 / 255, abs=1e-3)
    assert small[0].max() == 0
    assert 0.25 < (large > 0.4).mean() < 0.45
