"""Does a response hold what the webhook expects of it.

A validator passes when any node at its JSONPath equals any expected value, compared by JSON spelling without quotes.
`$` is the document {"status", "headers", "data"}, where `data` is the response body; a path that finds nothing there
is tried on the body itself, so that both `$.data.status` and `$.incidents[0].status` work.

Accepted paths: `$`, then `.name`, `['name']`, `[n]`, `[-n]`, `[*]`, `.*`, `[start:end:step]`, `..name`. They are
re-emitted with every name quoted before jsonpath-ng sees them, since it misreads escapes and many bare names.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from grantwire.errors import JsonPathError
from grantwire.models import HttpResponse, ResponseValidator
from grantwire.spelling import plain_text

MAX_PATH_CHARACTERS: Final = 512
MAX_STEPS: Final = 32
MAX_NODES: Final = 10_000
MAX_DEPTH: Final = 100
MAX_SHOWN: Final = 20
ACCEPTED: Final = "a path starts at $ and goes on with .name, ['name'], [0], [-1], [*], .*, [0:2] or ..name"

_STEP = re.compile(
    r"""(?P<descent>\.\.)?(?:
        (?(descent)|\.)(?P<name>[^\s.\[\]'"()@$*,:?&|=<>!+/\\~`^{};]+)
      | (?(descent)|\.)(?P<wildcard>\*)
      | \[\s*(?:'(?P<single>[^'\\]*)'|"(?P<double>[^"\\]*)")\s*\]
      | \[\s*(?P<index>-?\d{1,9})\s*\]
      | \[\s*(?P<every>\*)\s*\]
      | \[\s*(?P<slice>(?:-?\d{1,9})?:(?:-?\d{1,9})?(?::\d{1,9})?)\s*\]
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
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
    written, position, steps = ["$"], 1, 0
    while position < len(path):
        step = _STEP.match(path, position)
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
    body, problem = _parsed(response)
    if problem:
        return tuple(
            ValidatorVerdict(validator=one, holds=False, found=(), reason=f"the body {problem}") for one in validators
        )
    headers = {name.lower(): value for name, value in response.headers}
    envelope = {"status": response.status, "headers": headers, "data": body}
    return tuple(_verdict(one, envelope, body) for one in validators)


def _parsed(response: HttpResponse) -> tuple[object, str]:
    """The response's body, and why no validator can look into it; empty when they can."""
    if response.truncated:
        return None, "is cut off at 64 KB"
    if not response.body:
        return None, "is empty"
    try:
        body = json.loads(response.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None, "is not JSON"
    return body, "" if _is_small(body) else f"has more than {MAX_NODES} values, or nests deeper than {MAX_DEPTH}"


def _verdict(validator: ResponseValidator, envelope: dict[str, object], body: object) -> ValidatorVerdict:
    path = compile_path(validator.json_path)
    found = [_spelled(node) for node in path.find(envelope) or path.find(body)]
    holds = not set(validator.expected_values).isdisjoint(found)
    reason = "" if holds else "no value is among the expected ones" if found else "the path finds nothing in the body"
    return ValidatorVerdict(validator=validator, holds=holds, found=tuple(found[:MAX_SHOWN]), reason=reason)


def _spelled(node: _Node) -> str:
    try:
        return "null" if node.value is None else plain_text(node.value)
    except ValueError:  # it nests too deep to be spelled, and so cannot be what was expected
        return ""


def _is_small(body: object) -> bool:
    """Whether a path can be followed in bounded time: at most MAX_NODES values, nested at most MAX_DEPTH deep."""
    level: list[object] = [body]
    seen = depth = 0
    while level:
        seen, depth = seen + len(level), depth + 1
        if seen > MAX_NODES or depth > MAX_DEPTH:
            return False
        level = [child for node in level for child in _children(node)]
    return True


def _children(node: object) -> Iterator[object]:
    if type(node) is dict:
        return iter(node.values())
    return iter(node) if type(node) is list else iter(())


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
