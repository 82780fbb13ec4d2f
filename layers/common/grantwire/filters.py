"""Does an event pass a webhook's filters, and why (not).

Several filters must all hold; the values of one are alternatives. Over a list one matching element is enough, and a
negative operator holds when no element matches. A field the event lacks (absent, null, an empty text, list or object)
makes a positive filter false and a negative one true. Text compares without regard to case or to how Unicode composes
its characters; a number or boolean by its JSON spelling, and `greater_than` and `less_than` by size.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Final
from unicodedata import category, normalize

from grantwire.filter_catalogue import CATALOGUE as CATALOGUE
from grantwire.filter_fields import Finder, finder
from grantwire.filter_fields import field_problem as field_problem
from grantwire.filter_fields import is_field as is_field
from grantwire.frozen import frozen
from grantwire.models import Filter, RequestEvent
from grantwire.spelling import plain_text

MAX_SHOWN: Final = 20
MAX_SHOWN_CHARACTERS: Final = 200
MAX_NUMBER_CHARACTERS: Final = 400
MAX_PATTERN_CHARACTERS: Final = 512

Number = int | float
Test = Callable[[list[object]], bool]  # over the values an event has in the filter's field

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LEAST_PIECE, _MOST_PIECE = 32, 64  # a row of more than 30 marks is no language's (Unicode, UAX #15, 13)

OPERATORS: Final = (
    *("is", "is_not", "contains", "does_not_contain", "starts_with", "ends_with", "matches"),
    *("exists", "does_not_exist", "greater_than", "less_than"),
)
WITHOUT_VALUES: Final = ("exists", "does_not_exist")
_POSITIVE: Final = {"is_not": "is", "does_not_contain": "contains", "does_not_exist": "exists"}
_BY_SIZE: Final = ("greater_than", "less_than")
_BY_PART: Final = ("contains", "does_not_contain", "starts_with", "ends_with")


@frozen
class FilterVerdict:
    """One filter's answer: whether it holds, and the values the event has in its field.

    found  as text, each once, in order; the first 20 of them, each cut after 200 characters
    """

    filter: Filter
    holds: bool
    found: tuple[str, ...]


def explain(filters: tuple[Filter, ...], event: RequestEvent) -> tuple[FilterVerdict, ...]:
    """A verdict for each filter, in order; the event passes when all of them hold."""
    return tuple([_verdict(one, event.payload) for one in filters])


def first_unmet(filters: tuple[Filter, ...], event: RequestEvent) -> Filter | None:
    """The first filter that does not hold, None when the event passes: `explain` without the values found."""
    payload = event.payload
    for one in filters:
        compiled = _compiled(one)
        if compiled.test(compiled.find(payload)) is compiled.negative:
            return one
    return None


def value_problem(operator: str, value: str | None) -> str:
    """Why `operator` cannot compare with `value`, with the way out; empty when it can."""
    if value is None:  # its spelling would be the text null, which no event's null is
        return "is no value to compare with: does_not_exist asks whether there is null or nothing, exists for the rest"
    if operator in _BY_SIZE and number_of(value) is None:
        return f"must be a number, such as 3600 or 0.5, for {operator} to compare with"
    if operator in _BY_PART and not value:
        return "must not be empty, since every text has nothing in it; exists asks whether there is a value at all"
    if operator == "matches" and len(value) > MAX_PATTERN_CHARACTERS:
        return f"must be at most {MAX_PATTERN_CHARACTERS} characters long for matches; is takes longer texts"
    return ""


def folded(value: object) -> str:
    """A text, number or boolean as it is compared: the same for what differs by case or composition (Unicode, D145).

    Composed at the end, so that `e` is no part of `é`. Normalising sorts a run of combining marks in quadratic time,
    hence piece by piece.
    """
    text = value if type(value) is str else _spelled(value)
    if text.isascii():
        return text.casefold()
    return "".join([normalize("NFC", normalize("NFD", piece).casefold()) for piece in _pieces(text)])


def number_of(value: object) -> Number | None:
    """The number that a JSON value is, or that a text spells: digits, a point, an exponent. None for anything else."""
    if type(value) is int:
        return value
    if type(value) is float:
        return value if isfinite(value) else None
    if type(value) is not str or len(value) > MAX_NUMBER_CHARACTERS or not _NUMBER.fullmatch(text := value.strip()):
        return None
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    return number if type(number) is int or isfinite(number) else None


class Wildcards:
    """A pattern for whole texts: `*` is any characters or none, `?` is one; in time proportional to the text."""

    def __init__(self, pattern: str) -> None:
        first, *rest = pattern.split("*")
        self._start = first.partition("?")[0]
        self._first, self._middle = _Run(first), [_Run(run) for run in rest[:-1] if run]
        self._last = _Run(rest[-1]) if rest else None

    def match(self, text: str) -> bool:
        """Whether the whole text is as the pattern says."""
        if not text.startswith(self._start):
            return False
        if self._last is None:
            return len(text) == self._first.size and self._first.stands(text, 0)
        position, end = self._first.size, len(text) - self._last.size
        if end < position or not self._first.stands(text, 0) or not self._last.stands(text, end):
            return False
        for run in self._middle:
            position = run.after(text, position, end)
            if position < 0:
                return False
        return True


class _Run:
    """What stands between two `*`: characters, and `?` for any one."""

    def __init__(self, characters: str) -> None:
        self.size = len(characters)
        self._characters, self._literal = characters, "?" not in characters
        self._any = sum(1 << place for place, one in enumerate(characters) if one == "?")
        self._places: dict[str, int] = {}  # where each character may stand, a bit for each place
        for place, character in enumerate(() if self._literal else characters):
            self._places[character] = self._places.get(character, self._any) | 1 << place

    def stands(self, text: str, position: int) -> bool:
        """Whether it stands at this position of a text that is long enough."""
        if self._literal:
            return text.startswith(self._characters, position)
        there = text[position : position + self.size]
        return all(one in ("?", other) for one, other in zip(self._characters, there, strict=True))

    def after(self, text: str, start: int, end: int) -> int:
        """Where its first occurrence between the two positions ends; -1 when there is none."""
        if self._literal:
            found = text.find(self._characters, start, end)
            return found + self.size if found >= 0 else -1
        begun, whole = 0, 1 << (self.size - 1)  # Shift-And: a bit for each beginning of it that ends at this character
        for position in range(start, end):
            begun = (begun << 1 | 1) & self._places.get(text[position], self._any)
            if begun & whole:
                return position + 1
        return -1


@frozen(kw_only=False)
class _Compiled:
    find: Finder
    test: Test
    negative: bool


@lru_cache(maxsize=1024)
def _compiled(one: Filter) -> _Compiled:
    positive = _POSITIVE.get(one.operator, one.operator)
    find = finder(one.field, objects=positive == "exists")
    return _Compiled(find, _TESTS[positive](one.values), negative=positive != one.operator)


def _verdict(one: Filter, payload: Mapping[str, object]) -> FilterVerdict:
    compiled = _compiled(one)
    values = compiled.find(payload)
    return FilterVerdict(filter=one, holds=compiled.test(values) is not compiled.negative, found=_shown(values))


def _shown(values: list[object]) -> tuple[str, ...]:
    texts: dict[str, None] = {}
    for value in values:
        texts[value if type(value) is str else _spelled(value) or "…"] = None
        if len(texts) == MAX_SHOWN:
            break
    return tuple([text if len(text) <= MAX_SHOWN_CHARACTERS else _cut(text) for text in texts])


def _cut(text: str) -> str:
    return text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def _spelled(value: object) -> str:
    try:
        return plain_text(value)
    except ValueError:  # it nests too deep, or has more digits than Python writes
        return ""


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces, cut where characters do not compose, unless more marks follow one than any language has."""
    start = 0
    while start < len(text):
        end = start + _LEAST_PIECE
        while end < min(len(text), start + _MOST_PIECE) and _composes(text[end]):
            end += 1
        yield text[start:end]
        start = end


