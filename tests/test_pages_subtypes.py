"""What a clinician sees on the page Subtypes, with the real core and the real model behind it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.catalog import Catalog, find_models
from medai_core.precision.genomics import Grouping, clustering, find_subtypes, group_survival, place
from medai_core.precision.genomics.example import synthetic_cohort
from medai_core.sources.expression import read_expression
from tests.test_pages import opened
from tests.test_signin import claims
from tests.test_signin import opened as signed_in
from ui import words
from ui.cached import expression
from ui.language import speaking
from ui.subtypes import export, place_export
from ui.subtypes.asking import proposed_survival
from ui.subtypes.said import p_words

PAGE = "pages/research/subtypes.py"
MODELS = find_models()
CARD = MODELS.trained("genomics")[0]
EXAMPLE = (MODELS.folder_of(CARD) / "example.csv").read_bytes()


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """All AppTests share one session, and so its caches; fewer draws are evidence enough for two clear groups."""
    st.cache_data.clear()
    st.cache_resource.clear()
    for name, count in (("RESAMPLES", 10), ("NULLS", 25), ("REFERENCES", 3)):
        monkeypatch.setattr(clustering, name, count)


def html(at: AppTest) -> str:
    """What the page draws itself, without its style."""
    assert not at.exception, at.exception
    return "\n".join(body for element in at.get("html") if "<style>" not in (body := str(element.proto.body)))


def text(at: AppTest) -> str:
    """Every text on the page, without the escapes that keep it from being Markdown."""
    return "\n".join([*(str(getattr(element, "value", "")) for element in at), html(at)]).replace("\\", "")


def as_csv(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False)).encode()


def cohort(names: str = "S{}", n: int = 24) -> pd.DataFrame:
    """Samples of two groups, the smaller of which dies early."""
    rng = np.random.default_rng(0)
    second = np.arange(n) % 3 == 2
    values = rng.normal(8, 0.6, (n, 60))
    values[:, :20] += 1.5 * second[:, None] * rng.choice([-1, 1], 20)
    table = pd.DataFrame(np.round(values, 3), columns=[f"G{i:03}" for i in range(60)])
    table.insert(0, "event", second.astype(int))
    table.insert(0, "time", np.round(np.where(second, rng.uniform(1, 3, n), rng.uniform(6, 9, n)), 1))
    table.insert(0, "sample", [names.format(i) for i in range(n)])
    return table


def cloud(n: int = 24) -> pd.DataFrame:
    """Samples without any groups."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(np.round(rng.normal(8, 1, (n, 60)), 3), columns=[f"G{i:03}" for i in range(60)])
    table.insert(0, "sample", [f"S{i}" for i in range(n)])
    return table


def given(data: bytes, name: str = "cohort.csv", **query: str) -> AppTest:
    at = opened(PAGE, **query)
    at.file_uploader(key="subtypes_file").set_value([(name, data, "text/csv")])
    return at.run()


def found(data: bytes, name: str = "cohort.csv") -> AppTest:
    """The page once subtypes were looked for."""
    return given(data, name).button(key="subtypes_find").click().run()


def placed(data: bytes, name: str = "profiles.csv", **query: str) -> AppTest:
    at = opened(PAGE, view="place", **query)
    at.file_uploader(key="placed_file").set_value([(name, data, "text/csv")])
    return at.run()


def told(data: bytes) -> Grouping:
    """What the core itself finds."""
    return find_subtypes(read_expression(data, "cohort.csv"))


def tab(at: AppTest, number: int) -> AppTest:
    """Another tab: samples, how many groups, marker genes, survival, clinical columns."""
    names = ["Samples", "How many groups", "Marker genes", "Survival", "Clinical columns"]
    at.session_state["subtypes_tabs:en"] = names[number]
    return at.run()


def frame(at: AppTest, column: str) -> pd.DataFrame:
    shown = [*at.dataframe, *at.table]
    return next(d.value for d in shown if column in d.value)


