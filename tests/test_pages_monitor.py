"""What a clinician sees on the page Monitor, with the real models behind it."""

from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from medai_core.cards import Card
from medai_core.catalog import Catalog, find_models
from medai_core.prognosis.monitoring import Answers, answer, by_hour
from medai_core.prognosis.monitoring.alarms import alarms, cheapest
from medai_core.records import audit
from medai_core.records.access import LOCAL
from medai_core.records.demo import make_demo, remove_demo
from medai_core.records.store import default_store
from medai_core.sources.observations import read_observations
from tests.test_pages import opened
from tests.test_signin import claims
from tests.test_signin import opened as signed_in
from tests.watched import drawn_table
from ui import words
from ui.language import speaking
from ui.monitor import export, replay
from ui.monitor.said import span

PAGE = "pages/patients/monitor.py"
MODELS = find_models()
CARDS = MODELS.trained("monitoring")
every_card = pytest.mark.parametrize("card", CARDS, ids=[card.name for card in CARDS])
one_card = pytest.mark.parametrize("card", CARDS[:1], ids=[card.name for card in CARDS[:1]])
LATE = next(card for card in CARDS if card.monitoring and card.monitoring.first_hour > 1)
"""A model that says nothing of the first hours."""


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """All AppTests share one session, and so its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()


def html(at: AppTest) -> str:
    """What the page draws itself, without its style."""
    assert not at.exception, at.exception
    return "\n".join(body for element in at.get("html") if "<style>" not in (body := str(element.proto.body)))


def text(at: AppTest) -> str:
    """Every text on the page, without the escapes that keep it from being Markdown."""
    return "\n".join([*(str(getattr(element, "value", "")) for element in at), html(at)]).replace("\\", "")


def example(card: Card) -> bytes:
    return (MODELS.folder_of(card) / "example.csv").read_bytes()


def tried(card: Card, **query: str) -> AppTest:
    """The page with the model's own example."""
    at = opened(PAGE, model=card.name, **query)
    return at.toggle(key="monitor_example").set_value(True).run()


def given(card: Card, data: bytes, name: str = "stays.csv", **query: str) -> AppTest:
    at = opened(PAGE, model=card.name, **query)
    at.file_uploader(key="monitor_file").set_value([(name, data, "application/octet-stream")])
    return at.run()


def in_words(card: Card, table: pd.DataFrame) -> pd.DataFrame:
    """A table as a file has it: categories by their names."""
    known = {p.name: [c.name for c in p.categories] for p in card.predictors if p.categories}
    pairs = zip(table["parameter"], table["value"], strict=True)
    return table.assign(value=[known[p][int(v)] if p in known else f"{v:g}" for p, v in pairs])


def drawn(card: Card, stays: int = 3, hours: int = 30, seed: int = 0) -> pd.DataFrame:
    return in_words(card, drawn_table(card, stays=stays, hours=hours, seed=seed))


def as_file(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False)).encode()


def said_of(card: Card, data: bytes, at: tuple[int, ...], estimator: str | None = None) -> Answers:
    """What the model itself says of the stays in a file."""
    found = read_observations(data, "stays.csv", card.predictors)
    hours = by_hour(found.table, found.stays, card.predictors)
    return answer(MODELS.monitor_model(card), hours, at, estimator=estimator, explain=False)


def shown_risk(at: AppTest) -> str:
    """The big number."""
    return re.findall(r"<h2 class='medai-number'>(.*?)</h2>", html(at))[0]


def said(risk: float) -> str:
    return words.percent(float(risk)).replace("<", "&lt;").replace(">", "&gt;")


def header(at: AppTest) -> str:
    return re.findall(r'<dl class="medai-header">.*?</dl>', html(at))[0]


def hour_of(at: AppTest):  # type: ignore[no-untyped-def]
    return next(s for s in at.slider if s.key.startswith("monitor_hour:"))


def frame(at: AppTest, column: str) -> pd.DataFrame:
    return next(d.value for d in at.dataframe if column in d.value)