def _composes(character: str) -> bool:
    """Whether it may become one with what stands before it: a mark, or a vowel or final consonant of Hangul."""
    return category(character).startswith("M") or "\u1160" <= character <= "\u11ff"


def _is(values: tuple[str, ...]) -> Test:
    return _any([frozenset(map(folded, values)).__contains__])


def _contains(values: tuple[str, ...]) -> Test:
    return _any([_has(folded(value)) for value in values])


def _has(part: str) -> Callable[[str], bool]:
    return lambda text: part in text


def _starts_with(values: tuple[str, ...]) -> Test:
    starts = tuple(map(folded, values))
    return _any([lambda text: text.startswith(starts)])


def _ends_with(values: tuple[str, ...]) -> Test:
    ends = tuple(map(folded, values))
    return _any([lambda text: text.endswith(ends)])


def _matches(values: tuple[str, ...]) -> Test:
    whole = _any([Wildcards(folded(value)).match for value in values])
    by_character = [Wildcards(_folded_by_character(value)) for value in values if "?" in value]

    def test(found: list[object]) -> bool:
        if whole(found):
            return True
        wide = [text for text in map(_spelled, found) if not text.isascii()] if by_character else []
        return any(pattern.match(text) for text in map(_folded_by_character, wide) for pattern in by_character)

    return test


def _any(alternatives: list[Callable[[str], bool]]) -> Test:
    """Whether any value fits any alternative, in plain loops: a generator costs more than the few values there are."""

    def test(found: list[object]) -> bool:
        for value in found:
            text = value.casefold() if type(value) is str and value.isascii() else folded(value)
            for fits in alternatives:
                if fits(text):
                    return True
        return False

    return test


def _folded_by_character(text: str) -> str:
    """Folded with each character one character still, ß too, so that `?` stands for it."""
    whole = "".join([normalize("NFC", piece) for piece in _pieces(text)])
    if len(whole.casefold()) == len(whole):  # no character becomes fewer, so none became more
        return whole.casefold()
    return "".join([one.casefold() if len(one.casefold()) == 1 else one for one in whole])


def _exists(_: tuple[str, ...]) -> Test:
    return bool


def _greater_than(values: tuple[str, ...]) -> Test:
    least = min(_numbers(values))
    return lambda found: max(_numbers(found), default=least) > least


def _less_than(values: tuple[str, ...]) -> Test:
    most = max(_numbers(values))
    return lambda found: min(_numbers(found), default=most) < most


def _numbers(values: Iterable[object]) -> list[Number]:
    return [number for value in values if (number := number_of(value)) is not None]


_TESTS: Final[Mapping[str, Callable[[tuple[str, ...]], Test]]] = {
    "is": _is,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "matches": _matches,
    "exists": _exists,
    "greater_than": _greater_than,
    "less_than": _less_than,
}
