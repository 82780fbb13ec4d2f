"""How the values of a JSON template are spelled: bare, inside a string, or inside a string that is itself a JSON
document, at any depth; and which places are refused because some value, though not every, would break the JSON there.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from grantwire.errors import TemplateError
from grantwire.spelling import inside_json_string, json_text
from grantwire.tags import Kind, Tag, Token

_TO_QUOTE = re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BEGUN_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_OUTSIDE_STRINGS = re.compile(r"[ \t\r\n{}\[\],:]+|-?[0-9][0-9.eE+-]*|true|false|null")
_BEFORE_A_VALUE, _AFTER_A_VALUE = ":[,\n\x1e", ",]}\n\x1e"  # the last two: between the lines of JSON
MAX_INNER_PARTS: Final = 6000  # placeholders, and the texts between them
_LONGEST: Final = 256 * 1024
_BEGINNING = re.compile(r'\s*(?:\{\s*(?:"|\Z)|\[\s*["{\[])')
_BLANKS: Final = " \t\r"
_CLOSING: Final = {"{": "}", "[": "]"}

Spell = Callable[[object], str]


def spellings(tokens: Sequence[Token], *, lines: bool = False) -> dict[int, Spell]:
    """How each variable is spelled, by its tag's number. Raises TemplateError for a place where no value can stand.

    `lines`: each line is JSON of its own, so that a value may also stand between two line breaks.
    """
    inner: list[Token] = []
    found = _spellings(_Places(tokens, _BLANKS if lines else None), inner)
    if len(inner) > MAX_INNER_PARTS:
        tag = next(token for token in reversed(inner) if isinstance(token, Tag))
        message = f"JSON documents in strings have more than {MAX_INNER_PARTS} parts, counted at each depth"
        raise tag.error(message, "nest them less deep, or leave placeholders away")
    return found


def _spellings(places: "_Places", inner: list[Token]) -> dict[int, Spell]:
    found: dict[int, Spell] = dict.fromkeys(places.in_strings, inside_json_string)
    for index in places.bare:
        tag = places.tokens[index]
        assert isinstance(tag, Tag)  # noqa: S101 - for the type checker
        found[tag.number] = _bare(places, index, tag)
    for string in places.strings:
        found |= {number: _escaped(spell) for number, spell in _document(string, inner).items()}
    return found


class _Places:
    """Where the tags of a JSON text stand.

    in_strings    the numbers of the variables inside strings
    bare          the variables outside strings, by their index among the tokens
    strings       what each string that holds a tag is made of
    outside       the literal text outside strings
    has_sections  whether a section begins in it
    is_open       whether a section or a string goes on where it ends
    blanks        the characters that mean nothing outside strings, as str.strip() takes them
    """

    def __init__(self, tokens: Sequence[Token], blanks: str | None = None) -> None:
        self.tokens, self.blanks = tokens, blanks
        self.in_strings: list[int] = []
        self.bare: list[int] = []
        self.strings: list[list[Token]] = []
        self.outside: list[str] = []
        self._string: list[Token] | None = None
        self.has_sections = False
        self._opened: list[bool] = []
        self._in_escape = False
        for index, token in enumerate(tokens):
            if isinstance(token, str):
                self._literal(token)
            else:
                self._tag(index, token)
        self.is_open = self._string is not None or bool(self._opened)

    def _literal(self, text: str) -> None:
        begun, string = 0, self._string
        while mark := _TO_QUOTE.match(text, begun):
            end = mark.end()
            if string is None:
                self.outside.append(text[begun : end - 1])
                string = []
            else:
                string.append(text[begun : end - 1])
                if len(string) > 1:  # a tag is in it
                    self.strings.append(string)
                string = None
            begun = end
        (self.outside if string is None else string).append(text[begun:])
        self._string = string
        self._in_escape = string is not None and _ends_in_escape(text)

    def _tag(self, index: int, tag: Tag) -> None:
        in_string = self._string is not None
        if self._in_escape:
            raise tag.error("a placeholder follows an unfinished escape", "write \\\\ for a backslash")
        if tag.kind is Kind.VARIABLE and in_string:
            self.in_strings.append(tag.number)
        elif tag.kind is Kind.VARIABLE:
            self.bare.append(index)
        elif tag.kind not in (Kind.ELSE, Kind.END):
            self._opened.append(in_string)
            self.has_sections = True
        elif not self._opened or in_string is not self._opened[-1]:
            message = (
                f"the section '{tag.name.text}' begins {_where(not in_string)} a string and ends {_where(in_string)} it"
            )
            raise tag.error(message, "put the whole section between the quotes, or the quotes into the section")
        elif tag.kind is Kind.END:
            self._opened.pop()
        if self._string is not None:
            self._string.append(tag)


def _ends_in_escape(text: str) -> bool:
    """Whether the text of a string ends within an escape, of which `\\u000` is the longest beginning."""
    begun = _BEGUN_ESCAPE.search(text, max(0, len(text) - 5))
    if begun is None:
        return False
    before = text[: begun.start() + 1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _where(in_string: bool) -> str:
    return "inside" if in_string else "outside"


def _bare(places: "_Places", index: int, tag: Tag) -> Spell:
    """A whole value. Next to a section's tag it stands between spaces: what it meets must not become one with it."""
    before, after = _neighbour(places, index, -1), _neighbour(places, index, 1)
    fits = [
        before.kind is not Kind.VARIABLE if isinstance(before, Tag) else before in _BEFORE_A_VALUE,
        after.kind is not Kind.VARIABLE if isinstance(after, Tag) else after in _AFTER_A_VALUE,
    ]
    if not all(fits):
        hint = 'put the text and its placeholders between double quotes: "{{event_type}} …"; a body that is no JSON'
        hint += " needs a Content-Type header such as text/plain"
        raise tag.error("a placeholder outside quotes must be a whole value", hint)
    return _spaced if isinstance(before, Tag) or isinstance(after, Tag) else json_text