def taken(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], list[dict[str, str]]]:
    """What the two buttons hand out when the page runs again."""
    found: dict[str, bytes] = {}
    with monkeypatch.context() as patched:
        patched.setattr(export, "take_away", lambda _l, make, _n, mime, **_more: found.setdefault(mime, make()))
        at.run()
    rows = list(csv.DictReader(found["text/csv"].decode("utf-8-sig").splitlines()))
    return json.loads(found["application/json"]), rows


@every_card
def test_the_example_shows_the_risk_with_its_interval_whose_it_is_and_at_which_hour(card: Card) -> None:
    at = tried(card)
    last = hour_of(at).value
    found = said_of(card, example(card), (last,))
    assert card.monitoring is not None
    assert shown_risk(at) == said(found.risk[0])
    page = text(at)
    assert escape(span(float(found.low[0]), float(found.high[0]))) in page
    assert f"Risk: {card.findings[0].title}, {card.monitoring.horizon}" in page
    assert "it does not say how sure this patient" in page
    for part in ("SYNTHETIC-1", f"{last} of ", "SYNTHETIC example", card.title, f"version {card.version}"):
        assert part in header(at)
    assert card.limits[0] in page


@one_card
def test_the_hour_that_is_chosen_shows_only_what_was_known_by_then(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    assert card.monitoring is not None
    hour = card.monitoring.first_hour + 2
    table = pd.read_csv(MODELS.folder_of(card) / "example.csv")
    whole = tried(card)
    hour_of(whole).set_value(hour).run()
    facts, rows = taken(whole, monkeypatch)
    cut = given(card, as_file(table[table["minute"] <= 60 * hour]))
    hour_of(cut).set_value(hour).run()
    same, others = taken(cut, monkeypatch)
    assert shown_risk(whole) == shown_risk(cut)
    assert rows == others and len(rows) == hour
    about_the_file = {"file", "file_sha256", "synthetic"}
    assert {k: v for k, v in facts.items() if k not in about_the_file} == {
        k: v for k, v in same.items() if k not in about_the_file
    }
    dated = [d.value["Hour"].max() for d in whole.dataframe if "Hour" in d.value]
    assert len(dated) == 2 and max(dated) == hour


def test_an_hour_that_the_model_was_not_measured_at_is_refused_here_and_in_every_export(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = tried(LATE)
    hour_of(at).set_value(1).run()
    assert "No risk is given at this hour" in html(at)
    assert "medai-number" not in html(at)
    facts, rows = taken(at, monkeypatch)
    assert "No risk at hour 1" in str(facts["refused"])
    assert "risk" not in facts and "drivers_log_odds" not in facts
    assert rows[0]["risk"] == "" and "No risk at hour 1" in rows[0]["refusal"]
    assert "There is no risk at this hour" in text(at)


@every_card
def test_every_estimator_can_answer_the_recommended_one_first(card: Card) -> None:
    at = tried(card)
    box = at.selectbox(key=f"monitor_estimator:{card.name}")
    assert card.measured is not None and card.measured.monitored is not None
    known = card.measured.monitored.calibration
    assert box.value == card.measured.monitored.recommended
    assert "(recommended)" in box.options[0] and len(box.options) == len(known)
    for name in known:
        at.selectbox(key=f"monitor_estimator:{card.name}").set_value(name).run()
        assert shown_risk(at) == said(said_of(card, example(card), (hour_of(at).value,), name).risk[0])
        assert ("these numbers do not hold" in text(at)) == (name != card.measured.monitored.recommended)


@one_card
def test_the_alarms_follow_the_level_that_costs_least(card: Card) -> None:
    assert card.monitoring is not None and card.measured is not None and card.measured.monitored is not None
    levels, silent = card.measured.monitored.levels, card.monitoring.silent_hours
    at = tried(card)
    risk = said_of(card, example(card), tuple(range(1, hour_of(at).value + 1))).risk
    seen = []
    for cost in (1.0, card.monitoring.missed_cost, 500.0):
        at.select_slider(key=f"monitor_cost:{card.name}").set_value(cost).run()
        level = cheapest(levels, cost)
        raised = np.flatnonzero(alarms(risk[None, :], level.level, silent)[0]) + 1
        page = text(at)
        assert words.percent(level.level) in page
        assert f"{level.alarms.value:.1f} (" in page and f"{level.false.value:.1f} (" in page
        listed = re.findall(r"Hour (\d+): alarm at a risk", page)
        assert listed == [str(hour) for hour in reversed(raised.tolist())][:12]
        seen.append(level.level)
    assert all(a >= b for a, b in pairwise(seen))


@one_card
def test_what_drives_the_risk_what_changed_and_what_is_missing_is_named(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = tried(card)
    facts, _rows = taken(at, monkeypatch)
    steps = facts["drivers_log_odds"]
    assert isinstance(steps, dict)
    titles = {p.name: p.title for p in card.predictors}
    shown = frame(at, "Effect")
    assert list(shown["Predictor"]) == [titles[name] for name in steps]
    assert all((effect == "raises") == (step > 0) for effect, step in zip(shown["Effect"], steps.values(), strict=True))
    assert "They need not add up" in text(at)
    changed = frame(at, "Now")
    assert all("(hour " in before for before in changed["Before"])
    only = as_file(pd.DataFrame([("A", 30, card.predictors[3].name, 1)], columns=COLUMNS))
    assert "Never measured: " in text(given(card, only))


COLUMNS = ["stay", "minute", "parameter", "value"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a,b\n1,2\n", "none that says when"),
        (b"", "empty"),
        (bytes(range(256)) * 9, "NUL"),
        (b'{"resourceType": "Patient"}', "holds no observation"),
        (b"MSH|^~\\&|A|B|C|D|2025||ADT^A01|1|P|2.5\r", "ORU"),
    ],
)
def test_a_wrong_file_gets_one_sentence_and_what_was_chosen_stays(data: bytes, sentence: str) -> None:
    at = opened(PAGE, model=LATE.name)
    other = at.selectbox(key=f"monitor_estimator:{LATE.name}")
    other.set_value("boosting").run()
    at.file_uploader(key="monitor_file").set_value([("wrong", data, "text/csv")]).run()
    assert sentence in at.error[0].value.replace("\\", "")
    assert "medai-number" not in html(at)
    assert at.selectbox(key=f"monitor_estimator:{LATE.name}").value == "boosting"


def test_another_stay_shows_nothing_of_the_one_before() -> None:
    data = as_file(drawn(LATE))
    at = given(LATE, data)
    stays = next(s for s in at.selectbox if s.key.startswith("monitor_stay:"))
    names = ["S0", "S1", "S2"]
    found = said_of(LATE, data, (30,))
    for i, name in enumerate([*names, "S0"]):
        stays = next(s for s in at.selectbox if s.key.startswith("monitor_stay:"))
        stays.set_value(name).run()
        hour_of(at).set_value(30).run()
        assert shown_risk(at) == said(found.risk[i % 3])
        assert name in header(at)
        assert not any(other in html(at) for other in names if other != name)
    assert len({said(r) for r in found.risk}) == 3


def test_one_changed_value_is_another_file() -> None:
    table = drawn(LATE, stays=1)
    at = given(LATE, as_file(table))
    before = shown_risk(at)
    p = next(p for p in LATE.predictors if p.name in LATE.monitoring.shown)  # type: ignore[union-attr]
    table.loc[table.index[table["parameter"] == p.name][-1], "value"] = f"{p.high:g}"
    at.file_uploader(key="monitor_file").set_value([("stays.csv", as_file(table), "text/csv")]).run()
    assert shown_risk(at) == said(said_of(LATE, as_file(table), (hour_of(at).value,)).risk[0])
    assert shown_risk(at) != before


def test_what_of_a_stay_was_not_used_is_said_by_its_title_and_drawn_nowhere_else() -> None:
    p = next(p for p in LATE.predictors if p.name == "heart_rate")
    more = [("S0", 61, p.name, "99999"), ("S1", 61, p.name, "n/a?"), ("", 5, p.name, "80"), ("S0", 9, "shoe_size", "4")]
    at = given(LATE, as_file(pd.concat([drawn(LATE), pd.DataFrame(more, columns=COLUMNS)])))
    page = text(at)
    assert f"{p.title}: 99999 is outside" in page
    assert "n/a?" not in page
    assert "names no stay" in page
    assert "The model does not ask for: shoe_size (1)." in page
    assert "1 left out" in "".join(str(c.proto.alt) for c in at.get("plotly_chart"))


def test_a_hostile_file_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"S0": "<img src=x onerror=alert(1)>", "S1": "=cmd()|'/c'!A0", "S2": "**b** [x](javascript:1)" * 9}
    table = drawn(LATE).assign(stay=lambda t: t["stay"].map(names))
    evil = pd.DataFrame([(names["S0"], 60, "<script>alert(2)</script>", "1")], columns=COLUMNS)
    at = given(LATE, as_file(pd.concat([table, evil])), "<b>x</b>.csv")
    assert "<img" not in html(at) and "&lt;img src=x" in header(at)
    assert "<script>alert" not in html(at) and "<b>x" not in html(at)
    assert not [m.value for m in at.markdown if "<script" in m.value and "\\<script" not in m.value]
    stays = next(s for s in at.selectbox if s.key.startswith("monitor_stay:"))
    stays.set_value(names["S1"]).run()
    _facts, rows = taken(at, monkeypatch)
    assert {row["stay"] for row in rows} == {"'" + names["S1"]}
    at.segmented_control(key="monitor_view").set_value("ward").run()
    assert set(frame(at, "Rank")["Stay"]) == {name[:80] for name in names.values()}


def test_the_ward_is_ranked_by_risk_with_the_refused_last_and_opens_a_stay() -> None:
    table = drawn(LATE, stays=4)
    data = as_file(table[(table["stay"] != "S2") | (table["minute"] <= 5 * 60)])
    at = given(LATE, data, view="ward")
    shown = frame(at, "Rank")
    assert list(shown["Rank"]) == [1, 2, 3, 4]
    assert shown["Stay"].iloc[-1] == "S2" and shown["Risk"].iloc[-1] == "refused"
    assert "No risk at hour 5" in shown["Warnings"].iloc[-1]
    hours = dict(zip(shown["Stay"], shown["Hour"], strict=True))
    found = {s: said_of(LATE, data, (hours[s],)).risk[int(s[1:])] for s in ("S0", "S1", "S3")}
    assert list(shown["Stay"][:3]) == sorted(found, key=lambda s: -found[s])
    assert list(shown["Risk"][:3]) == [words.percent(float(found[s])) for s in shown["Stay"][:3]]
    assert all(" it" in driver for driver in shown["Strongest driver"][:3])
    assert re.fullmatch(r"[↑↓→] [+−]\d+\.\d", shown["Change in 6 hours, points"].iloc[0])
    box = next(s for s in at.selectbox if s.key.startswith("monitor_ward_open:"))
    second = shown["Stay"].iloc[1]
    box.set_value(second).run()
    assert at.segmented_control(key="monitor_view").value == "stay"
    assert second in header(at) and hour_of(at).value == hours[second]
    assert shown_risk(at) == said(found[second])


def test_the_ward_can_be_seen_at_one_hour_and_is_paged() -> None:
    at = given(LATE, as_file(drawn(LATE, stays=53, hours=14)), view="ward")
    how = next(s for s in at.segmented_control if s.key.startswith("monitor_ward_how:"))
    how.set_value("chosen").run()
    next(s for s in at.slider if s.key.startswith("monitor_ward:")).set_value(13).run()
    shown = frame(at, "Rank")
    assert len(shown) == 50
    assert set(shown["Hour"]) == {13}


def test_it_plays_an_hour_at_a_time_until_the_end_and_offers_no_download_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = tried(LATE)
    last = hour_of(at).max
    hour_of(at).set_value(last - 3).run()
    seconds = count(0, 1)
    monkeypatch.setattr(replay.time, "monotonic", lambda: float(next(seconds)))
    toggle = next(t for t in at.toggle if t.key.startswith("monitor_play:"))
    toggle.set_value(True).run()
    seen = [hour_of(at).value]
    assert not [b for b in at.get("download_button") if "Course" in b.proto.label]
    for _run in range(6):
        at.run()
        seen.append(hour_of(at).value)
    assert seen == sorted(seen) and max(b - a for a, b in pairwise(seen)) == 1
    assert seen[-1] == last
    assert not next(t for t in at.toggle if t.key.startswith("monitor_play:")).value


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is followed, with two stays that are nobody's."""
    folder = tmp_path / "feed"
    folder.mkdir()
    table = drawn(LATE, stays=2, hours=20)
    start = datetime.now(UTC) - timedelta(hours=20)
    times = [(start + timedelta(minutes=float(m))).isoformat() for m in table["minute"]]
    for name, rows in table.assign(time=times).drop(columns="minute").groupby("stay"):
        (folder / f"{name}.csv").write_bytes(as_file(rows))
    monkeypatch.setenv("MEDAI_FEED", str(folder))
    return folder


def test_what_is_followed_live_is_ranked_and_each_stay_can_be_opened(feed: Path) -> None:
    (feed / "<b>evil.csv").write_text("a,b\n1,2\n3,4\n")
    at = opened(PAGE, model=LATE.name, view="live")
    shown = frame(at, "Rank")
    assert set(shown["Stay"]) == {"S0", "S1"}
    risks = [float(risk.split()[0]) for risk in shown["Risk"]]
    assert risks == sorted(risks, reverse=True)
    assert "evil.csv: The table has the columns" in text(at) and "<b>evil" not in html(at)
    assert "Last update" in header(at)
    at.selectbox(key="monitor_live_stay").set_value("S1").run()
    assert shown_risk(at) == said_in(shown, "S1")
    assert len(frame(at, "Value")) > 5


def test_looking_at_what_is_followed_live_is_entered_into_the_audit_and_names_nobody(feed: Path) -> None:
    opened(PAGE, model=LATE.name, view="live")
    store = default_store()
    with store.reading() as connection:
        (entry,) = [e for e in audit.entries(connection) if e.action == "feed.view"]
    store.close()
    assert "S0" not in str(entry)


def test_a_reader_sees_stays_and_takes_nothing_away() -> None:
    at = signed_in(claims("reader"), PAGE)
    at.toggle(key="monitor_example").set_value(True).run()
    assert "medai-number" in html(at)
    assert not at.get("download_button")


def said_in(shown: pd.DataFrame, stay: str) -> str:
    return str(shown.loc[shown["Stay"] == stay, "Risk"].iloc[0])


def test_a_folder_that_is_not_there_is_said_and_without_one_there_is_nothing_live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "Live" not in opened(PAGE).segmented_control(key="monitor_view").options
    monkeypatch.setenv("MEDAI_FEED", str(tmp_path / "absent"))
    at = opened(PAGE, view="live")
    assert "There is no folder" in at.error[0].value


def test_without_a_model_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.cached.find_models", lambda: Catalog(Path("nowhere"), ()))
    assert "No model watches stays yet" in text(opened(PAGE))


@one_card
def test_the_page_speaks_chinese(card: Card) -> None:
    with speaking("zh_CN"):  # AppTest words the widgets' choices outside the page's run
        at = tried(card, lang="zh_CN")
    said = card.translations["zh_CN"]
    page = text(at)
    assert at.title[0].value == "监护"
    assert said.title in page and said.horizon in page and said.limits[0] in page
    assert all(title in said.predictors.values() for title in frame(at, "作用")["预测因子"])


def test_the_demo_ward_is_offered_while_its_patients_are_in_the_record(record: Path) -> None:
    assert "monitor_more" not in {toggle.key for toggle in opened(PAGE, view="ward").toggle}
    shutil.rmtree(record)
    store = default_store()
    make_demo(store, LOCAL, Catalog(MODELS.folder, ()))
    st.cache_resource.clear()
    at = opened(PAGE, view="ward", model=LATE.name)
    at.toggle(key="monitor_more").set_value(True).run()
    stays = next(frame.value["Stay"] for frame in at.dataframe if "Stay" in frame.value)
    assert len(stays) == 4 and all(name.startswith("DEMO, ") for name in stays)
    assert "SYNTHETIC example" in text(at)
    assert at.toggle(key="monitor_example").disabled
    remove_demo(store, LOCAL)
    store.close()
    assert "monitor_more" not in {toggle.key for toggle in at.run().toggle}
