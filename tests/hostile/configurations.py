"""Webhooks whose author means harm: templates, patterns, paths and documents made to run long or to reach further."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from grantwire import filters, validators
from grantwire.configurations import parse_webhook
from grantwire.errors import InvalidWebhookError, JsonPathError, TemplateError
from grantwire.models import Filter, HttpResponse, RequestEvent, ResponseValidator
from grantwire.templates import Place, compile_template
from tests.hostile.cases import Came, Case
from tests.hostile.world import World

_SECONDS: Final = 0.25  # with as much again for lateness: half a second, of the thirty that a function has
_MANY: Final = {"a": list(range(200)), "big": "x" * 2000, "data": {"name": "Ana"}}
_DEPTH: Final = 1000


def _nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


# Texts that cannot be saved: what is said of each.
_TEMPLATES: Final = {
    "a partial": ("{{> /etc/passwd}}", ".*partials are not available.*"),
    "a partial of a loop": ("{{> body}}{{> body}}", ".*partials are not available.*"),
    "changed delimiters": ("{{=<% %>=}}<% data %>", ".*delimiters cannot be changed.*"),
    "a helper": ("{{lookup data 'x'}}", ".*"),
    "a sub-expression": ("{{#if (eq a b)}}x{{/if}}", ".*"),
    "65 KB": ("x" * 66_000, "the template is longer than 64 KB"),
    "2,001 placeholders": ("{{a}}" * 2001, ".*more than 2000.*"),
    "64 KB of braces": ("{{" * 32_000, ".*"),
    "64 KB of closing braces": ("}}" * 32_000, "compiled"),
    "64 KB of opened sections": ("{{#a}}" * 10_000, ".*"),
    "64 KB of comments": ("{{!}}" * 13_000, ".*"),
    "sections 17 deep": ("{{#a}}" * 17 + "{{/a}}" * 17, ".*deep.*"),
    "a section without an end": ("{{#a}}x", ".*"),
    "an end without a section": ("x{{/a}}", ".*"),
    "crossed sections": ("{{#a}}{{#b}}{{/a}}{{/b}}", ".*"),
    "a name of 60 KB": ("{{" + "a" * 60_000 + "}}", ".*"),
    "a name of 30,000 steps": ("{{" + "a." * 30_000 + "a}}", ".*"),
    "30,000 steps out": ("{{" + "../" * 20_000 + "a}}", ".*"),
    "64 KB of spaces in a tag": ("{{" + " " * 65_000 + "}}", ".*"),
    "64 KB of line breaks and tags": ("\n  {{#a}}\n  {{/a}}" * 900, ".*"),
    "quotes within quotes, 13 times": (json.dumps(json.dumps(json.dumps('"{{a}}"'))), ".*"),
}
# What Python would give, were names attributes.
_REACHING: Final = (
    *(
        "{{data.__class__}}",
        "{{data.name.__class__.__mro__}}",
        "{{data.name.format}}",
        "{{data.keys}}",
        "{{this.items}}",
    ),
    *(
        "{{#data.name.upper}}x{{/data.name.upper}}",
        "{{__builtins__}}",
        "{{self.__init__.__globals__}}",
        "{{os.environ}}",
    ),
    *(
        "{{data.name.__class__.format.__globals__.sys.modules.os.environ.AWS_SESSION_TOKEN}}",
        "{{_current}}",
        "{{scopes}}",
    ),
)
_RENDERINGS: Final = {
    "loops within loops": ("{{#each a}}" * 8 + "x" + "{{/each}}" * 8, ".*more than 20000 steps.*"),
    "loops over the event's root": ("{{#each @root.a}}" * 5 + "x" + "{{/each}}" * 5, ".*"),
    "the same text 200 times 1,000": ("{{#each a}}" + "{{big}}" * 500 + "{{/each}}", ".*longer than 262144.*"),
    "the whole event 2,000 times": ("{{this}}" * 2000, ".*longer than 262144.*"),
    "a loop over an object's values": ("{{#each this}}" * 8 + "{{/each}}" * 8, ".*"),
    "steps out of loops": ("{{#each a}}{{#each ../a}}{{../../big}}{{/each}}{{/each}}", ".*(steps|longer).*"),
}
_PATHS: Final = {
    "a filter with a regular expression": "$[?(@.a =~ '(a+)+$')]",
    "a filter": "$.data[?(@.a > 1)]",
    "arithmetic": "$.s * 2000000000",
    "sub()": "$.data.`sub(/(a+)+/, x)`",
    "sorted": "$.data.`sorted`",
    "where": "$.a where $.b",
    "a parent": "$.a.`parent`",
    "a union": "$.a,b",
    "a pipe": "$.a|$.b",
    "two descents": "$..a..b",
    "a descent to everything": "$..*",
    "a descent to each element": "$..[*]",
    "513 characters": "$." + "a" * 511,
    "33 steps": "$" + ".a" * 33,
    "no $": "data.a",
    "a call": "$.data.__class__()",
    "an index of 10 digits": "$[9999999999]",
    "quotes of both kinds": "$['a\"b'\"]",
    "an unclosed bracket": "$[" * 200,
    "a line break": "$.a\n.b",
}
_SEARCHES: Final = {
    "a descent into depth 90": ("$..a", '{"a":' * 90 + "1" + "}" * 90),
    "a descent over 9,000 values": ("$..a", json.dumps([{"a": number} for number in range(4000)])),
    "32 wildcards in nested lists": ("$" + "[*]" * 32, "[" * 90 + "1" + "]" * 90),
    "wildcards over wide lists": ("$[*][*][*]", json.dumps([[[1] * 20] * 20] * 20)),
    "a slice of a billion": ("$[0:999999999:1]", json.dumps([1] * 9000)),
    "a slice from far behind": ("$[-999999999:999999999:999999999]", json.dumps([1] * 9000)),
    "a step of nothing, a thousand values": ("$[0:9:0]", json.dumps([1] * 1000)),
    "depth 1,000": ("$..a", "[" * _DEPTH + "]" * _DEPTH),
    "depth 5,000": ("$..a", "[" * 5000 + "]" * 5000),
    "depth 30,000": ("$..a", "[" * 30_000 + "]" * 30_000),
    "20,000 values": ("$..a", json.dumps([1] * 20_000)),
    "numbers of 5,000 digits": ("$[0]", "[" + "9" * 5000 + "]"),
    "1e999": ("$[0]", "[1e999]"),
    "NaN": ("$[0]", "[NaN]"),
    "half a surrogate pair": ("$[0]", '["\\ud83d"]'),
    "duplicate keys": ("$.data.a", '{"a": 1, "a": 2}'),
    "64 KB of NULs": ("$", "\0" * 65_536),
    "UTF-16": ("$.data.a", '{"a": 1}'.encode("utf-16").decode("latin-1")),
}
# For fifty validators, which share one bound.
_CROWDS: Final = {
    "descents over 4,000 values": ("$..a", json.dumps([{"a": number} for number in range(4000)])),
    "descents that find nothing": ("$..b", json.dumps([{"a": number} for number in range(4000)])),
    "descents into depth 98": (
        "$..a",
        '{"a":' * 98 + json.dumps([1] * 30_000, separators=(",", ":")) + "}" * 98,
    ),
    "descents into depth 1,000": ("$..a", '{"a":' * _DEPTH + "1" + "}" * _DEPTH),
    "a descent and 30 wildcards": (
        "$..a" + "[*]" * 30,
        '{"a":' * 60 + "[" * 35 + "1," * 9000 + "1" + "]" * 35 + "}" * 60,
    ),
    "wildcards alone": ("$[*][*].a", json.dumps([[1]] * 10_000)),
}
_PATTERNS: Final = {
    "stars and letters": ("*a" * 200 + "*b", "a" * 1_000_000),
    "stars and questions": ("*?" * 200 + "b", "a" * 1_000_000),
    "stars that backtrack": ("*a*a*b*", "a" * 1_500),
    "a thousand stars": ("*" * 512, "a" * 1_000_000),
    "questions": ("?" * 512, "a" * 1_000_000),
    "questions between stars": ("*" + "?a" * 250 + "*", "ab" * 500_000),
    "the same text, almost": ("*" + "a" * 500 + "b*", "a" * 1_000_000),
    "a regular expression": ("(a+)+$", "a" * 100_000 + "b"),
    "brackets": ("[[[[[[", "[" * 100_000),
    "combining marks": ("*\u0300*", "a" + "\u0315\u0300" * 200_000),
    "letters that fold to more": ("*ss*", "ß" * 300_000),
    "a ligature of eighteen": ("*\ufdfa*", "\ufdfa" * 100_000),
}
_DOCUMENTS: Final = {
    "a list": ([], ".*must be a JSON object.*"),
    "a text": ("webhook", ".*must be a JSON object.*"),
    "250,001 characters": ({"body_template": "x" * 250_001}, ".*at most 250000 characters.*"),
    "depth 1,000": ({"name": _nested(_DEPTH)}, ".*"),
    "51 headers": ({"headers": [{"name": f"X-{number}", "value": ""} for number in range(51)]}, ".*at most 50.*"),
    "51 filters": ({"filters": [{"field": "data.id", "operator": "exists"}] * 51}, ".*at most 50.*"),
    "101 values": ({"filters": [{"field": "data.id", "operator": "is", "values": ["a"] * 101}]}, ".*1 to 100 values.*"),
    "a value of 5,000 characters": (
        {"filters": [{"field": "data.id", "operator": "is", "values": ["a" * 5000]}]},
        ".*4096 characters.*",
    ),
    "unknown fields by the thousand": ({f"x{number}": 1 for number in range(5000)}, ".*and .* more problems"),
    "a timeout of 1e999": ({"timeout_seconds": float("inf")}, "timeout_seconds .*from 1 to 30"),
    "a timeout of NaN": ({"timeout_seconds": float("nan")}, "timeout_seconds .*from 1 to 30"),
    "a timeout of true": ({"timeout_seconds": True}, "timeout_seconds .*from 1 to 30"),
    "half an attempt": ({"retry": {"max_attempts": 1.5}}, "retry.max_attempts .*whole number"),
    "a million attempts": ({"retry": {"max_attempts": 1e6}}, "retry.max_attempts .*from 1 to 11"),
    "a name of markup": ({"name": "<script>"}, "name .*must start with a letter or digit.*"),
    "a name with an escape sequence": ({"name": "a\x1b[2J"}, "name .*must start with a letter or digit.*"),
    "half a surrogate pair": ({"body_template": "\ud83d"}, "body_template .*half of a surrogate pair.*"),
    "a filter's field of dunders": (
        {"filters": [{"field": "data.__class__.__init__", "operator": "exists"}]},
        "saved",
    ),
    "a filter's field of 600 characters": (
        {"filters": [{"field": "data." + "a" * 600, "operator": "exists"}]},
        ".*512.*",
    ),
    "a filter's number of 500 digits": (
        {"filters": [{"field": "duration", "operator": "greater_than", "values": ["9" * 500]}]},
        ".*must be a number.*",
    ),
}


def cases() -> Iterator[Case]:
    """All of the family."""
    for name, (text, expects) in _TEMPLATES.items():
        yield _case(f"template: {name}", partial(_compiled, text), expects)
    for text in _REACHING:
        yield _case(f"template: {text[:36]}", partial(_reached, text), "null|nothing|.*is not.*|.*cannot.*")
    for name, (text, expects) in _RENDERINGS.items():
        yield _case(f"rendering: {name}", partial(_rendered, text), expects)
    for name, path in _PATHS.items():
        yield _case(f"path: {name}", partial(_path, path), "refused: .*")
    for name, (path, body) in _SEARCHES.items():
        yield _case(f"answer: {name}", partial(_searched, path, body), "holds not: .*|holds")
    for name, (path, body) in _CROWDS.items():
        crowd = _case(f"answer: 50 validators, {name}", partial(_crowded, path, body), "holds not: .*")
        yield replace(crowd, within=0.75)
    for name, (pattern, text) in _PATTERNS.items():
        yield _case(f"pattern: {name}", partial(_matched, pattern, text), "matches|matches not")
    for name, (document, expects) in _DOCUMENTS.items():
        yield _case(f"document: {name}", partial(_saved, document), expects)
    wide = {"a": [[[[{"b": 1}] * 10] * 10] * 10] * 10}
    fields = ("data" + ".a[][][][]" * 1 + ".b", "data.a" + "[]" * 29, "data.a[0][0][0][0].b", "data.a.b")
    for field in fields:
        yield _case(f"filter's field {field[:30]}", partial(_filtered, field, wide), "holds|holds not")
    marks = "a" + "\u0315\u0300" * 20_000
    folding = _case("49 filters over 40,000 combining marks", partial(_folded, marks), "holds not")
    yield replace(folding, within=1.0)
    yield _case("50 filters of 100 values over 10,000 texts", _many_filters, "holds not")


def _case(name: str, attack: Callable[[World], Came], expects: str) -> Case:
    return Case(family="configurations", name=name, attack=attack, expects=expects, within=_SECONDS, works=True)


def _compiled(text: str, world: World) -> Came:
    """In every place that a template may stand in; the first problem, when there is one."""
    compile_template.cache_clear()
    said = "compiled"
    for place in (Place.JSON, Place.TEXT, Place.URL, Place.HEADER):
        try:
            compile_template(text, place)
        except TemplateError as exc:
            said = str(exc)
    return Came(outcome=said)


def _reached(text: str, world: World) -> Came:
    compile_template.cache_clear()
    try:
        written = compile_template(text, Place.JSON).render(_MANY)
    except TemplateError as exc:
        return Came(outcome=f"is not read: {exc}")
    return Came(outcome=written.strip() or "nothing")


def _rendered(text: str, world: World) -> Came:
    try:
        written = compile_template(text, Place.TEXT).render(_MANY)
    except TemplateError as exc:
        return Came(outcome=str(exc))
    return Came(outcome=f"{len(written)} characters")


def _path(path: str, world: World) -> Came:
    """Refused by the grammar, and at the latest by what compiles it."""
    try:
        validators.compile_path(path)
    except JsonPathError as exc:
        return Came(outcome=f"refused: {exc}")
    return Came(outcome="accepted")


def _searched(path: str, body: str, world: World) -> Came:
    return _searched_by(1, path, body, world)


def _crowded(path: str, body: str, world: World) -> Came:
    return _searched_by(50, path, body, world)


def _searched_by(validators_in_all: int, path: str, body: str, world: World) -> Came:
    validators.compile_path(path)
    validator = ResponseValidator(json_path=path, expected_values=("what nobody answers",))
    response = HttpResponse(status=200, headers=(), body=body.encode("latin-1", "replace")[:65_536], truncated=False)
    world.meter.start()
    verdict = validators.judge((validator,) * validators_in_all, response)[-1]
    return Came(outcome="holds" if verdict.holds else f"holds not: {verdict.reason}")


def _matched(pattern: str, text: str, world: World) -> Came:
    event = _event({"text": text})
    one = Filter(field="data.text", operator="matches", values=(pattern,))
    world.meter.start()
    return Came(outcome="matches not" if filters.first_unmet((one,), event) else "matches")


def _filtered(field: str, data: Mapping[str, object], world: World) -> Came:
    event, one = _event(data), Filter(field=field, operator="is", values=("2",))
    world.meter.start()
    return Came(outcome="holds not" if filters.first_unmet((one,), event) else "holds")


def _many_filters(world: World) -> Came:
    event = _event({"texts": [f"text {number}" for number in range(10_000)]})
    values = tuple(f"*other {number}*" for number in range(100))
    several = tuple(Filter(field=f"data.texts[{place}]", operator="matches", values=values) for place in range(49))
    every = Filter(field="data.texts", operator="does_not_contain", values=tuple(f"x{number}" for number in range(100)))
    world.meter.start()
    return Came(outcome="holds not" if filters.first_unmet((every, *several), event) else "holds")


def _folded(text: str, world: World) -> Came:
    values = ("no such text",)
    several = [Filter(field="data.text", operator=one, values=values) for one in ("does_not_contain", "is_not")] * 24
    every = (*several, Filter(field="data.text", operator="is", values=values))
    event = _event({"text": text})
    world.meter.start()
    return Came(outcome="holds not" if filters.first_unmet(every, event) else "holds")


def _saved(document: Any, world: World) -> Came:
    valid = {"name": "Torq", "url": "https://hooks.example.com/", "triggers": ["RequestCreated"]}
    whole = valid | document if isinstance(document, dict) else document
    try:
        parse_webhook(whole, webhook_id="wh_1", now=0.0)
    except InvalidWebhookError as exc:
        return Came(outcome=str(exc))
    return Came(outcome="saved")


def _event(data: Mapping[str, object]) -> RequestEvent:
    return RequestEvent(id="evt_1", trigger="RequestCreated", time=0.0, payload={"data": data})
