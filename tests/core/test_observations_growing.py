"""A file that grows under a live feed is read piece by piece and says the same as the whole of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medai_core.sources.observations import Growing, pieces
from tests.stays import START, Seen, csv, lines, long_table, message, messages, observation, obx, read, rows, wide_table

SEEN = [
    Seen("4711", 0, "heart_rate", "80"),
    Seen("4711", 0, "temperature", "36.8"),
    Seen("4712", 0, "heart_rate", "101"),
    Seen("4711", 30, "heart_rate", "84"),
    Seen("4712", 60, "temperature", "39.4"),
]
FORMS = {
    "long": csv(long_table(SEEN)).decode(),
    "wide": csv(wide_table(SEEN)).decode().replace("\n", "\r\n"),
    "lines": lines(*[observation(s) for s in SEEN]).decode() + "\n",
    "messages": messages(SEEN),
    "framed": "".join(f"\x0b{message(s.stay, obx(s))}\x1c\r" for s in SEEN),
    "visit": message("4711", *[obx(s) for s in SEEN if s.stay == "4711"], pv1="PV1|1|I" + "|" * 17 + "V1").replace(
        "\r", "\r\n"
    ),
}


def follow(parts: list[str]) -> tuple[set[Any], list[str]]:
    """What a feed has read after all parts: its rows, and its stays in order."""
    growing, found, stays = Growing(), set(), {}
    for part in parts:
        growing, piece = growing.add(part)
        if piece:
            read_now = read(piece, "feed", started=stays)
            stays.update(read_now.started)
            found |= set(rows(read_now))
    assert growing.begun.strip() == ""
    return found, list(stays)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=8))
def test_a_file_in_pieces_says_what_the_whole_says(form: str, cuts: list[int]) -> None:
    text = FORMS[form]
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    whole = read(text, "feed", started={"4711": START, "4712": START, "V1": START})
    found, stays = follow([text[a:b] for a, b in pairwise(edges)])
    assert found == set(rows(whole))
    assert sorted(stays) == sorted(whole.stays)


def test_the_heading_alone_is_nothing_to_read_yet() -> None:
    growing, piece = Growing().add("stay,minute,HR\n")
    assert piece == b""
    growing, piece = growing.add("7,1,8")
    assert piece == b""
    growing, piece = growing.add("0\n7,2,81")
    assert rows(read(piece)) == [("7", 1, "heart_rate", 80)]
    assert rows(read(growing.add("\n")[1])) == [("7", 2, "heart_rate", 81)]


def test_an_observation_that_comes_late_stands_under_its_own_patient() -> None:
    first, last = obx(SEEN[0]), obx(SEEN[3])
    growing, piece = Growing().add(message("4711", first))
    assert len(read(piece).table) == 1
    growing, piece = growing.add(f"{last}\r")
    assert rows(read(piece, started={"4711": START})) == [("4711", 30, "heart_rate", 84)]
    growing, piece = growing.add(message("4712", obx(SEEN[2])))
    assert read(piece).stays == ("4712",)


def test_a_message_is_not_taken_for_the_patients_before_its_visit_is_known() -> None:
    text = message("4711", obx(SEEN[0]), pv1="PV1|1|I" + "|" * 17 + "V1")
    cut = text.index("PV1")
    growing, piece = Growing().add(text[:cut])
    assert piece == b""
    assert read(growing.add(text[cut:])[1]).stays == ("V1",)


def test_lines_are_cut_at_their_ends_and_not_within_quotation_marks() -> None:
    assert pieces("b\nc", "a") == ("ab\n", "c")
    assert pieces("b", "a") == ("", "ab")
    assert pieces('"x\ny', "a,", quoted=True) == ("", 'a,"x\ny')
    assert pieces('z"\nb', 'a,"x\ny', quoted=True) == ('a,"x\nyz"\n', "b")
    assert pieces("a\r\nb\rc\n") == ("a\r\nb\rc\n", "")
