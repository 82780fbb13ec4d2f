"""The fields of a JSON Schema as rows of a table, those of nested objects under their path: `headers[].name`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from local.markdown import heading_link

Schema = Mapping[str, Any]
_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "null": "null",
}
_BOUNDS: Final = {
    "maxLength": "at most {:g} characters",
    "minItems": "at least {:g}",
    "maxItems": "at most {:g}",
    "minimum": "from {:g}",
    "maximum": "to {:g}",
}


class Row(NamedTuple):
    """One field: where it is, what it is, whether it must be there, what else holds for it, what it means."""

    path: str
    kind: str
    needed: str
    rule: str
    meaning: str


def rows(schema: Schema, path: str = "", given: str = "") -> Iterator[Row]:
    """The fields of an object, depth first. `given`: what it has them with, as in "when `kind` is `basic`"."""
    for name, one in schema.get("properties", {}).items():
        at = f"{path}{name}"
        needed = "required" if name in schema.get("required", ()) else ""
        yield Row(f"`{at}`", kind_of(one), semicolons(given, needed), rule_of(one), one.get("description", ""))
        yield from _nested(one, at)


def _nested(schema: Schema, path: str) -> Iterator[Row]:
    if "items" in schema:
        yield from rows(schema["items"], f"{path}[].")
        return
    variants = [one for one in _choices(schema) if "properties" in one]
    if len(variants) < 2:
        yield from rows(variants[0] if variants else {}, f"{path}.")
        return
    kinds = [one["properties"]["kind"]["enum"][0] for one in variants]
    yield Row(f"`{path}.kind`", "text", "required", _one_of(kinds), "")
    for kind, one in zip(kinds, variants, strict=True):
        others = {name: field for name, field in one["properties"].items() if name != "kind"}
        yield from rows({**one, "properties": others}, f"{path}.", f"when `kind` is `{kind}`")


def kind_of(schema: Schema) -> str:
    """The type in words."""
    if "$ref" in schema:
        return heading_link(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        kinds = [kind_of(one) for one in _choices(schema)] + ["null"] * _is_nullable(schema)
        return " or ".join(dict.fromkeys(kinds))
    if "items" in schema:
        return f"list of {_plural(kind_of(schema['items']))}"
    if schema.get("format") == "date-time":
        return "time"
    kinds = schema.get("type", "")
    return " or ".join(_KINDS[one] for one in kinds) if isinstance(kinds, list) else _KINDS.get(kinds, "any JSON")


def rule_of(schema: Schema) -> str:
    """What holds for a value, and its default."""
    bounds = " ".join(words.format(schema[bound]) for bound, words in _BOUNDS.items() if bound in schema)
    values = [value for one in (schema, schema.get("items", {}), *_choices(schema)) for value in _enumerated(one)]
    default = f"default {_default(schema['default'])}" if "default" in schema else ""
    return semicolons(bounds, _one_of(values), default)


def semicolons(*parts: str) -> str:
    """The parts that are not empty."""
    return "; ".join(part for part in parts if part)


def _one_of(values: list[str]) -> str:
    """A choice; of one value it is that value."""
    several = list(dict.fromkeys(values))
    return f"{'one of ' if len(several) > 1 else ''}{', '.join(f'`{value}`' for value in several)}"


def _default(value: object) -> str:
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    return f"`{json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)}`"


def _enumerated(schema: Schema) -> list[str]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _choices(schema: Schema) -> list[Schema]:
    """What a value may be besides null: the schema itself, or those it is any of, taken out of each other."""
    if "anyOf" not in schema:
        return [schema]
    return [inner for one in schema["anyOf"] if one.get("type") != "null" for inner in _choices(one)]


def _is_nullable(schema: Schema) -> bool:
    return any(one.get("type") == "null" for one in schema["anyOf"])


def _plural(kind: str) -> str:
    return re.sub(r"\b(text|number|boolean|object)\b", r"\1s", kind)
