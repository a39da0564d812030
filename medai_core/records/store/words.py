"""What people are found by: words without case, accents and punctuation, alike in the record and in a search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

SHORTEST = 2
"""Signs of a word from which it is searched for; of a script without case, such as Chinese, one is enough."""
LONGEST = 200


def one_line(text: str) -> str:
    """``text`` with single spaces and without signs that cannot be printed, which PostgreSQL may not store."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def fold(text: str) -> str:
    """``text`` without case, accents and punctuation, words set apart by one space.

    >>> fold("Müller-Łukasz, ANA")
    'muller łukasz ana'
    """
    return " ".join(re.findall(r"\w+", _bare(text)))


def _bare(text: str) -> str:
    """``text`` without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def words_of(name: str, number: str | None, birth_date: date | None) -> set[str]:
    """What a person is found by: each word of name and number, and the birth date.

    >>> sorted(words_of("O'Neill, Ana", "A-17", None))
    ['17', 'a-17', 'ana', 'neill', 'oneill']
    """
    found = {birth_date.isoformat()} if birth_date else set()
    for part in f"{name} {number or ''}".split():
        words = fold(part).split()
        found.update(words)
        if _numbered(part):
            # "17" and "17-2" find "A-17-2".
            bare = _bare(part)
            found |= {bare[match.start() :] for match in re.finditer(r"\b\w", bare)}
        else:
            found.add("".join(words))
    return set(_long_enough({*found, *_joined(fold(name).split())}))


def _joined(words: list[str]) -> set[str]:
    """Family and given name in one, as "王小东" is written."""
    return {a + b for a, b in pairwise(words) if _caseless(a) and _caseless(b)}


def _numbered(part: str) -> bool:
    return any(sign.isdigit() for sign in part)


def _caseless(word: str) -> bool:
    return unicodedata.category(word[0]) == "Lo"


def _long_enough(words: Iterable[str]) -> list[str]:
    # Cut, as a folded sign can be many: "ﷺ" is 18.
    return [word[:LONGEST] for word in words if len(word) >= SHORTEST or (word and _caseless(word))]


def searched(text: str) -> list[str]:
    """The words that are searched for: shorter ones are left out; a number or a birth date stays in one piece.

    >>> searched("Müller-Łukasz, a 1980-05-17")
    ['muller', 'łukasz', '1980-05-17']
    """
    found = []
    for part in one_line(text).split():
        bare = re.sub(r"^\W+|\W+$", "", _bare(part))
        found += [bare] if _numbered(part) else fold(part).split()
    return _long_enough(found)
