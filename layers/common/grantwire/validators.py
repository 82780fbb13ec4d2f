"""Does a response hold what the webhook expects of it.

A validator passes when any node at its JSONPath equals any expected value, compared by JSON spelling without quotes.
`$` is the document {"status", "headers", "data"}, where `data` is the response body; a path that finds nothing there
is tried on the body itself, so that both `$.data.status` and `$.incidents[0].status` work.

Accepted paths: `$`, then `.name`, `['name']`, `[n]`, `[-n]`, `[*]`, `.*`, `[start:end:step]`, `..name`. They are
re-emitted with every name quoted before jsonpath-ng sees them, since it misreads escapes and many bare names.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from grantwire.errors import JsonPathError
from grantwire.frozen import frozen
from grantwire.models import HttpResponse, ResponseValidator
from grantwire.spelling import plain_text

MAX_PATH_CHARACTERS: Final = 512
MAX_STEPS: Final = 32
MAX_DEPTH: Final = 100
MAX_SHOWN: Final = 20
MAX_WORK: Final = 4_000_000  # characters that all validators of a webhook spell together, and what else costs as much
_TOO_MUCH: Final = (
    "the answer is too large for all these validators together: '..' and [*] look at each of its values; "
    "name the places where the values stand, or have fewer such paths"
)
ACCEPTED: Final = "a path starts at $ and goes on with .name, ['name'], [0], [-1], [*], .*, [0:2] or ..name"

# Text, like the other long patterns that few processes ever use: `re` compiles them then, and keeps them.
_STEP: Final = r"""(?P<descent>\.\.)?(?:
        (?(descent)|\.)(?P<name>[^\s.\[\]'"()@$*,:?&|=<>!+/\\~`^{};]+)
      | (?(descent)|\.)(?P<wildcard>\*)
      | \[\s*(?:'(?P<single>[^'\\]*)'|"(?P<double>[^"\\]*)")\s*\]
      | \[\s*(?P<index>-?\d{1,9})\s*\]
      | \[\s*(?P<every>\*)\s*\]
      | \[\s*(?P<slice>(?:-?\d{1,9})?:(?:-?\d{1,9})?(?::\d{1,9})?)\s*\]
    )"""


@frozen
class ValidatorVerdict:
    """One validator's answer: what it found at its path (JSON spelling, the first 20) and whether that will do."""

    validator: ResponseValidator
    holds: bool
    found: tuple[str, ...]
    reason: str


class _Node(Protocol):
    value: object


class _Path(Protocol):
    def find(self, data: object, /) -> Sequence[_Node]: ...


def normalise(path: str) -> str:
    """The path with every name quoted, as jsonpath-ng reads it. Raises JsonPathError outside the grammar above."""
    if len(path) > MAX_PATH_CHARACTERS:
        raise JsonPathError(f"the path is longer than {MAX_PATH_CHARACTERS} characters")
    if not path.startswith("$"):
        raise JsonPathError(f"the path does not start at $; {ACCEPTED}")
    if path.count("..") > 1:  # each one multiplies the work by the depth of the answer
        raise JsonPathError("the path has more than one '..'")
    pattern = re.compile(_STEP, re.VERBOSE)
    written, position, steps = ["$"], 1, 0
    while position < len(path):
        step = pattern.match(path, position)
        if not step:
            raise JsonPathError(f"'{path[position:][:20]}' at character {position + 1} is not understood; {ACCEPTED}")
        written.append(_normalised(step))
        position, steps = step.end(), steps + 1
    if steps > MAX_STEPS:
        raise JsonPathError(f"the path has more than {MAX_STEPS} steps")
    return "".join(written)


def _normalised(step: re.Match[str]) -> str:
    dots = step["descent"] or ""
    name = next((value for value in (step["name"], step["single"], step["double"]) if value is not None), None)
    if name is not None:
        quote = '"' if "'" in name else "'"
        if "'" in name and '"' in name:
            raise JsonPathError(f"the name {name!r} holds both kinds of quotes, which no path can carry")
        return f"{dots or '.'}{quote}{name}{quote}"
    if dots and not step["wildcard"]:
        raise JsonPathError(f"after '..' a name must follow; {ACCEPTED}")
    if dots:
        raise JsonPathError(f"'..*' visits everything and is not accepted; {ACCEPTED}")
    return f"[{step['index'] or step['slice'] or '*'}]" if not step["wildcard"] else ".*"


@lru_cache(maxsize=256)
def compile_path(path: str) -> _Path:
    """The compiled path, kept by its text (a compilation costs half a millisecond). Raises JsonPathError."""
    from jsonpath_ng import parse  # type: ignore[attr-defined]  # imported here because it costs 30 ms and most webhooks have no validator
    from jsonpath_ng.exceptions import JSONPathError

    try:
        compiled: _Path = parse(normalise(path))
    except JSONPathError as exc:
        raise JsonPathError(f"the path is not understood; {ACCEPTED}") from exc
    return compiled


def judge(validators: tuple[ResponseValidator, ...], response: HttpResponse) -> tuple[ValidatorVerdict, ...]:
    """A verdict for each validator, in order; the response will do when all of them hold."""
    if not validators:
        return ()
    body, values, problem = _parsed(response)
    if problem:
        return tuple(
            ValidatorVerdict(validator=one, holds=False, found=(), reason=f"the body {problem}") for one in validators
        )
    headers = {name.lower(): value for name, value in response.headers}
    search = _Search({"status": response.status, "headers": headers, "data": body}, body, values)
    return tuple(search.verdict(one) for one in validators)


@dataclass(eq=False, repr=False, slots=True)
class _Search:
    """The documents, how many values the body has, and how much work may still be done in them by all validators."""

    envelope: Mapping[str, object]
    body: object
    values: int
    work_left: int = MAX_WORK

    def verdict(self, validator: ResponseValidator) -> ValidatorVerdict:
        try:
            found = self._found(validator.json_path)
        except _TooMuchWorkError:
            return ValidatorVerdict(validator=validator, holds=False, found=(), reason=_TOO_MUCH)
        holds = not set(validator.expected_values).isdisjoint(found)
        unmet = "no value is among the expected ones" if found else "the path finds nothing in the body"
        return ValidatorVerdict(
            validator=validator, holds=holds, found=tuple(found[:MAX_SHOWN]), reason="" if holds else unmet
        )

    def _found(self, path: str) -> list[str]:
        compiled = compile_path(path)
        found: list[str] = []
        for document in (self.envelope, self.body):
            self._spend(self.values * _cost_of_a_value(path))
            for node in compiled.find(document):
                found.append(_spelled(node))
                self._spend(len(found[-1]))
            if found:
                break
        return found

    def _spend(self, work: int) -> None:
        self.work_left -= work
        if self.work_left < 0:
            raise _TooMuchWorkError


class _TooMuchWorkError(Exception):
    """The bound is reached."""


def _cost_of_a_value(path: str) -> int:
    """In characters spelled, which take as long: `..`, `*` and slices try the rest of the path at many values."""
    return 20 + len(path) if any(many in path for many in ("..", "*", ":")) else 0


def _parsed(response: HttpResponse) -> tuple[object, int, str]:
    """The response's body, how many values it has, and why no validator can look into it; empty when they can."""
    if response.truncated:
        return None, 0, "is cut off at 64 KB"
    if not response.body:
        return None, 0, "is empty"
    try:
        body = json.loads(response.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None, 0, "is not JSON"
    values = _count(body)
    return body, values, "" if values else f"nests deeper than {MAX_DEPTH}"


def _spelled(node: _Node) -> str:
    try:
        return "null" if node.value is None else plain_text(node.value)
    except ValueError:  # it nests too deep to be spelled, and so cannot be what was expected
        return ""


def _count(body: object) -> int:
    """How many values the body has; 0 when they nest deeper than MAX_DEPTH."""
    level: list[object] = [body]
    values = depth = 0
    while level:
        values, depth = values + len(level), depth + 1
        if depth > MAX_DEPTH:
            return 0
        level = [child for node in level for child in _children(node)]
    return values


def _children(node: object) -> Iterator[object]:
    if type(node) is dict:
        return iter(node.values())
    return iter(node) if type(node) is list else iter(())


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
