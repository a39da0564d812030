"""Subtypes are found where there are some, and none where there are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from medai_core.errors import ManifestError
from medai_core.metrics.survival import adjusted
from medai_core.precision.genomics import METHODS, Grouping, clustering, find_subtypes, group_survival, heatmap, prepare
from medai_core.precision.genomics.markers import associations, events, marker_genes, times
from medai_core.precision.genomics.tables import grouping_summary, groups_table
from medai_core.sources.expression import Expression
from tests.expression import grouped, intensities, named

VALUES, LABEL = grouped((40, 30, 20))


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Groups this plain need no hundred draws."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"GROUPS_MAX": 5, "RESAMPLES": 12, "NULLS": 30, "REFERENCES": 4}.items():
            patch.setattr(clustering, name, value)
        yield


@pytest.fixture(scope="module")
def found() -> Grouping:
    """Three drawn groups, found without being told how many."""
    rng = np.random.default_rng(5)
    time = rng.exponential(np.array([0, 3, 9, 27])[LABEL])
    clinical = pd.DataFrame(
        {
            "time": time,
            "event": (rng.random(90) < 0.8).astype(int),
            "grade": np.array([0, 1, 2, 3])[LABEL],
            "age": rng.normal(50, 8, 90),
            "centre": rng.choice(["north", "south"], 90),
            "G0001": VALUES[:, 1],
        }
    )
    return find_subtypes(named(VALUES, clinical))


def test_drawn_groups_are_found_and_as_many_as_there_are(found: Grouping) -> None:
    assert found.k == 3
    assert found.chosen is found.used
    assert adjusted_rand_score(LABEL, found.label) == 1
    assert found.used is not None
    assert found.used.stability > 0.95
    assert found.used.sizes == (40, 30, 20)
    assert [e.k for e in found.evidence] == [2, 3, 4, 5]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_groups_that_are_plain(method: str, found: Grouping) -> None:
    if method == "kmeans":
        assert set(found.agreement) == set(METHODS) - {"kmeans"}
        assert min(found.agreement.values()) > 0.95
    else:
        again = find_subtypes(named(VALUES), k=3, method=method)
        assert adjusted_rand_score(LABEL, again.label) > 0.95


def test_on_shuffled_data_no_grouping_is_stable() -> None:
    shuffled = np.random.default_rng(1).permuted(VALUES, axis=0)
    found = find_subtypes(named(shuffled))
    assert (found.chosen, found.k) == (None, 0)
    assert not found.label.any()
    assert found.warnings[0].id == "genomics.none_stable"
    assert groups_table(found)["cluster"].isna().all()
    assert groups_table(found)["note"].str.startswith("No stable grouping").all()
    assert grouping_summary(found)["stable"] is False


def test_one_cloud_along_a_line_is_no_grouping_though_a_cut_through_it_comes_back() -> None:
    rng = np.random.default_rng(2)
    values = 8 + np.outer(rng.normal(0, 3, 120), rng.normal(0, 0.4, 300)) + rng.normal(0, 0.3, (120, 300))
    found = find_subtypes(named(values))
    halves = found.evidence[0]
    assert halves.stability > 0.8
    assert halves.p > 0.05
    assert found.chosen is None


def test_groups_that_are_asked_for_and_do_not_hold_are_called_unstable() -> None:
    shuffled = np.random.default_rng(1).permuted(VALUES, axis=0)
    found = find_subtypes(named(shuffled), k=5)
    assert found.k == 5
    assert set(found.label) == {1, 2, 3, 4, 5}
    assert found.warnings[0].id == "genomics.unstable"


def test_the_order_of_samples_and_genes_changes_nothing(found: Grouping) -> None:
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(90), rng.permutation(400)
    given = named(VALUES)
    turned = Expression(
        given.values[rows][:, columns],
        tuple(given.samples[i] for i in rows),
        tuple(given.genes[i] for i in columns),
        given.clinical.iloc[rows],
    )
    again = find_subtypes(turned)
    assert again.matrix.samples == found.matrix.samples
    assert np.array_equal(again.label, found.label)
    assert again.evidence == found.evidence
    pd.testing.assert_frame_equal(again.markers, found.markers)


def test_raw_intensities_with_negative_values_are_put_on_a_log_scale_and_grouped() -> None:
    values, label = intensities()
    assert (values < 0).mean() > 0.1
    found = find_subtypes(named(values), k=2)
    assert "genomics.log_floor" in [m.id for m in found.matrix.steps]
    assert adjusted_rand_score(label, found.label) >= 0.8


def test_counts_do_not_group_by_how_deep_a_sample_was_read() -> None:
    rng = np.random.default_rng(4)
    values, label = grouped((30, 30), apart=1.5)
    depth = rng.choice([0.3, 1.0, 4.0], (60, 1))
    counts = rng.poisson(2 ** (values - 3) * depth).astype(float)
    found = find_subtypes(named(counts), k=2)
    assert "genomics.log_counts" in [m.id for m in found.matrix.steps]
    assert adjusted_rand_score(label, found.label) > 0.9


def test_what_is_missing_or_no_gene_is_left_out_and_said() -> None:
    values = VALUES.copy()
    values[:40, 0] = np.nan
    values[3, 1] = np.nan
    genes = [f"g{i:04}" for i in range(400)]
    genes[5] = "AFFX-BioB-5_at"
    matrix = prepare(named(values, genes=genes))
    assert {"g0000", "AFFX-BioB-5_at"}.isdisjoint(matrix.genes)
    assert not np.isnan(matrix.values).any()
    assert [m.id for m in matrix.steps][:3] == ["genomics.controls", "genomics.sparse", "genomics.filled"]


def test_too_few_samples_or_nothing_that_varies_is_refused() -> None:
    with pytest.raises(ManifestError, match="9 samples"):
        prepare(named(VALUES[:9]))
    with pytest.raises(ManifestError, match="differ"):
        prepare(named(np.ones((12, 30)) * np.arange(30)))
    with pytest.raises(ManifestError, match="30 groups"):
        find_subtypes(named(VALUES), k=30)


def test_markers_agree_with_welchs_test_and_their_rates_with_benjamini_and_hochberg(found: Grouping) -> None:
    matrix = found.matrix
    table = marker_genes(matrix, found.label)
    part = table[table["group"] == 2].set_index("gene").loc[list(matrix.genes)]
    own = matrix.values[found.label == 2].astype(float)
    rest = matrix.values[found.label != 2].astype(float)
    wanted = stats.ttest_ind(own, rest, equal_var=False).pvalue
    assert part["p"].to_numpy() == pytest.approx(wanted, rel=1e-3)
    assert part["difference"].to_numpy() == pytest.approx(own.mean(axis=0) - rest.mean(axis=0), abs=1e-4)
    assert part["false_discovery_rate"].to_numpy() == pytest.approx(stats.false_discovery_control(wanted), rel=1e-3)
    assert adjusted(wanted) == pytest.approx(stats.false_discovery_control(wanted))
    assert "genomics.double_use" in [m.id for m in found.warnings]


def test_clinical_columns_are_compared_by_what_they_hold_and_those_that_are_genes_are_told(found: Grouping) -> None:
    table = found.associations.set_index("column")
    assert table.loc["grade", "test"] == "chi_squared"
    assert table.loc["grade", "p"] < 1e-10
    assert table.loc["age", "test"] == "kruskal_wallis"
    assert table.loc["age", "p"] > 0.001
    assert list(table.index[table["reused"]]) == ["G0001"]
    assert "genomics.reused" in [m.id for m in found.warnings]
    assert table.loc["grade", "group 1"] == "1: 100 %"
    two = associations(found.matrix, np.minimum(found.label, 2), found.clinical[["centre"]])
    assert two.loc[0, "test"] == "fisher"


def test_survival_of_the_groups_and_what_it_refuses(found: Grouping) -> None:
    survival = group_survival(found.matrix, found.label, found.clinical, ("time", "event"))
    assert {g: c.n for g, c in survival.curves.items()} == {1: 40, 2: 30, 3: 20}
    assert survival.test is not None
    assert survival.test.p < 1e-4
    with pytest.raises(ManifestError, match="no column 'months'"):
        group_survival(found.matrix, found.label, found.clinical, ("months", "event"))
    with pytest.raises(ManifestError, match="'-1' in the column 'time' of sample s002"):
        times(pd.Series(["1", "", "-1"], index=["s000", "s001", "s002"], name="time"))
    with pytest.raises(ManifestError, match="'maybe'"):
        events(pd.Series(["1", "dead", "maybe"], index=["a", "b", "c"], name="event"))
    assert list(events(pd.Series(["Dead", "alive", 1, 0.0, True]))) == [1, 0, 1, 0, 1]


def test_the_heatmap_puts_the_groups_side_by_side(found: Grouping) -> None:
    drawn = heatmap(found, 30)
    assert drawn.values.shape == (30, 90)
    assert sorted(drawn.samples) == sorted(found.matrix.samples)
    assert (np.diff(drawn.label) != 0).sum() == 2
    assert len(drawn.branches) == 89
    assert np.abs(drawn.values).max() <= 3


def test_work_can_be_stopped() -> None:
    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        find_subtypes(named(VALUES), tell=stop)
