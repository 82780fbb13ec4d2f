"""A template and an event become text in which every value is spelled for the place it stands in.

chevron's tokenizer reads the template; its renderer is never called, because that one looks up attributes, calls
whatever is callable, reads partials from disk and escapes HTML (docs/decisions.md). Values are taken from dicts and
lists only. What a placeholder may look like: https://mustache.github.io/mustache.5.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from chevron.tokenizer import tokenize

from grantwire.errors import TemplateError
from grantwire.spelling import form_text, header_text, inside_json_string, json_text, plain_text, url_text

MAX_TEMPLATE_BYTES: Final = 64 * 1024
MAX_TAGS: Final = 2000
MAX_OUTPUT_CHARACTERS: Final = 256 * 1024

_JSON_STRING_MARKS = re.compile(r'\\.|"', re.DOTALL)
_OPEN_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_BEFORE_A_VALUE, _AFTER_A_VALUE = frozenset(":[,"), frozenset(",]}")
_SEGMENT = re.compile(r"\[(?P<quoted>[^\[\]]+)\]|(?P<plain>[^\s.\[\]{}()|=~@#^/!&'\"`]+)")
_UNSUPPORTED = {
    ">": ("partials are not available", "write the text itself"),
    "=": ("delimiters cannot be changed", "use {{ and }}"),
    "#": (
        "sections are not available",
        "take one element of a list by its index: {{data.access_groups.0.integration.name}}",
    ),
    "^": ("inverted sections are not available", "a missing value is left empty by itself"),
    "/": ("sections are not available", "remove this closing tag"),
}


class Place(StrEnum):
    """Where a template's text goes, which decides how values are spelled."""

    JSON = "json"
    FORM = "form"
    TEXT = "text"
    URL = "url"
    HEADER = "header"


_SPELLINGS: Final[Mapping[Place, Callable[[object], str]]] = {
    Place.FORM: form_text,
    Place.TEXT: plain_text,
    Place.URL: url_text,
    Place.HEADER: header_text,
}


@dataclass(frozen=True, slots=True)
class _Variable:
    path: tuple[str, ...]
    spell: Callable[[object], str]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: literal text and variables, in order."""

    nodes: tuple[str | _Variable, ...]

    def render(self, payload: Mapping[str, object]) -> str:
        """The text for this payload. Raises TemplateError when a value cannot stand where its placeholder is."""
        written: list[str] = []
        size = 0
        for node in self.nodes:
            text = node if type(node) is str else _spelled(node, payload)  # type: ignore[arg-type]
            size += len(text)
            if size > MAX_OUTPUT_CHARACTERS:
                raise TemplateError(f"the rendered text is longer than {MAX_OUTPUT_CHARACTERS} characters")
            written.append(text)
        return "".join(written)

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The path of every variable, in order."""
        return tuple(node.path for node in self.nodes if isinstance(node, _Variable))


