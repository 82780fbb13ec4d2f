"""Fuzzes templates: `make fuzz SECONDS=60`, or one seed again: `make fuzz SEED=123`.

Each seed makes a template's text (from a grammar, damaged, or 64 KB built to be slow), compiles it for every place and
renders it for hostile events. Only TemplateError may come out; a rendering is bounded; and a JSON template without
sections that is JSON for the samples is JSON for every event. The slowest compilation and the slowest rendering are
printed with their seeds; more than 50 ms of CPU for either is a broken promise too.
"""
# ruff: noqa: T201 - a command prints

import argparse
import contextlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from grantwire.errors import TemplateError
from grantwire.models import TRIGGERS
from grantwire.samples import sample_payload
from grantwire.templates import MAX_OUTPUT_CHARACTERS, MAX_TEMPLATE_BYTES, Place, compile_template

TARGET_MS: Final = 50.0
_PATHS: Final = (
    *(
        "a",
        "b",
        "a.b",
        "a.0",
        "list",
        "list.1",
        "map",
        "data",
        "data.requester.name",
        "data.access_groups",
        "event_type",
    ),
    *(
        "this",
        ".",
        "this.a",
        "./b",
        "../a",
        "../../b",
        "../this",
        "@index",
        "@key",
        "@first",
        "@last",
        "@root.a",
        "@root",
    ),
    *(
        "__class__",
        "a.__class__.__init__",
        "data.keys",
        "a.format",
        "[a b]",
        "a.[b]",
        "größe",
        "a b",
        "a..b",
        "null",
        "if",
    ),
)
_PIECES: Final = (
    *(
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{",
        "}",
        "[",
        "]",
        '"',
        '\\"',
        "\\\\",
        "\\",
        "\\u00",
        ":",
        ",",
        " ",
        "\n",
        "\r\n",
        "\t",
        "  ",
    ),
    *(
        "{{else}}",
        "{{! c }}",
        '{{! " }}',
        "{{!-- }} --}}",
        "{{>a}}",
        "{{=< >=}}",
        "{{~a}}",
        "{{^}}",
        "{{/a}}",
        "{{#a}}",
        "{{/if}}",
    ),
    *("0", "1e5", "-", "true", "null", "a", "é", "😀", "\ud800", "\0", "\u2028", "\x85", "\u00a0", "x" * 50),
)
_KINDS: Final = (("#", ""), ("^", ""), ("#if ", "if"), ("#unless ", "unless"), ("#each ", "each"), ("^if ", "if"))


@dataclass
class Slowest:
    """The most that one call took, in ms of CPU, and the seed."""

    ms: float = 0.0
    seed: int = 0

    def see(self, call: Callable[[], object], seed: int) -> None:
        """Time a call; one that is slow is timed again, since whatever else the machine does only adds."""
        taken = _cpu_ms(call)
        if taken > max(self.ms, TARGET_MS / 2):
            taken = min(taken, *(_cpu_ms(call) for _ in range(4)))
        if taken > self.ms:
            self.ms, self.seed = taken, seed


@dataclass
class Seen:
    """What a run came to: how many texts compiled and rendered, and the slowest of each."""

    compiled: int = 0
    rendered: int = 0
    compiling: Slowest = field(default_factory=Slowest)
    rendering: Slowest = field(default_factory=Slowest)


def fuzz(seed: int, seen: Seen) -> None:
    """One seed. AssertionError, or whatever else came out, when a promise is broken."""
    chance = random.Random(seed)
    text = template_text(chance)
    events = [hostile_event(chance) for _ in range(2)]
    for place in Place:
        seen.compiling.see(partial(compile_template.__wrapped__, text, place), seed)
        try:
            template = compile_template(text, place)
        except TemplateError:
            continue
        seen.compiled += 1
        is_json = place is Place.JSON and not template.has_sections and _is_json_for_samples(text)
        for event in events:
            seen.rendering.see(partial(template.render, event), seed)
            rendering = _rendered(text, place, event)
            if rendering is None:
                continue
            seen.rendered += 1
            assert len(rendering) <= MAX_OUTPUT_CHARACTERS, "the rendering is too long"
            assert not is_json or _is_json(rendering), f"not JSON: {rendering[:500]!r}"


def _cpu_ms(call: Callable[[], object]) -> float:
    """What a call takes, be it refused or not."""
    started = time.process_time()
    with contextlib.suppress(TemplateError):
        call()
    return (time.process_time() - started) * 1000


def template_text(chance: random.Random) -> str:
    """From a grammar, from pieces, from one of them damaged, or long."""
    make: list[Callable[[random.Random], str]] = [_document, _document, _text, _pieces, _long]
    text = chance.choice(make)(chance)
    if chance.random() < 0.3:
        position = chance.randrange(len(text) + 1)
        text = text[:position] + chance.choice(_PIECES) + text[position + chance.randrange(3) :]
    return text


def _pieces(chance: random.Random) -> str:
    return "".join(
        _tag(chance) if chance.random() < 0.4 else chance.choice(_PIECES) for _ in range(chance.randrange(25))
    )


def _tag(chance: random.Random) -> str:
    form = chance.choice(("{{%s}}", "{{%s}}", "{{%s}}", "{{{%s}}}", "{{& %s }}", "{{ %s }}", "{{#%s}}", "{{/%s}}"))
    return form % chance.choice(_PATHS)


def _text(chance: random.Random, depth: int = 0) -> str:
    """Text with balanced sections."""
    return "".join(_part(chance, depth) for _ in range(chance.randrange(5)))


def _part(chance: random.Random, depth: int) -> str:
    if depth < 3 and chance.random() < 0.4:
        return _section(chance, lambda: _text(chance, depth + 1))
    return _tag(chance) if chance.random() < 0.5 else chance.choice(_PIECES[13:])


def _section(chance: random.Random, body: Callable[[], str]) -> str:
    (mark, word), path = chance.choice(_KINDS), chance.choice(_PATHS)
    line = chance.choice(("", "", "\n", "\r\n  "))
    otherwise = f"{line}{{{{else}}}}{line}{body()}" if chance.random() < 0.3 else ""
    return f"{line}{{{{{mark}{path}}}}}{line}{body()}{otherwise}{line}{{{{/{word or path}}}}}{line}"


def _document(chance: random.Random, depth: int = 0) -> str:
    """JSON with values, sections, and strings that are documents themselves."""
    kind = chance.randrange(8 if depth < 4 else 3)
    if kind == 0:
        return f"{{{{{chance.choice(_PATHS)}}}}}"
    if kind in (1, 2):
        return (
            '"'
            + "".join(chance.choice(('\\"', "\\\\", "é", "a ", _tag(chance))) for _ in range(chance.randrange(4)))
            + '"'
        )
    if kind == 3:
        return json.dumps(_document(chance, depth + 1), ensure_ascii=False)
    if kind == 4:
        return _section(chance, lambda: _document(chance, depth + 1))
    items = [_document(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
    if kind == 5:
        return "{" + ", ".join(f'"k{number}": {item}' for number, item in enumerate(items)) + "}"
    return "[" + ", ".join(items) + "]"


def _long(chance: random.Random) -> str:
    """Up to 64 KB of the same few pieces again and again, within quotes, sections or neither."""
    several = [_tag(chance) if chance.random() < 0.4 else chance.choice(_PIECES) for _ in range(chance.randrange(1, 4))]
    if chance.random() < 0.4:
        several.append(_section(chance, lambda: chance.choice((*several, ""))))
    if chance.random() < 0.2:
        several = ["", _nested(chance)]
    unit = chance.choice(("", "\n", "x" * chance.randrange(40))).join(several) or "{{a}}"
    times = chance.choice((1, 100, 660, 990, 1990, MAX_TEMPLATE_BYTES))
    head, foot = chance.choice(
        (("", ""), ('"', '"'), ('["', '"]'), ("{{#a}}", "{{/a}}"), ("😀", "x" * 30_000), ('["{\\"', '\\"}"]'))
    )
    text = unit * min(times, MAX_TEMPLATE_BYTES // len(unit.encode("utf-8", "surrogatepass")))
    room = MAX_TEMPLATE_BYTES - len((head + foot).encode())
    return head + text.encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore") + foot


def _nested(chance: random.Random) -> str:
    text = chance.choice(('"{{a}}"', '"{{a}}", {{b}}', "{{#each list}}{{this}}, {{/each}}1"))
    for _ in range(chance.randrange(1, 13)):
        text = json.dumps(f"[{text}]")
    return f"[{text}]"


def hostile_event(chance: random.Random) -> dict[str, Any]:
    """What an event of at most 256 KB may hold at worst, under the names that the templates look for."""
    event: dict[str, Any] = {
        key: _value(chance) for key in ("a", "b", "list", "map", "data", "null", "if", "a b", "größe")
    }
    if chance.random() < 0.2:
        event[chance.choice(("a", "list"))] = chance.choice(
            ([0] * 80_000, ["x" * 9] * 20_000, {str(key): 0 for key in range(20_000)})
        )
    elif chance.random() < 0.1:
        event["a"] = chance.choice(('"', "\0", "\ud800", "\\", "é")) * chance.choice((1000, 40_000))
    return event


def _value(chance: random.Random, depth: int = 0) -> Any:
    leaves = [None, True, False, 0, "", -1.5, 1e300, float("nan"), float("inf"), 10**400, "\ud83d", "\udc00", "a" * 300]
    texts = [
        '"',
        "\\",
        '\\"',
        '", "x": "',
        "{{a}}",
        "{{#a}}",
        "}}",
        "'",
        "\r\n",
        "\0",
        "é😀\u2028",
        "</script>",
        "{0.__class__}",
    ]
    kind = chance.randrange(4 if depth < 3 else 2)
    if kind < 2:
        return chance.choice(leaves) if kind else "".join(chance.choices(texts, k=chance.randrange(4)))
    values = [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    keys = chance.sample(("a", "b", "0", "__class__", "keys", "name", "requester", '"', "\\", "größe"), len(values))
    return values if kind == 2 else dict(zip(keys, values, strict=True))


def _rendered(text: str, place: Place, event: dict[str, Any]) -> str | None:
    try:
        return compile_template(text, place).render(event)
    except TemplateError:
        return None


def _is_json_for_samples(text: str) -> bool:
    renderings = (_rendered(text, Place.JSON, sample_payload(trigger)) for trigger in TRIGGERS)
    return all(rendering is not None and _is_json(rendering) for rendering in renderings)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _seeds(given: argparse.Namespace) -> Iterator[int]:
    if given.seed is not None:
        yield given.seed
        return
    seed, until = given.start, time.monotonic() + given.seconds
    while time.monotonic() < until:
        yield seed
        seed += 1


def main() -> None:
    """Print what came of it; exit with 1 at the first broken promise."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--start", type=int, default=0, help="the first seed")
    arguments.add_argument("--seed", type=int, help="only this one, with its template's text")
    given = arguments.parse_args()
    seen, count = Seen(), 0
    for count, seed in enumerate(_seeds(given), 1):  # noqa: B007 - printed below
        try:
            fuzz(seed, seen)
        except BaseException:
            print(f"seed {seed} broke a promise, with the template\n{template_text(random.Random(seed))[:2000]!r}")
            raise
    if given.seed is not None:
        print(repr(template_text(random.Random(given.seed))[:2000]))
    print(f"{count} texts: {seen.compiled} compiled for a place, {seen.rendered} renderings, no promise broken")
    met = [_report(what, slowest) for what, slowest in (("compilation", seen.compiling), ("rendering", seen.rendering))]
    sys.exit(0 if all(met) else 1)


def _report(what: str, slowest: Slowest) -> bool:
    met = slowest.ms <= TARGET_MS
    verdict = "met" if met else "MISSED"
    print(f"slowest {what}: {slowest.ms:.1f} ms, seed {slowest.seed} (target ≤ {TARGET_MS:g}: {verdict})")
    return met


if __name__ == "__main__":
    main()