def taken(at: AppTest, module: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the buttons hand out when the page runs again, by the ends of the files' names."""
    handed: dict[str, bytes] = {}
    with monkeypatch.context() as patched:
        keep = lambda _label, make, name, _mime, **_more: handed.setdefault(name.rsplit("_", 1)[-1], make())  # noqa: E731
        patched.setattr(module, "take_away", keep)
        at.run()
    return handed


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(data.decode("utf-8-sig").splitlines()))


def test_a_cohort_with_groups_is_answered_in_one_sentence_with_the_evidence() -> None:
    data = as_csv(cohort())
    core = told(data)
    at = found(data)
    page = text(at)
    assert core.used is not None and core.used.holds
    assert "2 stable groups: 16 and 8 samples" in page
    assert f"adjusted Rand index of {core.used.stability:.2f}" in page
    assert f"hierarchical (Ward) {core.agreement['hierarchical']:.2f}" in page
    for step in core.matrix.steps:
        assert step.text.replace("'", "&#x27;") in html(at)
    for part in ("cohort.csv", "24", "60"):
        assert part in html(at)


def test_nothing_is_computed_before_it_is_asked_for_and_a_stopped_search_can_be_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = given(as_csv(cohort()))
    assert "medai-answer" not in html(at)

    def stopped(_expression: object, *, method: str, tell: expression.Tell) -> None:
        tell(0.5)
        st.stop()

    with monkeypatch.context() as patched:
        patched.setattr(expression, "find_subtypes", stopped)
        at.button(key="subtypes_find").click().run()
    assert "medai-answer" not in html(at)
    at.run()
    assert "medai-answer" not in html(at)
    assert "2 stable groups" in html(at.button(key="subtypes_find").click().run())


def test_the_evidence_is_shown_for_every_number_of_groups_with_the_chosen_one_marked() -> None:
    data = as_csv(cohort())
    core = told(data)
    at = tab(found(data), 1)
    shown = frame(at, "Sizes")
    assert list(shown["Groups"]) == [e.k for e in core.evidence]
    assert list(shown["Chosen"]) == ["yes" if e.k == 2 else "" for e in core.evidence]
    assert list(shown["Stable"]) == ["yes" if e.holds else "no" for e in core.evidence]
    charts = [str(chart.proto.alt) for chart in at.get("plotly_chart")]
    assert len(charts) == 3 and all(f"2: {v:.2f}" in alt for v, alt in zip(firsts(core), charts, strict=True))


def firsts(core: Grouping) -> list[float]:
    e = core.evidence[0]
    return [e.stability, e.silhouette, e.gap]


def test_a_cohort_without_groups_gets_none_and_its_download_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    at = found(as_csv(cloud()))
    assert "<h2>No stable grouping</h2>" in html(at) and "medai-refused" in html(at)
    assert len(at.get("plotly_chart")) == 2
    handed = taken(at, export, monkeypatch)
    assert set(handed) == {"groups.csv", "everything.json"}
    table = rows(handed["groups.csv"])
    assert len(table) == 24
    assert all(row["cluster"] == "" and "No stable grouping" in row["note"] for row in table)
    everything = json.loads(handed["everything.json"])
    assert everything["k"] is None and not everything["stable"]
    assert any("No stable grouping" in sentence for sentence in everything["warnings"])


def test_a_number_of_groups_that_the_evidence_does_not_speak_for_is_called_unstable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = found(as_csv(cloud()))
    number = next(c for c in at.pills if (c.key or "").startswith("subtypes_k:"))
    number.set_value(3).run()
    assert "Unstable: 3 groups of" in html(at) and "medai-refused" in html(at)
    assert "3 groups are not stable here" in text(at)
    handed = taken(at, export, monkeypatch)
    table = rows(handed["groups.csv"])
    assert {row["cluster"] for row in table} == {"1", "2", "3"}
    assert all("not stable" in row["note"] for row in table)
    assert all("not stable" in row["note"] for row in rows(handed["markers.csv"]))


