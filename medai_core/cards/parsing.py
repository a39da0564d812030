"""A checked dataclass from a TOML table; whatever does not fit is named."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import tomli

from medai_core.errors import CardError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """A file of a model, before it is checked.

    Raises
    ------
    CardError : it cannot be read, or is no TOML.
    """
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError("card.unreadable", path=str(path), detail=str(error)) from error


def parse(kind: type[T], table: dict[str, Any], path: str, where: str = "") -> T:
    """A dataclass from a TOML table; ``where`` is the dotted place of the table in the file."""
    hints = _hints(kind)  # type: ignore[arg-type]  # mypy does not see that a class can be hashed
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # every caller passes a dataclass
    for name in table:
        if name not in known:
            raise CardError("card.unknown", path=path, field=where + name)
    values = {}
    for name, f in known.items():
        if name in table:
            values[name] = _convert(hints[name], table[name], path, where + name)
        elif f.default is MISSING and f.default_factory is MISSING:
            raise CardError("card.missing", path=path, field=where + name)
    return kind(**values)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    """The fields' types; a card has thousands of tables of a few kinds."""
    return typing.get_type_hints(kind)


def _convert(hint: Any, value: Any, path: str, where: str) -> Any:
    """``value`` as the type that ``hint`` describes."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert(next(a for a in arguments if a is not type(None)), value, path, where)
    if is_dataclass(hint) and isinstance(value, dict):
        return parse(typing.cast(type[Any], hint), value, path, where + ".")
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], v, path, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {k: _convert(arguments[1], v, path, f"{where}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and origin is None and type(value) is hint:
        return value
    needed = getattr(hint, "__name__", str(hint)) if origin is None else str(origin.__name__)
    raise CardError("card.wrong_type", path=path, field=where, found=repr(value)[:60], needed=needed)