@lru_cache(maxsize=1024)
def compile_template(text: str, place: Place) -> Template:
    """Compile `text` for `place`; kept by content. Raises TemplateError with line, column and a hint."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEMPLATE_BYTES:
        raise TemplateError(f"the template is longer than {MAX_TEMPLATE_BYTES // 1024} KB")
    tags = iter(list(_tags(text)))
    nodes: list[str | _Variable] = []
    in_string = False
    for part in _parts(text):
        if isinstance(part, str):
            in_string = _ends_in_string(part, in_string) if place is Place.JSON else False
            nodes += [part] if part else []
        else:
            spell = _SPELLINGS.get(place) or (inside_json_string if in_string else json_text)
            nodes.append(_variable(part[0], spell, *next(tags)))
    if place is Place.JSON:
        _check_json_places(nodes)
    return Template(tuple(node for node in nodes if node != ""))


def _parts(text: str) -> Iterator[str | tuple[str]]:
    """Literal text, whole although a comment stood in it, and (in a tuple) the names of variables."""
    literal = ""
    for kind, value in tokenize(text):
        if kind == "literal":
            literal += value
        else:
            yield literal
            yield (value,)
            literal = ""
    yield literal


def _tags(text: str) -> Iterator[tuple[int, int]]:
    """Line and column of every tag that becomes a variable, found as the tokenizer finds them: next `{{`, next `}}`."""
    position = count = 0
    while (start := text.find("{{", position)) >= 0:
        line, column = _place(text, start)
        count += 1
        end = text.find("}}", start + 2)
        if end < 0:
            raise TemplateError("a placeholder is not closed", line=line, column=column, hint="close it with }}")
        if count > MAX_TAGS:
            raise TemplateError(f"more than {MAX_TAGS} placeholders", line=line, column=column)
        content = text[start + 2 : end]
        if content[:1] in _UNSUPPORTED:
            message, hint = _UNSUPPORTED[content[:1]]
            raise TemplateError(message, line=line, column=column, hint=hint)
        if not content.strip("{& \t\r\n"):
            raise TemplateError("an empty placeholder", line=line, column=column, hint="name a field: {{event_type}}")
        triple = content.startswith("{")
        if triple and not text.startswith("}", end + 2):
            raise TemplateError("'{{{' is closed by '}}'", line=line, column=column, hint="close it with }}}")
        if not content.startswith("!"):
            yield line, column
        position = end + 2 + triple


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _ends_in_string(literal: str, in_string: bool) -> bool:
    """Whether a JSON string is open after `literal`, given whether one was open before it."""
    for mark in _JSON_STRING_MARKS.finditer(literal):
        in_string ^= mark.group() == '"'
    return in_string


def _check_json_places(nodes: list[str | _Variable]) -> None:
    """Refuse places where some value, though not every, would break the JSON around it."""
    for before, node, after in zip(["", *nodes], nodes, [*nodes[1:], ""], strict=False):
        if type(node) is str:
            continue
        assert isinstance(node, _Variable)  # noqa: S101 - for the type checker
        place = {"line": node.line, "column": node.column}
        if node.spell is inside_json_string:
            if type(before) is str and _OPEN_ESCAPE.search(before):
                raise TemplateError(
                    "a placeholder follows an unfinished escape", **place, hint="write \\\\ for a backslash"
                )
        elif not (_edge(before, -1) <= _BEFORE_A_VALUE and _edge(after, 0) <= _AFTER_A_VALUE):
            message = "a placeholder outside quotes must be a whole value"
            raise TemplateError(
                message, **place, hint='put the text and its placeholders between quotes: "{{event_type}} …"'
            )


def _edge(neighbour: "str | _Variable", index: int) -> frozenset[str]:
    """The character next to a placeholder, spaces aside: none at the template's ends; between two, none that fits."""
    return frozenset(neighbour.strip()[index:][:1]) if type(neighbour) is str else frozenset("}{")


def _variable(name: str, spell: Callable[[object], str], line: int, column: int) -> _Variable:
    hint = "a field is written {{data.requester.name}}, a key with odd characters {{data.custom_fields.[Cost center]}}"
    if name in ("else", "this", ".") or name.startswith(("@", "../")):
        raise TemplateError(f"'{name}' has a meaning inside sections only", line=line, column=column, hint=hint)
    path: list[str] = []
    position = 0
    while segment := _SEGMENT.match(name, position):
        path.append(segment["quoted"] or segment["plain"])
        position = segment.end()
        if position == len(name):
            return _Variable(tuple(path), spell, line, column)
        if name[position] != ".":
            break
        position += 1
    raise TemplateError(f"'{name}' is not the path of a field", line=line, column=column, hint=hint)


def _spelled(variable: _Variable, payload: Mapping[str, object]) -> str:
    try:
        return variable.spell(_value_at(payload, variable.path))
    except ValueError as exc:
        name = ".".join(variable.path)
        raise TemplateError(f"'{name}' {exc}", line=variable.line, column=variable.column) from exc


def _value_at(node: object, path: tuple[str, ...]) -> object:
    """The value at `path`, None when there is none. Exact types only: no attribute, no method, no subclass."""
    for key in path:
        if type(node) is dict:
            node = node.get(key)
        elif type(node) is list and key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node
