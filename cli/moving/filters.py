"""Filters of other systems as filters here; what means something else is left, with the reason."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli import Document
from cli.errors import Problem

Found = Document | Problem
_ROOTS: Final = ("data", "event_type", "event_time")
_MORE: Final = "more events pass without it; write a filter by hand"
_COMPARING: Final = {"$eq": "is", "$neq": "is_not", "$gt": "greater_than", "$lt": "less_than"}
_IN: Final = {"$in": "is", "$nin": "is_not"}
_PART: Final = {"$startsWith": "starts_with", "$endsWith": "ends_with"}
_BY_PATTERN: Final = {
    "prefix": "starts_with",
    "suffix": "ends_with",
    "equals-ignore-case": "is",
    "wildcard": "matches",
}


def of_operators(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[Found]:
    """Filters of `{"status": "paid", "amount": {"$gt": 5}}`, as Outpost and Convoy write them."""
    for key, value in schema.items():
        inner = (*path, *key.split("."))  # Convoy may have flattened it
        if key == "$and" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
            for one in value:
                yield from of_operators(one, path)
        elif key.startswith("$"):
            yield _compared(path, key, value)
        elif isinstance(value, dict):
            yield from of_operators(value, inner)
        elif _is_plain(value):
            yield _filter(inner, "is", [value])
        else:
            yield _left(inner, value)


def _compared(path: tuple[str, ...], operator: str, value: object) -> Found:
    if not path:
        return _left((operator,), value)
    if operator in _COMPARING and _is_plain(value):
        return _filter(path, _COMPARING[operator], [value])
    if operator in _IN and isinstance(value, list) and value and all(map(_is_plain, value)):
        return _filter(path, _IN[operator], value)
    if operator == "$in" and isinstance(value, str) and value:
        return _filter(path, "contains", [value])
    if operator in _PART and isinstance(value, str) and value:
        return _filter(path, _PART[operator], [value])
    if operator == "$exist" and isinstance(value, bool):
        return _existence(path, value)
    return _left((*path, operator), value)


def of_pattern(pattern: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[Found]:
    """Filters of the `detail` of an EventBridge pattern: `{"status": ["paid"], "name": [{"prefix": "a"}]}`."""
    for key, value in pattern.items():
        inner = (*path, key)
        if isinstance(value, dict):
            yield from of_pattern(value, inner)
        elif isinstance(value, list) and value and all(map(_is_plain, value)):
            yield _filter(inner, "is", value)
        elif isinstance(value, list) and value and all(isinstance(one, dict) and len(one) == 1 for one in value):
            yield from _matched(inner, value)
        else:
            yield _left(inner, value)


def _matched(path: tuple[str, ...], rules: list[Document]) -> Iterator[Found]:
    """The alternatives of one field; they can be one filter when all are of the same kind."""
    kinds = {next(iter(one)) for one in rules}
    values = [next(iter(one.values())) for one in rules]
    kind, value = next(iter(kinds)), values[0]
    if len(kinds) == 1 and kind in _BY_PATTERN and all(map(_is_text, values)) and not _is_odd(kind, values):
        yield _filter(path, _BY_PATTERN[kind], values)
    elif len(rules) > 1:
        yield _left(path, rules)
    elif kind == "exists" and isinstance(value, bool):
        yield _existence(path, value)
    elif kind == "anything-but" and all(map(_is_plain, value if isinstance(value, list) else [value])):
        yield _filter(path, "exists", None)  # there it matches nothing that is missing
        yield _filter(path, "is_not", value if isinstance(value, list) else [value])
    elif kind == "numeric" and isinstance(value, list):
        yield from _numeric(path, value)
    else:
        yield _left(path, rules)


def _numeric(path: tuple[str, ...], value: list[Any]) -> Iterator[Found]:
    known = {">": "greater_than", "<": "less_than", "=": "is"}
    for sign, number in zip(value[::2], value[1::2], strict=False):
        if sign in known:
            yield _filter(path, known[sign], [number])
        else:
            yield _left(path, {"numeric": [sign, number]})


def _is_odd(kind: str, values: list[Any]) -> bool:
    """Whether a wildcard has what means something else here: `?` is a character there, `\\` makes `*` one."""
    return kind == "wildcard" and any("?" in one or "\\" in one for one in values)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _filter(path: tuple[str, ...], operator: str, values: list[Any] | None) -> Document:
    made: Document = {"field": field_of(path), "operator": operator}
    if values is not None:
        made["values"] = [one if isinstance(one, str) else json.dumps(one) for one in values]
    return made


def _existence(path: tuple[str, ...], wanted: bool) -> Document:
    return _filter(path, "exists" if wanted else "does_not_exist", None)


def _left(path: tuple[str, ...], value: object) -> Problem:
    return Problem(".".join(path), f"{json.dumps(value, ensure_ascii=False)} has no filter like it here: {_MORE}")


def field_of(path: tuple[str, ...]) -> str:
    """The path in the payload. What does not begin as a payload does is looked for in its `data`."""
    rooted = path if path[0] in _ROOTS else ("data", *path)
    return ".".join(one if re.fullmatch(r"\w[\w-]*", one, re.ASCII) else f"[{one}]" for one in rooted)