def test_what_is_taken_away_is_what_was_found_in_the_files_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    table = cohort().sample(frac=1, random_state=1)
    core = told(as_csv(table))
    handed = taken(found(as_csv(table)), export, monkeypatch)
    groups = rows(handed["groups.csv"])
    assert [row["sample"] for row in groups] == list(table["sample"])
    assert {r["sample"]: int(r["cluster"]) for r in groups} == dict(
        zip(core.matrix.samples, core.label.tolist(), strict=True)
    )
    assert all("research" in row["research_use"] for row in groups)
    assert len(rows(handed["markers.csv"])) == 2 * 60
    everything = json.loads(handed["everything.json"])
    assert everything["stable"] and everything["k"] == 2 and everything["answer"].startswith("2 stable groups")
    survival = group_survival(core.matrix, core.label, core.clinical, ("time", "event"))
    assert survival.test is not None
    assert everything["survival"]["log_rank_p"] == pytest.approx(survival.test.p)
    assert set(everything["survival_curves"]) == {"1", "2"}


def test_marker_genes_come_with_the_warning_that_they_prove_nothing() -> None:
    data = as_csv(cohort())
    core = told(data)
    at = tab(found(data), 2)
    assert "they put the genes in order and prove nothing" in at.warning[0].value
    shown = frame(at, "Difference of means")
    own = core.markers[core.markers["group"] == 1]
    assert list(shown["Gene"]) == list(own["gene"])[: len(shown)]
    assert shown["p"].iloc[0] == p_words(own["p"].iloc[0])


def test_the_survival_of_groups_comes_with_the_test_and_the_numbers_at_risk() -> None:
    data = as_csv(cohort())
    core = told(data)
    found_survival = group_survival(core.matrix, core.label, core.clinical, ("time", "event"))
    assert found_survival.test is not None
    at = tab(found(data), 3)
    page = text(at)
    assert f"p = {p_words(found_survival.test.p)}. 24 samples with time and event, 0 without." in page
    assert "was not chosen by looking at survival" in page
    shown = frame(at, "At risk")
    begun = shown[shown["Time"] == "0"]
    assert list(begun["At risk"]) == ["16", "8"] and list(begun["Share without the event"]) == ["100.0 %"] * 2
    assert "Group 2: 8 events among 8" in at.get("plotly_chart")[0].proto.alt


def test_survival_without_groups_is_that_of_everybody() -> None:
    table = cloud().assign(time=lambda t: np.arange(1.0, len(t) + 1), event=1)
    at = tab(found(as_csv(table)), 3)
    assert "There are no two groups to compare." in text(at)
    assert set(frame(at, "At risk")["Group"]) == {"all samples"}


def test_clinical_columns_are_compared_and_a_wrong_event_is_refused() -> None:
    table = cohort().assign(grade=lambda t: np.where(t["event"] == 1, "high", "low"))
    at = tab(found(as_csv(table)), 4)
    shown = frame(at, "Test").set_index("Column")
    assert shown.loc["grade", "Group 2"] == "high: 100 %" and shown.loc["grade", "Test"] == "Fisher's exact"
    wrong = tab(found(as_csv(table.assign(event=7))), 3)
    assert "does not say whether the event happened" in wrong.error[0].value.replace("\\", "")


def test_a_small_p_is_written_as_a_power_and_never_as_nothing() -> None:
    assert [p_words(p) for p in (0.0312, 8.2e-8, 0.0)] == ["0.031", "8\u00a0×\u00a010⁻⁸", "1\u00a0×\u00a010⁻³⁰⁰"]


def test_columns_of_survival_are_proposed_by_their_names() -> None:
    assert proposed_survival(["age", "OS_time", "OS_event"]) == ("OS_time", "OS_event")
    assert proposed_survival(["age", "grade"]) == (None, None)
    assert proposed_survival(["event_time"]) == (None, None)


