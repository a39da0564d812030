"""A patient is placed in a subtype by what the genes do, on any scale, and refused where they do something else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from medai_core.catalog import find_models
from medai_core.errors import ManifestError
from medai_core.precision.genomics import Placements, place
from medai_core.precision.genomics.placing import calibration_for
from medai_core.precision.genomics.profiles import explained, on_cohort_scale
from medai_core.precision.genomics.tables import placements_table
from medai_core.sources.expression import Expression
from tests.expression import named

MODELS = find_models()
MODEL = MODELS.subtype_model(MODELS.card("breast_cancer_subtypes"))
NAMED = np.flatnonzero(MODEL.symbols != "")


def drawn(count: int, second: float, seed: int = 0) -> tuple[NDArray[np.float64], list[str]]:
    """Drawn profiles on the cohort's scale, and the subtype of each; a share of them are of the second."""
    rng = np.random.default_rng(seed)
    label = (np.arange(count) < round(count * second)).astype(int)
    steps = rng.normal(0, 2.2, (count, MODEL.loadings.shape[1])) @ MODEL.loadings.T
    steps -= np.outer(steps @ (d := MODEL.centroids[1] - MODEL.centroids[0]) / (d @ d), d)
    values = MODEL.centroids[label] + steps + rng.normal(size=(count, len(MODEL.mean))) * 0.8 * MODEL.within
    return values, [MODEL.names[i] for i in label]


def profiles(values: NDArray[np.float64], columns: NDArray[np.int64] | None = None, by: str = "probes") -> Expression:
    """An expression file of some of the model's genes, under their names."""
    columns = np.arange(len(MODEL.probes)) if columns is None else columns
    return named(values[:, columns], genes=getattr(MODEL, by)[columns].tolist())


def right(found: Placements, label: list[str]) -> float:
    """The share of all samples that was placed where it belongs."""
    return float(np.mean([p.subtype == name for p, name in zip(found.placed, label, strict=True)]))


def test_a_profile_is_placed_with_probability_distance_and_the_genes_that_decide() -> None:
    values, label = drawn(20, 0.5)
    found = place(MODEL, profiles(values))
    assert right(found, label) == 1
    assert (found.shared, found.centred) == (len(MODEL.probes), False)
    for p in found.placed:
        assert sum(p.probability) == pytest.approx(1)
        assert p.possible == (p.subtype,)
        assert int(np.argmin(p.distance)) == MODEL.names.index(p.subtype)
        assert len(p.genes) == 10
    deciding = {gene for p in found.placed for gene, _ in p.genes}
    strongest = set(MODEL.probes[np.argsort(-MODEL.weights)[:60]])
    assert len(deciding & strongest) > len(deciding) / 2


def test_one_profile_alone_is_placed_as_among_others() -> None:
    values, _ = drawn(20, 0.5)
    alone = place(MODEL, profiles(values[:1])).placed[0]
    among = place(MODEL, profiles(values)).placed[0]
    assert alone.probability == pytest.approx(among.probability)
    assert [gene for gene, _ in alone.genes] == [gene for gene, _ in among.genes]


@pytest.mark.parametrize("by", ["symbols", "entrez"])
def test_gene_symbols_and_entrez_numbers_serve_as_well_as_probes(by: str) -> None:
    values, label = drawn(20, 0.5)
    found = place(MODEL, profiles(values, first(by), by))
    assert found.shared >= 230
    assert right(found, label) == 1


def first(by: str) -> NDArray[np.int64]:
    """The first gene of each name."""
    names = getattr(MODEL, by)
    return np.array(sorted(NAMED[np.unique(names[NAMED], return_index=True)[1]]))


def test_neither_the_scale_of_a_sample_nor_its_logarithm_changes_anything() -> None:
    values, _ = drawn(6, 0.5)
    wanted = place(MODEL, profiles(values)).placed
    for changed in (values * 3 + 11, 2.0**values, np.argsort(np.argsort(values, axis=1), axis=1).astype(float)):
        for was, now in zip(wanted, place(MODEL, profiles(changed)).placed, strict=True):
            assert now.subtype == was.subtype
            assert now.probability == pytest.approx(was.probability, abs=1e-3)


def test_with_six_in_ten_symbols_missing_hardly_anyone_is_lost() -> None:
    values, label = drawn(60, 0.4)
    some = np.sort(np.random.default_rng(1).choice(first("symbols"), 96, replace=False))
    assert right(place(MODEL, profiles(values, some, "symbols")), label) >= 0.9


@pytest.mark.parametrize("second", [0.2, 0.5, 0.75])
def test_another_platform_is_recognised_and_read_whatever_the_mix_of_subtypes(second: float) -> None:
    values, label = drawn(80, second)
    rng = np.random.default_rng(2)
    there = 2 ** (values * rng.uniform(1, 3, values.shape[1]) + rng.normal(8, 2, values.shape[1]))
    found = place(MODEL, profiles(there, first("symbols"), "symbols"))
    assert found.centred
    assert "subtype.centred" in [m.id for m in found.notes]
    assert right(found, label) >= 0.93


