"""A template and an event become text in which every value is spelled for the place it stands in.

chevron's tokenizer reads the template; its renderer is never called, because that one looks up attributes, calls
whatever is callable, reads partials from disk and escapes HTML (docs/decisions.md). Values are taken from dicts and
lists only, by exact type. docs/templates.md says what a template may hold, and how that differs from Mustache.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, cast

from grantwire import json_places, tags
from grantwire.errors import TemplateError
from grantwire.frozen import frozen
from grantwire.spelling import form_text, header_text, plain_text, url_text
from grantwire.tags import LOOP_NAMES, Kind, Name, Tag, Token

MAX_TEMPLATE_BYTES: Final = 64 * 1024
MAX_OUTPUT_CHARACTERS: Final = 256 * 1024
MAX_STEPS: Final = 20_000


class Place(StrEnum):
    """Where a template's text goes, which decides how values are spelled."""

    JSON = "json"
    JSON_LINES = "json_lines"
    FORM = "form"
    TEXT = "text"
    URL = "url"
    HEADER = "header"


Spell = Callable[[object], str]
_SPELLINGS: Final[Mapping[Place, Spell]] = {
    Place.FORM: form_text,
    Place.TEXT: plain_text,
    Place.URL: url_text,
    Place.HEADER: header_text,
}


Loop = tuple[int, object, bool, bool]
Find = Callable[[list[object], list[Loop]], object]


@frozen(kw_only=False)
class Variable:
    """A value's place, how the value is found among the scopes, and how it is spelled there."""

    tag: Tag
    find: Find
    spell: Spell


@frozen(kw_only=False)
class Section:
    """What is written when a value is there (for each of its elements, when it is a list), and otherwise."""

    tag: Tag
    find: Find
    body: "tuple[Node, ...]"
    otherwise: "tuple[Node, ...]"


Node = str | Variable | Section


@frozen(kw_only=False)
class Template:
    """A compiled template: literal text, variables and sections, in order."""

    nodes: tuple[Node, ...]
    has_sections: bool

    def render(self, payload: Mapping[str, object]) -> str:
        """The text for this payload. Raises TemplateError when a value cannot stand where its placeholder is."""
        rendering = _Rendering(payload)
        rendering.write(self.nodes)
        return "".join(rendering.written)


@lru_cache(maxsize=1024)
def compile_template(text: str, place: Place) -> Template:
    """Compile `text` for `place`; kept by content. Raises TemplateError with line, column and a hint."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEMPLATE_BYTES:
        raise TemplateError(f"the template is longer than {MAX_TEMPLATE_BYTES // 1024} KB")
    tokens = tags.read(text)
    if place in (Place.JSON, Place.JSON_LINES):
        spellings = json_places.spellings(tokens, lines=place is Place.JSON_LINES)
    else:
        spellings = dict.fromkeys((token.number for token in tokens if isinstance(token, Tag)), _SPELLINGS[place])
    nodes, _ = _block(iter(tokens), spellings)
    return Template(nodes, any(type(node) is Section for node in nodes))


def _block(tokens: Iterator[Token], spellings: Mapping[int, Spell]) -> tuple[tuple[Node, ...], Kind]:
    """The nodes up to the else or the end of the section they stand in, and which of the two it was."""
    nodes: list[Node] = []
    for token in tokens:
        if isinstance(token, str):
            nodes.append(token)
        elif token.kind is Kind.VARIABLE:
            nodes.append(Variable(token, _finder(token.name), spellings[token.number]))
        elif token.kind in (Kind.ELSE, Kind.END):
            return tuple(nodes), token.kind
        else:
            body, ended_by = _block(tokens, spellings)
            otherwise = _block(tokens, spellings)[0] if ended_by is Kind.ELSE else ()
            if token.inverted:
                body, otherwise = otherwise, body
            nodes.append(Section(token, _finder(token.name), body, otherwise))
    return tuple(nodes), Kind.END


class _Rendering:
    """One template being written for one payload. Scopes and loops: the innermost last."""

    __slots__ = ("loops", "scopes", "size", "steps", "written")

    def __init__(self, payload: Mapping[str, object]) -> None:
        self.written: list[str] = []
        self.size = self.steps = 0
        self.scopes: list[object] = [payload]
        self.loops: list[Loop] = []

    def write(self, nodes: Sequence[Node]) -> None:
        self.steps += len(nodes) + 1
        if self.steps > MAX_STEPS:
            raise TemplateError(f"the template takes more than {MAX_STEPS} steps for this event")
        scopes, loops, append = self.scopes, self.loops, self.written.append
        for node in nodes:
            if type(node) is Variable:
                try:
                    text = node.spell(node.find(scopes, loops))
                except ValueError as exc:
                    raise node.tag.error(f"'{node.tag.name.text}' {exc}") from exc
            elif type(node) is Section:
                self._section(node)
                continue
            else:
                text = cast(str, node)
            self.size += len(text)
            if self.size > MAX_OUTPUT_CHARACTERS:
                raise TemplateError(f"the rendered text is longer than {MAX_OUTPUT_CHARACTERS} characters")
            append(text)

    def _section(self, section: Section) -> None:
        kind, value = section.tag.kind, section.find(self.scopes, self.loops)
        if kind is Kind.EACH or (kind is Kind.SECTION and type(value) is list):
            self._each(section, value)
        elif not value and type(value) is not dict:
            self.write(section.otherwise)
        elif kind is Kind.IF:
            self.write(section.body)
        else:
            self.scopes.append(value)
            self.write(section.body)
            self.scopes.pop()

    def _each(self, section: Section, value: object) -> None:
        """Over a list, or over an object's values; anything else has no elements."""
        elements: Iterable[tuple[object, object]] = ()
        last = -1
        if type(value) is list:
            elements, last = enumerate(value), len(value) - 1
        elif type(value) is dict:
            elements, last = value.items(), len(value) - 1
        if last < 0:
            self.write(section.otherwise)
            return
        scopes, loops, body = self.scopes, self.loops, section.body
        for index, (key, element) in enumerate(elements):
            scopes.append(element)
            loops.append((index, key, index == 0, index == last))
            self.write(body)
            scopes.pop()
            loops.pop()


def _finder(name: Name) -> Find:
    """How the named value is found; None when there is none. Mustache: the first key is looked for in each scope."""
    up, path = name.up, name.path
    if name.loop:
        position = LOOP_NAMES.index(name.loop)
        return lambda _, loops: loops[-1][position] if loops else None
    if name.strict:
        innermost = -1 - up
        return lambda scopes, _: _value_at(scopes[innermost], path)
    first, rest = path[0], path[1:]

    def find(scopes: list[object], _: list[Loop]) -> object:
        for scope in reversed(scopes[:-up] if up else scopes):
            if type(scope) is dict:
                if first in scope:
                    return _value_at(scope[first], rest)
            elif (index := _index(scope, first)) >= 0:
                return _value_at(cast(list[object], scope)[index], rest)
        return None

    return find


def _value_at(node: object, path: tuple[str, ...]) -> object:
    """The value at `path`, None when there is none. Exact types only: no attribute, no method, no subclass."""
    for key in path:
        if type(node) is dict:
            node = node.get(key)
        elif (index := _index(node, key)) >= 0:
            node = cast(list[object], node)[index]
        else:
            return None
    return node


def _index(node: object, key: str) -> int:
    """The element that the key names, when the node is a list that has it; otherwise -1."""
    if type(node) is list and key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(node):
        return int(key)
    return -1