def test_a_column_that_the_reader_names_is_no_expression_and_another_table_is_joined() -> None:
    table = cohort().drop(columns=["time", "event"])
    at = given(as_csv(table))
    assert "Clinical columns</dt><dd>0" in html(at)
    next(m for m in at.multiselect if m.key.startswith("subtypes_aside:")).set_value(["G000"]).run()
    assert "Clinical columns</dt><dd>1" in html(at)
    beside = as_csv(cohort()[["sample", "time", "event"]])
    uploader = next(f for f in at.file_uploader if f.key.startswith("subtypes_table:"))
    uploader.set_value([("clinical.csv", beside, "text/csv")]).run()
    assert "Clinical columns</dt><dd>3" in html(at)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"sample,G1,G2\nA,1,2\nB,2,high\nC,3,4\n", "text"),
        (b"sample,G1,G1\nA,1,2\nB,2,3\n", "G1"),
        (as_csv(cohort().head(6)), "at least 10 are needed"),
        (
            as_csv(cohort().set_index("sample").drop(columns=["time", "event"]).T.rename_axis("gene").reset_index()),
            "gene",
        ),
    ],
    ids=["empty", "text", "twice", "few", "transposed"],
)
def test_a_wrong_matrix_gets_one_sentence(data: bytes, sentence: str) -> None:
    at = given(data)
    if not at.error:
        at.button(key="subtypes_find").click().run()
    assert sentence in at.error[0].value.replace("\\", "")
    assert "medai-answer" not in html(at)


def test_one_changed_value_is_another_matrix() -> None:
    table = cohort()
    at = found(as_csv(table))
    assert "medai-answer" in html(at)
    table.loc[3, "G010"] += 0.5
    at.file_uploader(key="subtypes_file").set_value([("cohort.csv", as_csv(table), "text/csv")]).run()
    assert "medai-answer" not in html(at)


def test_a_hostile_file_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    table = cohort(names="=cmd|'/c'!A{}<img src=x onerror=alert(1)>").rename(
        columns={"G000": "<script>alert(2)</script>"}
    )
    at = found(as_csv(table), "<b>x</b>.csv")
    assert "<img" not in html(at) and "<script>alert" not in html(at) and "<b>x" not in html(at)
    figures = "".join(str(chart.proto.spec) for chart in at.get("plotly_chart"))
    assert "<img" not in figures and "u003cimg" not in figures
    handed = taken(at, export, monkeypatch)
    assert all(row["sample"].startswith("'=cmd") for row in rows(handed["groups.csv"]))


def test_the_drawn_example_is_marked_synthetic_and_has_groups() -> None:
    at = opened(PAGE)
    at.toggle(key="subtypes_example").set_value(True).run()
    assert "SYNTHETIC example" in html(at) and "120" in html(at)
    core = told(synthetic_cohort())
    assert core.used is not None and core.k == 3 and core.used.holds
    assert list(core.clinical) == ["age", "grade", "time_years", "event"]


def test_a_reader_sees_subtypes_and_takes_nothing_away() -> None:
    at = signed_in(claims("reader"), PAGE)
    at.file_uploader(key="subtypes_file").set_value([("cohort.csv", as_csv(cohort()), "text/csv")]).run()
    at.button(key="subtypes_find").click().run()
    assert "2 stable groups" in html(at)
    assert not at.get("download_button")


# A patient placed


def test_the_example_is_placed_with_the_probability_of_each_subtype_and_the_foreign_one_is_refused() -> None:
    core = place(MODELS.subtype_model(CARD), read_expression(EXAMPLE, "example.csv"))
    at = opened(PAGE, view="place")
    at.toggle(key="placed_example").set_value(True).run()
    shown = frame(at, "Share explained")
    assert list(shown["Sample"]) == [p.sample for p in core.placed]
    assert [s == "refused" for s in shown["Subtype"]] == [p.refusal is not None for p in core.placed]
    first = core.placed[0]
    for probability, distance in zip(first.probability, first.distance, strict=True):
        assert f"<b>{words.percent(probability)}</b>".replace("< ", "&lt; ").replace("> ", "&gt; ") in html(at)
        assert f"<td>{distance:.2f}</td>" in html(at)
    assert list(frame(at, "Log-odds")["Gene"]) == [gene for gene, _step in first.genes]
    box = next(s for s in at.selectbox if (s.key or "").startswith("placed_sample:"))
    refused = next(p for p in core.placed if p.refusal)
    box.set_value(refused.sample).run()
    assert "This sample is placed in no subtype" in html(at) and refused.refusal is not None
    assert refused.refusal.text in html(at) and not at.get("plotly_chart")