def test_samples_of_another_platform_that_resemble_the_cohort_less_are_placed_all_the_same() -> None:
    values, label = drawn(60, 0.4)
    rng = np.random.default_rng(6)
    there = values + rng.normal(0, 0.4, values.shape) + rng.normal(8, 2, values.shape[1])
    found = place(MODEL, profiles(there, first("symbols"), "symbols"))
    shares = np.array([p.explained for p in found.placed if p.refusal is None])
    limits = calibration_for(MODEL.subtyped.shared, found.shared)
    assert found.centred
    assert limits.noise_max <= shares.min() < limits.explained_min
    assert right(found, label) >= 0.85


def test_a_few_samples_of_another_platform_are_refused_with_the_way_out() -> None:
    values, _ = drawn(5, 0.4)
    there = values + np.random.default_rng(3).normal(0, 2, values.shape[1])
    found = place(MODEL, profiles(there))
    assert {p.refusal.id for p in found.placed if p.refusal} == {"subtype.foreign"}
    assert all(p.refusal and "20 samples" in p.refusal.text for p in found.placed)


def test_mixed_up_genes_are_refused_even_in_a_large_file() -> None:
    values, _ = drawn(40, 0.4)
    rng = np.random.default_rng(4)
    found = place(MODEL, profiles(rng.permuted(values, axis=1)))
    assert np.mean([p.refusal is not None for p in found.placed]) > 0.9
    table = placements_table(found)
    refused = table[table["refusal"] != ""]
    assert (refused["cluster"] == "").all()
    assert refused["probability_basal_like"].isna().all()


def test_too_few_shared_genes_or_too_many_gaps_are_refused() -> None:
    values, _ = drawn(4, 0.5)
    with pytest.raises(ManifestError, match="50 of the model's genes"):
        place(MODEL, profiles(values, NAMED[:50]))
    values[1, ::2] = np.nan
    found = place(MODEL, profiles(values))
    assert found.placed[1].refusal is not None
    assert found.placed[1].refusal.id == "subtype.missing"
    assert found.placed[0].refusal is None


def test_a_profile_between_the_subtypes_is_called_doubtful() -> None:
    values, _ = drawn(2, 0.5)
    middle = MODEL.centroids.mean(axis=0) + (values[0] - MODEL.centroids[1]) * 0.9
    shares = [
        place(MODEL, profiles(values * 0 + middle + t * (MODEL.centroids[1] - MODEL.centroids[0]))).placed[0]
        for t in np.linspace(-0.5, 0.5, 41)
    ]
    said = [p for p in shares if any(m.id == "subtype.doubtful" for m in p.warnings)]
    assert said
    assert all(max(p.probability) < MODEL.spec.doubtful_below for p in said)


def test_the_most_probable_subtype_is_always_possible_and_its_coverage_travels() -> None:
    line = MODEL.centroids[1] - MODEL.centroids[0]
    values, _ = drawn(1, 0)
    steps = np.linspace(-0.2, 1.2, 60)[:, None]
    found = place(MODEL, profiles(values + steps * line))
    for p in found.placed:
        assert p.refusal is not None or p.subtype in p.possible
    assert {len(p.possible) for p in found.placed if p.refusal is None} == {1, 2}
    assert 0.9 <= found.coverage.low <= found.coverage.value <= 1
    table = placements_table(found)
    assert table.loc[table["refusal"] == "", "coverage_of_possible"].round(4).unique().tolist() == [
        round(found.coverage.value, 4)
    ]


def test_the_explained_share_is_near_nothing_for_noise_however_few_genes() -> None:
    rng = np.random.default_rng(5)
    for count in (80, 400):
        some = rng.choice(len(MODEL.mean), count, replace=False)
        noise = on_cohort_scale(rng.normal(size=(200, count)), MODEL.mean[some], MODEL.spread[some])
        share = explained(noise - noise.mean(), MODEL.loadings[some])
        assert abs(float(share.mean())) < 0.03


def test_the_calibration_between_two_numbers_of_genes_lies_between_theirs() -> None:
    most, fewer = MODEL.subtyped.shared[:2]
    between = calibration_for(MODEL.subtyped.shared, round(np.sqrt(most.genes * fewer.genes)))
    assert min(most.slope, fewer.slope) <= between.slope <= max(most.slope, fewer.slope)
    assert calibration_for(MODEL.subtyped.shared, 10**6) == most
    assert between.coverage == fewer.coverage, "what is promised is what was measured with fewer genes"


def test_survival_in_the_card_is_of_at_least_ten_people() -> None:
    curves = MODEL.subtyped.survival
    assert [c.name for c in curves] == list(MODEL.names)
    assert sum(c.n for c in curves) == 272
    for c in curves:
        assert min(c.at_risk) >= 10
        assert c.share[0] == 1
        assert pd.Series(c.share).is_monotonic_decreasing