def _spaced(value: object) -> str:
    return f" {json_text(value)} "


def _neighbour(places: "_Places", index: int, step: int) -> Token:
    """The next tag, or the next character that is no space; empty at the text's end."""
    index += step
    while 0 <= index < len(places.tokens):
        token = places.tokens[index]
        if isinstance(token, Tag):
            return token
        if text := token.strip(places.blanks):
            return text[0 if step > 0 else -1]
        index += step
    return ""


def _document(string: Sequence[Token], inner: list[Token]) -> dict[int, Spell]:
    """How the variables of a string are spelled that is itself a JSON document; none of them when it is not one.

    `inner`: the parts of all that may be one so far, at any depth; after MAX_INNER_PARTS no other is looked into.
    """
    if not any(isinstance(token, str) and "\\" in token for token in string):  # no quote can be in it
        return {}
    try:
        decoded = [_decoded(token) if isinstance(token, str) else token for token in string]
    except ValueError:  # the string itself is no JSON, which is found elsewhere
        return {}
    text = "".join(token for token in decoded if isinstance(token, str)).strip()
    if '"' not in text:
        return {}
    try:
        if text[-1] == _CLOSING.get(text[0]):
            if len(inner) > MAX_INNER_PARTS:
                return {}
            inner += string
            places = _Places(decoded)
            if _is_document(places):
                return _spellings(places, inner)
    except (ValueError, RecursionError, TemplateError):  # places that no JSON has
        pass
    if _looks_like_a_document(decoded):
        tag = next(token for token in string if isinstance(token, Tag))
        message = "the string around this begins like a JSON document, and is none in which values could be kept apart"
        raise tag.error(message, "let quotes, sections and values fit as in any JSON, or begin the text with a word")
    return {}


def _looks_like_a_document(tokens: Sequence[Token]) -> bool:
    """Whether the text, or what a section in it writes, begins as an object or a list of texts and objects does."""
    begins = True
    for token in tokens:
        if isinstance(token, str):
            if begins and _BEGINNING.match(token):
                return True
            begins = begins and not token.strip()
        elif token.kind is not Kind.VARIABLE:
            begins = token.kind is not Kind.END
    return False


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(strict=False, parse_int=str, parse_constant=_refuse_constant)


def _decoded(text: str) -> str:
    return str(_DECODER.raw_decode(f'"{text}"')[0]) if "\\" in text else text


def _is_document(places: "_Places") -> bool:
    """Whether the text is JSON; with sections, which make many texts of it, whether it holds nothing else than JSON."""
    if places.is_open:
        return False
    if places.has_sections:
        return all(map(_is_json, places.outside))
    tokens = list(places.tokens)
    for index in places.bare:
        tokens[index] = "0"
    _DECODER.decode("".join([token for token in tokens if isinstance(token, str)]))
    return True


def _is_json(text: str) -> bool:
    """Whether the text can stand in JSON outside strings."""
    position = 0
    while match := _OUTSIDE_STRINGS.match(text, position):
        position = match.end()
    return position == len(text)


@cache
def _escaped(spell: Spell) -> Spell:
    """The spelling once more escaped, for a string in a string; each level can double the text."""

    def escaped(value: object) -> str:
        text = spell(value)
        if len(text) > _LONGEST:
            raise ValueError(f"is longer than {_LONGEST} characters when it is escaped")
        return inside_json_string(text)

    return escaped