def one_profile() -> bytes:
    """The example's first sample as a list of genes and values."""
    row = pd.read_csv(MODELS.folder_of(CARD) / "example.csv").iloc[0]
    return as_csv(pd.DataFrame({"gene": row.index[1:], "value": row.to_numpy()[1:]}))


def test_a_list_of_genes_and_values_is_one_patient_whose_subtype_fared_so_in_the_cohort() -> None:
    at = placed(one_profile())
    assert CARD.measured is not None and CARD.measured.subtyped is not None
    own = CARD.measured.subtyped.survival[0]
    titles = {f.name: f.title for f in CARD.findings}
    assert f"{titles[own.name]}: {own.n} people in the cohort, {own.events} with the event." in text(at)
    shown = frame(at, "At risk")
    assert list(shown[shown["Subtype"] == titles[own.name]]["At risk"]) == list(own.at_risk)
    coverage = CARD.measured.promised
    assert f"{words.share(coverage.value)} (95 % interval" in html(at) and f"n = {coverage.n}" in html(at)
    assert CARD.limits[0] in text(at) and f"version {CARD.version}" in html(at)


def test_refusals_travel_with_what_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    core = place(MODELS.subtype_model(CARD), read_expression(EXAMPLE, "example.csv"))
    handed = taken(placed(EXAMPLE), place_export, monkeypatch)
    (table,) = [rows(data) for name, data in handed.items() if name.endswith("csv")]
    (facts,) = [json.loads(data) for name, data in handed.items() if name.endswith("json")]
    for row, sample, p in zip(table, facts["samples"], core.placed, strict=True):
        assert row["sample"] == sample["sample"] == p.sample and row["cluster"] == p.subtype
        assert row["refusal"] == sample["refusal"] == (p.refusal.text if p.refusal else "")
        assert (row[f"probability_{CARD.findings[0].name}"] == "") == (p.refusal is not None)
    assert any(row["refusal"] for row in table)
    assert facts["sha256"] == dict(CARD.measured.sha256) if CARD.measured else False


def test_too_few_genes_are_refused_in_one_sentence() -> None:
    at = placed(b"gene,value\nTP53,1\nESR1,2\nERBB2,3\n")
    assert CARD.subtypes is not None
    assert f"at least {CARD.subtypes.genes_min} are needed" in at.error[0].value.replace("\\", "")
    assert "medai-answer" not in html(at)


def test_without_a_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No model knows subtypes yet" in text(opened(PAGE, view="place"))


def test_the_card_names_the_subtypes_the_evidence_and_what_is_refused() -> None:
    at = opened("pages/system/models.py", model=CARD.name)
    page = text(at)
    assert CARD.measured is not None and CARD.measured.subtyped is not None and CARD.subtypes is not None
    assert CARD.subtypes.why in html(at)
    assert f"Fewer than {CARD.subtypes.genes_min} of the model's genes" in page
    evidence = frame(at, "Log-rank p")
    assert len(evidence) == len(CARD.measured.subtyped.evidence)
    assert list(evidence["Chosen"]).count("yes") == 1
    settings = frame(at, "Setting")
    assert len(settings) == len({m.data for m in CARD.measured.performance if m.measure == "auc"})
    assert not settings["Setting"].str.contains("gene symbols, 4").any()


def test_the_page_speaks_chinese() -> None:
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = placed(EXAMPLE, lang="zh_CN")
    said = CARD.translations["zh_CN"]
    assert at.title[0].value == "亚型"
    assert said.title in text(at) and said.limits[0] in text(at)
    assert set(frame(at, "解释比例")["亚型"]) <= {*said.findings.values(), "被拒绝", "已拒绝", "拒绝"}
