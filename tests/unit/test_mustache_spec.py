"""The official Mustache specification, version 1.4.1, and what it leaves open."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from grantwire.templates import Place, compile_template

SPECIFICATION: Final = Path(__file__).parent / "mustache_spec"
_NO_HTML: Final = "no HTML is written, so nothing is escaped for it"
DIFFERENT: Final = {
    ("interpolation", "HTML Escaping"): ('These characters should be HTML escaped: & " < >\n', _NO_HTML),
    ("interpolation", "Implicit Iterators - HTML Escaping"): (
        'These characters should be HTML escaped: & " < >\n',
        _NO_HTML,
    ),
    ("sections", "Implicit Iterator - HTML Escaping"): ('"(&)(")(<)(>)"', _NO_HTML),
}
IN_WHOLE: Final = {"comments": 12, "interpolation": 39, "inverted": 22, "sections": 34}


def cases() -> list[Any]:
    """Every case of the four files."""
    return [
        pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
        for file in sorted(SPECIFICATION.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["tests"]
    ]


def rendered(template: str, data: Any) -> str:
    return compile_template(template, Place.TEXT).render(data)


@pytest.mark.parametrize(("chapter", "case"), cases())
def test_the_specification(chapter: str, case: dict[str, Any]) -> None:
    """Every case of the four chapters; `DIFFERENT` says what is written instead, and why."""
    expected, _ = DIFFERENT.get((chapter, case["name"]), (case["expected"], ""))
    assert expected == rendered(case["template"], case["data"]), case["desc"]


def test_every_difference_is_one() -> None:
    """The table names cases that exist and expects of each what the specification does not."""
    known = {(chapter, case["name"]): case["expected"] for chapter, case in (one.values for one in cases())}
    for name, (expected, reason) in DIFFERENT.items():
        assert expected != known[name]
        assert reason


def test_the_chapters_are_whole() -> None:
    """As many cases as version 1.4.1 has."""
    assert Counter(IN_WHOLE) == Counter(chapter for chapter, _ in (one.values for one in cases()))


@pytest.mark.parametrize(
    ("template", "data", "expected"),
    [
        ("<{{nothing}}|{{{nothing}}}|{{&nothing}}>", {"nothing": None}, "<||>"),
        ("<{{a.b}}>", {"a": None}, "<>"),
        ("<{{a.b}}>", {"a.b": "one key with a dot"}, "<>"),
        ("<{{a.b}}>", {"a": {"b": "two keys"}, "a.b": "one key"}, "<two keys>"),
        ("{{#inner}}<{{a.b}}>{{/inner}}", {"inner": {"a": {}}, "a": {"b": "outer"}}, "<>"),
        ("{{#inner}}<{{a.b}}>{{/inner}}", {"inner": {"a": "text"}, "a": {"b": "outer"}}, "<>"),
        ("{{#inner}}<{{a.b}}>{{/inner}}", {"inner": {"a": None}, "a": {"b": "outer"}}, "<>"),
        ("{{#inner}}<{{a.b}}>{{/inner}}", {"inner": {"b": "x"}, "a": {"b": "outer"}}, "<outer>"),
        ("{{#inner}}{{#a.b}}x{{/a.b}}{{^a.b}}not{{/a.b}}{{/inner}}", {"inner": {"a": {}}, "a": {"b": True}}, "not"),
        ("{{#a.b}}<{{c}}>{{/a.b}}", {"a": {"b": {}, "c": "sibling"}}, "<>"),
        (
            "{{#first}}{{#second}}<{{x}}>{{/second}}{{/first}}",
            {"first": {"x": "not masked"}, "second": True},
            "<not masked>",
        ),
        ("{{#inner}}<{{x}}>{{/inner}}", {"inner": {"x": None}, "x": "outer"}, "<>"),
        ("<{{.}}>", "a text", "<a text>"),
        ("<{{.}}>", 1.5, "<1.5>"),
        ("<{{{.}}}|{{&.}}>", None, "<|>"),
        ("{{#.}}<{{v}}>{{/.}}", [{"v": 1}, {"v": 2}], "<1><2>"),
        ("{{#.}}<{{.}}>{{/.}}", ["a", 0, None], "<a><0><>"),
        ("{{#.}}x{{/.}}{{^.}}none{{/.}}", [], "none"),
        ("{{#rows}}{{#.}}{{.}}{{/.}};{{/rows}}", {"rows": [[1, 2], [], [[3]]]}, "12;;[3];"),
        ("{{#rows}}{{#.}}{{#.}}{{.}},{{/.}}{{/.}}{{/rows}}", {"rows": [[[1, 2]], [[3]]]}, "1,2,3,"),
        (
            "{{#list}}<{{a.b}}>{{/list}}",
            {"list": [{"a": {"b": 1}}, {"a": {}}, {}], "a": {"b": "outer"}},
            "<1><><outer>",
        ),
        ("{{#a}}{{b.c.d}}{{/a}}", {"a": {"b": {"c": {"d": "deep"}}}, "b": {"c": {"d": "wrong"}}}, "deep"),
        ("{{^a.b.c}}none{{/a.b.c}}", {"a": {"b": []}}, "none"),
        ("| {{! a comment with {{braces }} |", {}, "|  |"),
        ("{{!x}}", {"!x": 1, "! x": 2}, ""),
    ],
)
def test_what_the_chapters_leave_open(template: str, data: Any, expected: str) -> None:
    """null is nothing; dotted names are paths; the scope of the first part decides; `.` is any value, the root too."""
    assert expected == rendered(template, data)
