"""Survival of one person: what is said, what moves it, what is refused, and people alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medai_core.errors import ManifestError, Message, ModelError
from medai_core.precision.survival import (
    BOTH,
    CLINICAL,
    EXPRESSION,
    Sheet,
    answer,
    answers,
    load_model,
    save_model,
    sheet,
    what_if,
)
from medai_core.precision.survival.genes import places_of, weights
from medai_core.precision.survival.sheet import NO_TRIAL
from medai_core.records.report.treatment import treatment_sheet
from medai_core.records.wording import Wording, percent
from tests.exchange import pdf_text
from tests.survival import CLINICAL as ASKED
from tests.survival import NAME, SHIPPED, asked, drawn_model, drawn_models, drawn_table, genes_of
from ui.language import catalogue


def ids(messages: tuple[Message, ...]) -> list[str]:
    return [m.id for m in messages]


def test_with_history_and_expression_both_answer_and_all_three_curves_are_shown() -> None:
    for found in answers(drawn_model(), asked(drawn_table())):
        assert (found.part, found.refusals) == (BOTH, ())
        assert [c.part for c in found.courses] == [BOTH, CLINICAL, EXPRESSION]
        for course in found.courses:
            assert (course.years[0], course.share[0]) == (0, 1)
            assert (np.diff(course.share) <= 0).all()
            assert (course.low <= course.share).all() and (course.share <= course.high).all()
            assert course.share[-1] < 1 and course.high[-1] > course.low[-1]
        assert [s.years for s in found.at] == [5, 10]


def test_contributions_add_up_to_the_log_hazard_and_survival_follows_from_it() -> None:
    model = drawn_model()
    for found in answers(model, asked(drawn_table())):
        assert sum(c.log_hazard for c in found.contributions) == pytest.approx(found.log_hazard)
        hazard = model.parts[BOTH].hazard[0, model.places[0]]
        assert found.at[0].share.value == pytest.approx(np.exp(-hazard * np.exp(found.log_hazard)))
        kinds = {c.name: c.kind for c in found.contributions}
        assert {kinds[name] for name in model.spec.history} == {"history"}
        assert {kinds[name] for name in model.spec.treatment} == {"treatment"}


def test_a_contribution_is_the_coefficient_times_the_distance_from_the_mean() -> None:
    model = drawn_model()
    (found,) = answers(model, asked(drawn_table(1)))
    part, age = model.parts[BOTH], next(c for c in found.contributions if c.name == "age")
    assert isinstance(age.value, float)
    assert age.log_hazard == pytest.approx(part.coefficients[0, 0] * (age.value - part.mean[0]))
    gene = next(c for c in found.contributions if c.kind == "gene" and c.name)
    g = model.genes.symbol.index(gene.name)
    column = len(model.encoding.owner) + g
    assert isinstance(gene.value, float)
    assert gene.log_hazard == pytest.approx(part.coefficients[0, column] * (gene.value - part.mean[column]))


def test_a_patient_outside_the_cohorts_ages_is_refused_whatever_else_is_known() -> None:
    table = drawn_table(2)
    table.loc[0, "age"] = 71
    old, young = answers(drawn_model(), asked(table))
    assert ids(old.refusals) == ["survival.outside"] and "26 to 53 years" in old.refusals[0].text
    assert (old.part, old.courses, old.contributions, old.at) == ("", (), (), ())
    assert young.part == BOTH


def test_a_cell_that_cannot_be_read_is_refused_with_what_can_be() -> None:
    table = drawn_table(2).astype({"grade": object})
    table.loc[0, "grade"] = "IV"
    bad, _ = answers(drawn_model(), asked(table))
    assert ids(bad.refusals) == ["survival.unreadable"] and "1, 2, 3" in bad.refusals[0].text


def test_without_a_needed_part_of_the_history_expression_answers_alone_and_says_so() -> None:
    table = drawn_table(2)
    table.loc[0, "nodes"] = np.nan
    found, _ = answers(drawn_model(), asked(table))
    assert (found.part, [c.part for c in found.courses]) == (EXPRESSION, [EXPRESSION])
    assert ids(found.notices) == ["survival.expression_alone"] and "Involved lymph nodes" in found.notices[0].text
    assert found.third is None and found.nodes == ""
    assert sheet(drawn_model(), found) == Message("survival.no_sheet")


def test_that_expression_was_not_shown_to_add_anything_is_said_of_those_whom_it_concerns() -> None:
    model = drawn_model()
    (found,) = answers(model, asked(drawn_table(1)))
    gains = model.survived.gains

    def notices(**changed: bool) -> list[str]:
        made = tuple(replace(g, adds=changed.get("everybody" if not g.subgroup else "parts", True)) for g in gains)
        assert model.card.measured is not None
        measured = replace(model.card.measured, survived=replace(model.survived, gains=made))
        other = replace(model, card=replace(model.card, measured=measured))
        return ids(answers(other, asked(drawn_table(1)))[0].notices)

    assert found.part == BOTH
    assert notices() == []
    assert notices(everybody=False) == ["survival.adds_nothing"]
    assert set(notices(parts=False)) == {"survival.adds_nothing_among"}


def test_what_need_not_be_known_stands_at_the_mean_and_that_is_said() -> None:
    table = drawn_table(1)
    table["lymphocytes"] = ""
    (found,) = answers(drawn_model(), asked(table))
    assert found.part == BOTH and "patient.unknown" in ids(found.notices)
    unknown = next(c for c in found.contributions if c.name == "lymphocytes")
    assert (unknown.value, unknown.log_hazard) == (None, pytest.approx(0))


def test_without_expression_history_answers_alone_and_says_so() -> None:
    table = drawn_table()
    whole = answers(drawn_model(), asked(table))
    for found, before in zip(answers(drawn_model(), asked(table[["sample", *ASKED]])), whole, strict=True):
        assert (found.part, ids(found.notices)) == (CLINICAL, ["survival.clinical_alone"])
        assert found.at == before.courses[1].at
        assert found.sample == before.sample


def test_with_neither_there_is_no_answer_but_both_reasons() -> None:
    table = drawn_table(2)
    table.loc[0, "nodes"] = np.nan
    table.loc[0, genes_of(table)] *= 40
    found, _ = answers(drawn_model(), asked(table))
    assert (found.part, ids(found.refusals)) == ("", ["survival.missing", "survival.scale"])


@pytest.mark.parametrize("change", [lambda v: v * 3.32 * 2, lambda v: v / 10, lambda v: v + 3, lambda v: 2**v * 500])
def test_expression_of_another_scale_is_not_used_and_history_answers(change: object) -> None:
    assert callable(change)
    table = drawn_table()
    table[genes_of(table)] = change(table[genes_of(table)])
    for found in answers(drawn_model(), asked(table)):
        assert (found.part, ids(found.notices)) == (CLINICAL, ["survival.clinical_alone"])
        assert "another scale" in found.notices[0].text and "log10 ratio" in found.notices[0].text


def test_too_few_genes_are_not_used_and_some_missing_ones_are_said() -> None:
    model, table = drawn_model(), drawn_table()
    order = np.argsort(weights(model))
    few = [model.genes.probe[g] for g in order[:5]]
    for found in answers(model, asked(table[["sample", *ASKED, *few]])):
        assert found.part == CLINICAL and "5 of the 30 genes" in found.notices[0].text
    most = [model.genes.probe[g] for g in order[3:]]
    for found in answers(model, asked(table[["sample", *ASKED, *most]])):
        assert found.part == BOTH and "survival.genes_missing" in ids(found.notices)
        assert sum(c.log_hazard for c in found.contributions) == pytest.approx(found.log_hazard)


@pytest.mark.parametrize("names", ["symbol", "entrez", "lower"])
def test_genes_are_found_by_probe_symbol_or_entrez_id(names: str) -> None:
    model, table = drawn_model(), drawn_table()
    other = [p.lower() for p in model.genes.probe] if names == "lower" else getattr(model.genes, names)
    renamed = table.rename(columns=dict(zip(model.genes.probe, other, strict=True)))
    for found, before in zip(answers(model, asked(renamed)), answers(model, asked(table)), strict=True):
        assert found.log_hazard == pytest.approx(before.log_hazard)


def test_an_accession_is_found_with_its_version_and_a_foreign_name_is_not() -> None:
    genes = replace(drawn_model().genes, probe=("NM_002300",), symbol=("LDHB",), entrez=("3945",))
    assert places_of(genes, ["x", "NM_002300.4"]).tolist() == [1]
    assert places_of(genes, ["x", " ldhb "]).tolist() == [1]
    assert places_of(genes, ["NM_0023000", "39450"]).tolist() == [-1]


def test_neither_the_order_of_genes_nor_that_of_patients_changes_an_answer() -> None:
    table = drawn_table()
    other = table.sample(frac=1, random_state=0)[[*table.columns[:1], *table.columns[:0:-1]]]
    before = {a.sample: a for a in answers(drawn_model(), asked(table))}
    for found in answers(drawn_model(), asked(other)):
        assert found.log_hazard == pytest.approx(before[found.sample].log_hazard)


def test_clinical_columns_of_a_table_beside_are_joined_by_the_samples_names() -> None:
    table = drawn_table()
    clinical = table[["sample", *ASKED]].iloc[::-1]
    found = answers(drawn_model(), asked(table[["sample", *genes_of(table)]], clinical))
    for one, before in zip(found, answers(drawn_model(), asked(table)), strict=True):
        assert (one.sample, one.part) == (before.sample, BOTH)
        assert one.log_hazard == pytest.approx(before.log_hazard)


def test_one_patient_is_told_what_they_are_told_among_others() -> None:
    table = drawn_table()
    before = answers(drawn_model(), asked(table))
    for i in range(len(table)):
        (found,) = answers(drawn_model(), asked(table.iloc[[i]]))
        assert found.log_hazard == pytest.approx(before[i].log_hazard, abs=1e-5)


def test_a_file_of_neither_is_refused_with_what_is_needed() -> None:
    with pytest.raises(ManifestError, match="age"):
        asked(pd.DataFrame({"TP53": [1.5, 2.5, 3.1], "MYC": [2.2, 3.9, 1.7]}))


def test_a_model_that_is_written_and_read_again_says_the_same(tmp_path: Path) -> None:
    model = drawn_model()
    save_model(model, tmp_path / "model.npz")
    again = load_model(model.card, tmp_path / "model.npz")
    patients = asked(drawn_table())
    for one, other in zip(answers(model, patients), answers(again, patients), strict=True):
        assert one.at == other.at


def test_a_model_that_was_changed_or_is_of_another_task_is_not_loaded() -> None:
    from medai_core.catalog import find_models

    models = find_models()
    with pytest.raises(ModelError, match="survival"):
        models.survival_model(models.card("heart_failure_death_logistic"))


# What if


def test_what_if_tells_what_it_would_have_told_of_such_a_patient() -> None:
    model, table = drawn_model(), drawn_table()
    changed = table.copy()
    changed.loc[0, "grade"] = "3" if str(table.loc[0, "grade"]) != "3" else "1"
    changed.loc[0, "nodes"] = 7
    found = what_if(model, asked(table), 0, {"grade": str(changed.loc[0, "grade"]), "nodes": 7.0})
    assert found.at == answer(model, asked(changed), 0).at
    assert found.at != answer(model, asked(table), 0).at


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chemotherapy": "yes"}, "trials"),
        ({"weight": 70.0}, "age"),
        ({"age": 80.0}, "26 to 53"),
        ({"grade": "9"}, "1, 2, 3"),
    ],
)
def test_what_if_is_not_asked_of_treatment_nor_of_what_the_cohort_never_saw(changes: dict, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ManifestError, match=said):
        what_if(drawn_model(), asked(drawn_table()), 0, changes)


# The treatment sheet


def test_a_sheet_shows_people_alike_with_the_warning_that_it_is_no_trial() -> None:
    model = drawn_model()
    sheets = [sheet(model, a) for a in answers(model, asked(drawn_table(40)))]
    made = [s for s in sheets if isinstance(s, Sheet)]
    assert made
    for s in made:
        assert s.warnings[0] == NO_TRIAL and "not a trial" in NO_TRIAL.text
        assert (s.stratum.part, s.stratum.nodes, s.stratum.third) == (s.answer.part, s.answer.nodes, s.answer.third)
    assert all(s in (Message("survival.no_stratum"),) for s in sheets if not isinstance(s, Sheet))


def test_the_treatment_received_does_not_decide_who_is_alike() -> None:
    table = drawn_table(40).astype({"chemotherapy": object})
    thirds = []
    for received in ("no", "yes"):
        table["chemotherapy"] = received
        found = answers(drawn_model(), asked(table))
        thirds.append([a.third for a in found])
        assert {1, 2, 3} == set(thirds[-1])
    assert thirds[0] == thirds[1]


def test_a_sheet_on_paper_holds_every_number_and_the_warning_in_either_language(tmp_path: Path) -> None:
    model = drawn_model()
    made = next(s for a in answers(model, asked(drawn_table(40))) if isinstance(s := sheet(model, a), Sheet))
    for words in (Wording(), Wording(catalogue("zh_CN").gettext, "zh_CN")):
        path = tmp_path / f"{words.language}.pdf"
        path.write_bytes(treatment_sheet(made, words, patient="Jane Doe"))
        said = pdf_text(path)
        plain = said.replace(" ", "")
        assert "Jane Doe" in said and words.say(NO_TRIAL).replace(" ", "") in plain
        for told in (*made.answer.at, *made.stratum.survival):
            assert percent(told.share.value) in said
        for fared in made.stratum.drugs:
            assert f"{fared.n}{fared.deaths}" in plain


def test_the_shipped_models_sheets_are_of_ten_people_or_more_and_give_nobody_away_by_subtraction() -> None:
    from medai_core.catalog import find_models

    model = find_models().survival_model(find_models().card(NAME))
    assert SHIPPED.is_dir() and model.survived.strata
    for s in model.survived.strata:
        assert sum(f.n for f in s.drugs) == s.n
        assert not s.surgery or sum(f.n for f in s.surgery) == s.n
        assert not (s.surgery and s.hidden_surgery)
        for f in (*s.drugs, *s.surgery):
            assert f.n >= 10
            for told in f.survival:
                assert told.share.low <= told.share.value <= told.share.high
                assert told.share.low < told.share.high


def test_the_drawn_model_is_listed_in_its_catalog() -> None:
    assert [c.name for c in drawn_models().trained("survival")] == [NAME]
