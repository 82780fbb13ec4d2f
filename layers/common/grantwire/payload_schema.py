"""The fields an event can have, read from payload_schema.json: for checks of what people write, and for the docs.

Read when it is first asked for, and nothing on the path of an event asks. JSON Schema 2020-12:
https://json-schema.org/draft/2020-12
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, TypedDict

from grantwire.frozen import frozen

_EVERY: Final = "[]"  # in a path: each element of a list
_KEY: Final = "<key>"  # in a path: a key that the customer chose
_NEAR: Final = 0.6  # how alike two paths must be (difflib's ratio) for one to be suggested for the other


class FieldType(StrEnum):
    """What a field's value is, in words."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    OBJECT = "object"


@frozen
class PayloadField:
    """One field of a payload: a value, or an object or list that holds further ones.

    path      as docs write it: `[]` stands for each element of a list, `<key>` for a key that the customer chose
    optional  whether it, or an object it stands in, may be null or absent
    meaning   a sentence or two, with the unit
    values    the only texts it can be; empty when it can be any
    example   a value that fits the schema
    """

    path: str
    type: FieldType
    optional: bool
    meaning: str
    values: tuple[str, ...]
    example: object


# The part of JSON Schema that payload_schema.json uses.
_Schema = TypedDict(
    "_Schema",
    {
        "$ref": str,
        "$defs": dict[str, "_Schema"],
        "type": str | list[str],
        "description": str,
        "examples": list[object],
        "enum": list[str],
        "required": list[str],
        "properties": dict[str, "_Schema"],
        "additionalProperties": "bool | _Schema",
        "items": "_Schema",
    },
    total=False,
)
_TYPES: Final = {
    "string": FieldType.TEXT,
    "number": FieldType.NUMBER,
    "array": FieldType.LIST,
    "object": FieldType.OBJECT,
}


def payload_schema() -> Mapping[str, object]:
    """The JSON Schema of a payload. It is shared: who changes it changes it for all."""
    return _schema()


@cache
def fields() -> tuple[PayloadField, ...]:
    """Every field that a producer is known to send, in the schema's order, what holds others before the others."""
    root = _schema()
    return tuple(_below(root, "", _example(root), optional=False))


def look_up(path: Sequence[str]) -> PayloadField | None:
    """The field at a template's path, as in `("data", "access_groups", "0", "integration", "name")`; None if unknown.

    A number, or `[]` for each element, steps into a list. Below `data.custom_fields` every path is known, below a text
    or number none. An event can have a field that is not known: producers grow.
    """
    known = _by_segments()
    found: PayloadField | None = None
    at: tuple[str, ...] = ()
    for segment in path:
        if at[-1:] == (_KEY,):
            break
        steps = found is not None and found.type is FieldType.LIST and _is_index(segment)
        at = (*at, _EVERY if steps else segment)
        if at not in known:
            at = (*at[:-1], _KEY)
        found = known.get(at)
        if found is None:
            return None
    return found


def suggestion(path: Sequence[str], scope: Sequence[str] = ()) -> str:
    """The known path that `path` is part of or most like, as a template writes it, with its indices; "" if none is.

    `scope`: a known path, `[]` for an element of a list; then `path` and what is suggested begin there.
    """
    return _suggested(tuple(path), tuple(scope))


@lru_cache(maxsize=1024)
def _suggested(path: tuple[str, ...], scope: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    begun = len(scope)
    known = {_compared(one[begun:]): one[begun:] for one in _by_segments() if one[:begun] == scope and one != scope}
    wanted = _compared([_EVERY if _is_index(segment) else segment for segment in path])
    holding = sorted((one for one in known if wanted and wanted in one), key=len)
    if not holding or not all(one.startswith(holding[0]) for one in holding):
        holding = get_close_matches(wanted, known, n=1, cutoff=_NEAR)
    return _written(known[holding[0]], path) if holding else ""


@cache
def _schema() -> _Schema:
    schema: _Schema = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return schema


@cache
def _by_segments() -> Mapping[tuple[str, ...], PayloadField]:
    return {tuple(field.path.replace(_EVERY, f".{_EVERY}").split(".")): field for field in fields()}


def _below(parent: _Schema, at: str, example: object, *, optional: bool) -> Iterator[PayloadField]:
    """The fields in an object or a list, and theirs. `example`: one of the parent, which theirs are taken from."""
    for path, schema, own_example, required in _children(parent, at, example):
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        missing = optional or "null" in types or not required
        [name] = [one for one in types if one != "null"]
        yield PayloadField(
            path=path,
            type=_TYPES[name],
            optional=missing,
            meaning=schema["description"],
            values=tuple(schema.get("enum", [])),
            example=own_example,
        )
        yield from _below(schema, path, own_example, optional=missing)


def _children(parent: _Schema, at: str, example: object) -> Iterator[tuple[str, _Schema, object, bool]]:
    """What is directly in an object or a list: path, schema, example, and whether it is always there."""
    if isinstance(example, list):
        yield f"{at}{_EVERY}", _resolved(parent["items"]), example[0], True
    elif isinstance(example, dict):
        for name, schema in parent.get("properties", {}).items():
            path = f"{at}.{name}" if at else name
            yield path, _resolved(schema), example[name], name in parent.get("required", [])
        others = parent.get("additionalProperties")
        if isinstance(others, dict):
            yield f"{at}.{_KEY}", others, next(iter(example.values())), False


def _example(schema: _Schema) -> object:
    """The schema's own example, or one made of those of what it holds."""
    whole = _resolved(schema)
    if "examples" in whole:
        return whole["examples"][0]
    if "items" in whole:
        return [_example(whole["items"])]
    return {name: _example(one) for name, one in whole["properties"].items()}


def _resolved(schema: _Schema) -> _Schema:
    """The schema with what its `$ref` stands for."""
    if "$ref" not in schema:
        return schema
    return {**_schema()["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _compared(path: Sequence[str]) -> str:
    """What two paths are compared by: nearly every one is in `data`, so that makes none alike."""
    return ".".join(path).casefold().removeprefix("data.")


def _written(known: Sequence[str], path: Sequence[str]) -> str:
    """A known path as a template writes it: with the indices of `path`, or 0, and its last segment as the key."""
    indices = iter([segment for segment in path if _is_index(segment)])
    written = []
    for segment in known:
        if segment == _EVERY:
            written.append(next(indices, "0"))
        elif segment == _KEY:
            written.append(path[-1] if path[-1].isidentifier() else f"[{path[-1]}]")
        else:
            written.append(segment)
    return ".".join(written)


def _is_index(segment: str) -> bool:
    """Whether templates take it for the place of an element in a list."""
    return segment.isascii() and segment.isdigit() and len(segment) < 10
