"""Reads a template's text into literals and tags: Mustache (https://mustache.github.io/mustache.5.html) and the
spellings of Handlebars that people know (each, if, unless, else, this, @index).

chevron's tokenizer splits the text and drops lines that hold nothing but a section's tag. Before it does, every tag is
read here, where its line and column are known, and handed on as its number: so no tag can mean anything else to it.
Literal text goes as its number too, since the tokenizer copies what is left of a template several times for each tag.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from chevron.tokenizer import tokenize

from grantwire.errors import TemplateError

MAX_TAGS: Final = 2000
MAX_DEPTH: Final = 16
MAX_CHARACTERS: Final = 512
MAX_KEYS: Final = 32
_HINT: Final = (
    "a field is written {{data.requester.name}}, a key with odd characters {{data.custom_fields.[Cost center]}}"
)
_SEGMENT = re.compile(r"""\[(?:"([^"]+)"|'([^']+)'|([^\[\]]+))\]|([^\s.\[\]{}()|=~@#^/!&'"`]+)""")
_BRACKETS = re.compile(r"""\.?\[(['"]?)([^\[\]]+?)\1\]""")
_OPENING = re.compile(r"(?P<mark>[#^])\s*(?:(?P<word>each|if|unless)(?:\s+|\Z))?(?P<name>.*)", re.DOTALL)
LOOP_NAMES: Final = ("index", "key", "first", "last")
_BRACE_BEFORE_TAG = re.compile(r"\{(?=\{\{(?:!--|[#^/!](?![^}]*\}\}\})))")  # {{{#if x}}: an object, then a section
_LINE_END = re.compile(r"[ \t]*(?=\r?\n|\Z)")
_LINE_BREAKS: Final = ("\n", "\r\n")
_UNSUPPORTED: Final = {
    ">": ("partials are not available", "write the text itself"),
    "=": ("delimiters cannot be changed", "use {{ and }}"),
    "~": ("whitespace control is not available", "leave the ~ away"),
}


class Kind(StrEnum):
    """What a tag is. An inverted section is an `if` whose body is its `else`."""

    VARIABLE = "variable"
    SECTION = "section"
    EACH = "each"
    IF = "if"
    ELSE = "else"
    END = "end"


class Name(NamedTuple):  # no dataclass, and a tag neither: making thousands of them is much of what compiling takes
    """What a tag names.

    up      how many scopes `../` steps out first
    path    keys and indexes, one after the other; empty: the scope itself (`this`, `.`)
    strict  whether only that one scope is looked at (`this.name`), and not those around it
    loop    index, key, first or last: where the innermost loop is (`@index`)
    """

    up: int = 0
    path: tuple[str, ...] = ()
    strict: bool = False
    loop: str = ""

    @property
    def text(self) -> str:
        """The name in one spelling, for messages."""
        return f"@{self.loop}" if self.loop else "../" * self.up + (".".join(self.path) or "this")


class Tag(NamedTuple):
    """One tag.

    number    its place among all tags, or for `else` and `end`: the number of the section they belong to
    inverted  whether the section's body is for what is false or empty
    """

    kind: Kind
    number: int
    name: Name
    line: int
    column: int
    inverted: bool = False

    def error(self, message: str, hint: str = "") -> TemplateError:
        """An error at this tag."""
        return TemplateError(message, line=self.line, column=self.column, hint=hint)


Token = str | Tag


def read(text: str) -> list[Token]:
    """The template's literals (never empty, never two in a row) and tags, in order. Raises TemplateError."""
    reading = _Reading(text)
    tokens: list[Token] = []
    literal = ""
    for kind, value in tokenize("".join(reading.written)):
        if kind == "literal":
            literal += reading.literal(value)
            continue
        if literal:
            tokens.append(literal)
            literal = ""
        tag = reading.tags[int(value)]
        if kind == "end":
            tokens.append(reading.later(Kind.END, tag))
        elif kind == "inverted section":  # an else was handed on as an end and another section
            tokens[-1] = reading.later(Kind.ELSE, tag)
        else:
            tokens.append(tag)
    return [*tokens, literal] if literal else tokens


@dataclass(eq=False, repr=False)
class _Section:
    """A section that is not closed yet, the word that closes it, and whether its else was there."""

    tag: Tag
    word: str
    in_else: bool = False

    @property
    def closing(self) -> str:
        """The tag that closes it."""
        return f"{{{{/{self.word}}}}}"

    @property
    def is_scope(self) -> bool:
        """Whether names inside are looked up in the section's value first."""
        return self.tag.kind in (Kind.SECTION, Kind.EACH) and not self.in_else


class _Reading:
    """A template's text being read.

    tags      every variable's and section's tag, by its number
    literals  every literal text, by its number
    written   what the tokenizer gets: the numbers, in Mustache
    """

    def __init__(self, text: str) -> None:
        self.tags: list[Tag] = []
        self.literals: list[str] = []
        self.written: list[str] = []
        self._opened: list[_Section] = []
        self._later: dict[tuple[Kind, int], Tag] = {}
        position = 0
        for count, (start, content, end, line, column) in enumerate(_spans(text)):
            literal, position = text[position:start], end
            place = Tag(Kind.VARIABLE, len(self.tags), Name(), line, column)
            if count == MAX_TAGS:
                raise place.error(f"more than {MAX_TAGS} placeholders")
            tag = self._tag(content, place)
            if not tag[2].isdigit() and (rest := _LINE_END.match(text, end)):
                begun = literal.rstrip(" \t")
                if begun.endswith("\n") or not (begun or self.written):  # the tokenizer drops the line: nothing is left
                    literal, position, tag = begun, rest.end(), tag.replace("}}{{", "}}\n{{")
            self.written += (self._stand_in(literal), tag)
        if self._opened:
            raise self._opened[-1].tag.error("this section is not closed", f"close it with {self._opened[-1].closing}")
        self.written.append(self._stand_in(text[position:]))

    def later(self, kind: Kind, section: Tag) -> Tag:
        """The section's else or end, where it stands."""
        place = self._later[kind, section.number]
        return section._replace(kind=kind, line=place.line, column=place.column)

    def literal(self, stand_in: str) -> str:
        """The text that the tokenizer gave back, without its first line when that one was dropped."""
        literal = self.literals[int(stand_in)]
        dropped = literal.startswith(_LINE_BREAKS) and not stand_in.startswith("\n")
        return literal.partition("\n")[2] if dropped else literal

    def _stand_in(self, literal: str) -> str:
        """Its number, between line breaks where the text has its first and last."""
        if not literal:
            return ""
        self.literals.append(literal)
        first, last = literal.startswith(_LINE_BREAKS), literal.endswith("\n")
        return "\n" * first + str(len(self.literals) - 1) + "\n" * last

    def _tag(self, content: str, place: Tag) -> str:
        """The tag as the tokenizer gets it; digits follow the braces when it is a variable's."""
        if content[:1] == "!":
            return "{{!}}"
        if len(content) > MAX_CHARACTERS:
            raise place.error(f"a placeholder is longer than {MAX_CHARACTERS} characters", _HINT)
        if content[-1:] == "~":
            raise place.error(*_UNSUPPORTED["~"])
        if content[:1] in ("#", "^"):
            self._opened.append(_opened(content, place, self._opened))
            self.tags.append(self._opened[-1].tag)
            return f"{{{{#{place.number}}}}}"
        if content[:1] == "/":
            number = _closed(content[1:].strip(), place, self._opened)
            self._later[Kind.END, number] = place
            return f"{{{{/{number}}}}}"
        if content == "else" and self._opened:
            number = _else(place, self._opened)
            self._later[Kind.ELSE, number] = place
            return f"{{{{/{number}}}}}{{{{^{number}}}}}"
        name = _name(content.removeprefix("&").strip(), place, self._opened)
        self.tags.append(Tag(Kind.VARIABLE, place.number, name, place.line, place.column))
        return f"{{{{{place.number}}}}}"


def _spans(text: str) -> Iterator[tuple[int, str, int, int, int]]:
    """Each tag's start, content (`&name` for `{{{name}}}`), end, line and column."""
    position = line_start = 0
    line = 1
    while (start := text.find("{{", position)) >= 0:
        start += bool(_BRACE_BEFORE_TAG.match(text, start))
        line += text.count("\n", position, start)
        line_start = max(line_start, text.rfind("\n", position, start) + 1)
        column = start - line_start + 1
        triple, remark = text.startswith("{", start + 2), text.startswith("!--", start + 2)
        closing = "--}}" if remark else "}}"
        end = text.find(closing, start + 2)
        if end < 0:
            hint = f"close it with {closing}"
            raise TemplateError("a placeholder is not closed", line=line, column=column, hint=hint)
        if triple and not text.startswith("}", end + 2):
            raise TemplateError("'{{{' is closed by '}}'", line=line, column=column, hint="close it with }}}")
        content, position = text[start + 2 + triple : end].strip(), end + len(closing) + triple
        yield start, f"&{content}" if triple else content, position, line, column
        line += text.count("\n", start, position)
        line_start = max(line_start, text.rfind("\n", start, position) + 1)


def _opened(content: str, place: Tag, opened: Sequence[_Section]) -> _Section:
    match = _OPENING.fullmatch(content)
    assert match is not None  # noqa: S101 - it begins with a mark
    name = match["name"].strip()
    if len(opened) == MAX_DEPTH:
        raise place.error(f"sections nest deeper than {MAX_DEPTH}")
    if content == "^":
        raise place.error("'{{^}}' is not available", "write {{else}}")
    if not name:
        raise place.error("a section names no field", f"name one: {{{{{content} data.approvals}}}}")
    word = match["word"] or ""
    kind = Kind.IF if word in ("if", "unless") or match["mark"] == "^" else Kind(word or Kind.SECTION)
    inverted = (match["mark"] == "^") is not (word == "unless")
    return _Section(place._replace(kind=kind, name=_name(name, place, opened), inverted=inverted), word or name)


def _closed(word: str, place: Tag, opened: list[_Section]) -> int:
    """The number of the section that is closed."""
    if not opened:
        raise place.error(f"'{word}' was never opened", f"open it with {{{{#{word}}}}}, or remove this tag")
    section = opened.pop()
    if "".join(word.split()) != "".join(section.word.split()):
        at = f"line {section.tag.line}, column {section.tag.column}"
        message = f"'{word}' is closed, but the section that was opened at {at} is '{section.word}'"
        raise place.error(message, f"close that one first: {section.closing}")
    return section.tag.number


def _else(place: Tag, opened: Sequence[_Section]) -> int:
    """The number of the section whose else it is."""
    if opened[-1].in_else:
        raise place.error("a second {{else}} in one section", "nest another {{#if …}} instead")
    opened[-1].in_else = True
    return opened[-1].tag.number


def _name(content: str, place: Tag, opened: Sequence[_Section]) -> Name:
    if not content:
        raise place.error("an empty placeholder", "name a field: {{event_type}}")
    if content[0] in _UNSUPPORTED:
        raise place.error(*_UNSUPPORTED[content[0]])
    if content.startswith("@") and not content.startswith("@root"):
        return _loop_name(content, place, opened)
    if content == "else" or content.startswith("else "):
        raise place.error(f"'{content}' is not available here", "an {{else}} stands alone, inside a section")
    rest = content
    while rest.startswith("../"):
        rest = rest[3:]
    up = (len(content) - len(rest)) // 3
    scopes = sum(section.is_scope for section in opened)
    if up > scopes:
        raise place.error(f"'{content}' steps out of more sections than there are", "leave '../' away")
    if content == "@root":
        return Name(up=scopes, strict=True)
    if content.startswith("@root."):
        return Name(up=scopes, path=_path(content.removeprefix("@root."), content, place), strict=True)
    if rest in ("this", "."):
        return Name(up=up, strict=True)
    for start in ("this.", "this/", "./"):
        if rest.startswith(start):
            return Name(up=up, path=_path(rest.removeprefix(start), content, place), strict=True)
    return Name(up=up, path=_path(rest, content, place))


def _loop_name(content: str, place: Tag, opened: Sequence[_Section]) -> Name:
    if content[1:] not in LOOP_NAMES:
        raise place.error(f"'{content}' is not available", f"there are {', '.join('@' + one for one in LOOP_NAMES)}")
    if not any(section.is_scope for section in opened):
        raise place.error(f"'{content}' has a meaning inside {{{{#each …}}}} only", _HINT)
    return Name(loop=content[1:])


def _path(text: str, content: str, place: Tag) -> tuple[str, ...]:
    path = _keys(text)
    if path is None:
        helpers = "; helpers and their arguments are not available" if " " in content else ""
        raise place.error(f"'{content}' is not the path of a field", _bracketed(text, content) or _HINT + helpers)
    if len(path) > MAX_KEYS:
        raise place.error(f"'{content}' has more than {MAX_KEYS} parts", _HINT)
    return path


def _keys(text: str) -> tuple[str, ...] | None:
    """The keys of a path; None when it is none."""
    path: list[str] = []
    position = 0
    while segment := _SEGMENT.match(text, position):
        path.append(segment[segment.lastindex or 0])
        position = segment.end()
        if position == len(text):
            return tuple(path)
        if text[position] != ".":
            break
        position += 1
    return None


def _bracketed(text: str, content: str) -> str:
    """What is written instead of brackets as in JavaScript, `list[0]['a key']`; empty for anything else."""
    meant = _BRACKETS.sub(r".[\2]", text).removeprefix(".")
    return f"write {{{{{content.removesuffix(text)}{meant}}}}}" if meant != text and _keys(meant) else ""
