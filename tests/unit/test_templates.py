"""`templates`: what a placeholder may look like, what it becomes, and what no event and no template can do."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grantwire.errors import TemplateError
from grantwire.rendering import check_body
from grantwire.spelling import plain_text
from grantwire.tags import MAX_CHARACTERS, MAX_KEYS, MAX_TAGS
from grantwire.templates import MAX_OUTPUT_CHARACTERS, MAX_TEMPLATE_BYTES, Place, compile_template
from tests.fuzz_templates import Seen, fuzz
from tests.unit.conftest import event_of, joined, json_objects, json_values, texts, webhook_of

MOST_VALUES = 4
PAYLOAD: dict[str, Any] = {
    "event_type": "RequestCreated",
    "data": {
        "requester": {"name": 'Ana "Q" O\'Neil <b>&'},
        "access_groups": [{"integration": {"name": "prod-db"}}, {"integration": {"name": "staging"}}],
        "custom_fields": {
            "Cost center": "4711",
            "a.b": "dotted",
            "größe": "XL",
            "[a]": "brackets",
            "O'Neil": "one quote",
            '"b"': "two quotes",
        },
        "seconds": 14400.0,
        "yes": True,
        "nothing": None,
        "path": "a/b?c=d&e f",
        "zero": 0,
        "empty": "",
    },
}


def rendered(template: str, place: Place = Place.TEXT, payload: dict[str, Any] = PAYLOAD) -> str:
    return compile_template(template, place).render(payload)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{event_type}}", "RequestCreated"),
        ("{{ event_type }}", "RequestCreated"),
        ("{{\n event_type\t}}", "RequestCreated"),
        ("{{{event_type}}}", "RequestCreated"),
        ("{{{ data.requester.name }}}", 'Ana "Q" O\'Neil <b>&'),
        ("{{&data.requester.name}}", 'Ana "Q" O\'Neil <b>&'),
        ("{{& data.requester.name }}", 'Ana "Q" O\'Neil <b>&'),
        ("{{data.requester.name}}", 'Ana "Q" O\'Neil <b>&'),
        ("{{data.access_groups.0.integration.name}}", "prod-db"),
        ("{{data.access_groups.1.integration.name}}", "staging"),
        ("{{data.access_groups.[0].integration.name}}", "prod-db"),
        ("{{data.access_groups.[1].[integration].name}}", "staging"),
        ("{{[data].[requester].[name]}}", 'Ana "Q" O\'Neil <b>&'),
        ("{{data.custom_fields.[Cost center]}}", "4711"),
        ("{{data.custom_fields.[a.b]}}", "dotted"),
        ('{{data.custom_fields.["Cost center"]}}', "4711"),
        ("{{data.custom_fields.['Cost center']}}", "4711"),
        ("{{data.custom_fields.['[a]']}}", "brackets"),
        ("{{data.custom_fields.[O'Neil]}}", "one quote"),
        ("{{data.custom_fields.['\"b\"']}}", "two quotes"),
        ("{{data.custom_fields.größe}}", "XL"),
        ("{{data.seconds}}", "14400"),
        ("{{data.yes}}", "true"),
        ("{{data.zero}}", "0"),
        ("{{data.access_groups.0}}", '{"integration":{"name":"prod-db"}}'),
        ('a{{! a comment, {{event_type}} and " }}b', 'a and " }}b'),
        ("a{{! a comment }}b", "ab"),
        ("a{{!-- {{event_type}} and }} --}}b", "ab"),
        ("a{{!----}}b{{!--}}c", "abc"),
        ("{{@root.event_type}}", "RequestCreated"),
        ("{{this.event_type}}", "RequestCreated"),
        ("{{./event_type}}", "RequestCreated"),
        ("{{this/event_type}}", "RequestCreated"),
        ("{{this.[event_type]}}", "RequestCreated"),
        ("a}}b } {c", "a}}b } {c"),
        ('{{{#if event_type}}"a": 1{{/if}}}', '{"a": 1}'),
        ("{{{^x}}1{{/x}}}{{{! c }} }{{#if x}}{{{/if}}", "{1}{ }"),
        ("", ""),
    ],
)
def test_a_placeholder_becomes_its_value(template: str, expected: str) -> None:
    """Every spelling of a path; never an HTML escape, never a Python spelling."""
    assert expected == rendered(template)


@pytest.mark.parametrize(
    "path",
    [
        "missing",
        "data.missing.name",
        "data.nothing",
        "data.empty",
        "data.requester.name.length",
        "data.access_groups.2",
        "data.access_groups.-1",
        "data.access_groups.00000000001",
        "data.access_groups.٠",
        "data.access_groups.integration",
        "data.access_groups.length",
        "data.__class__",
        "data.__class__.__init__",
        "data.__class__.__init__.__globals__",
        "data.keys",
        "data.requester.name.__class__.format",
        "data.justification.format",
        "__class__",
        "_",
    ],
)
def test_what_is_not_there_is_nothing_or_null(path: str) -> None:
    """No attribute, no method, no negative index; empty in text, `null` (an empty string stays one) as a bare value."""
    assert rendered(f"<{{{{{path}}}}}>") == "<>"
    assert rendered(f'["{{{{{path}}}}}"]', Place.JSON) == '[""]'
    expected = '""' if path == "data.empty" else "null"
    assert expected == rendered(f"{{{{{path}}}}}", Place.JSON)


@pytest.mark.parametrize(
    ("place", "template", "expected"),
    [
        (Place.JSON, '{"a": "{{data.requester.name}}"}', '{"a": "Ana \\"Q\\" O\'Neil <b>&"}'),
        (Place.JSON, '{"a": {{data.requester.name}}}', '{"a": "Ana \\"Q\\" O\'Neil <b>&"}'),
        (Place.JSON, '{"a":{"b":{{data.seconds}}}}', '{"a":{"b":14400}}'),
        (Place.JSON, "[{{data.yes}},{{data.nothing}} , {{data.zero}}]", "[true,null , 0]"),
        (Place.JSON, '{"{{event_type}}": 1}', '{"RequestCreated": 1}'),
        (Place.JSON, '["{{data.access_groups.0}}"]', '["{\\"integration\\":{\\"name\\":\\"prod-db\\"}}"]'),
        (Place.JSON, '["\\"{{event_type}}\\\\{{event_type}}"]', '["\\"RequestCreated\\\\RequestCreated"]'),
        (Place.JSON, '{{! first }}\n{"a": {{data.zero}}}', '{"a": 0}'),
        (Place.URL, "https://x.example/{{data.path}}?n={{data.requester.name}}", None),
        (Place.FORM, "who={{data.path}}&n={{data.seconds}}", "who=a%2Fb%3Fc%3Dd%26e+f&n=14400"),
        (Place.HEADER, "by {{data.requester.name}}", 'by Ana "Q" O\'Neil <b>&'),
        (Place.TEXT, "who: {{data.path}}\n", "who: a/b?c=d&e f\n"),
    ],
)
def test_the_place_decides_the_spelling(place: Place, template: str, expected: str | None) -> None:
    """JSON string, bare JSON value, URL, form, header, text."""
    url = "https://x.example/a%2Fb%3Fc%3Dd%26e%20f?n=Ana%20%22Q%22%20O%27Neil%20%3Cb%3E%26"
    assert (url if expected is None else expected) == rendered(template, place)


@pytest.mark.parametrize(
    ("template", "place", "line", "column", "message"),
    [
        ("{{event_type", Place.TEXT, 1, 1, "not closed"),
        ("a\nbc {{event_type", Place.TEXT, 2, 4, "not closed"),
        ("{{a}} {{", Place.TEXT, 1, 7, "not closed"),
        ("{{}}", Place.TEXT, 1, 1, "empty placeholder"),
        ("x{{  }}", Place.TEXT, 1, 2, "empty placeholder"),
        ("{{{ }}}", Place.TEXT, 1, 1, "empty placeholder"),
        ("{{&}}", Place.TEXT, 1, 1, "empty placeholder"),
        ("{{{a}}", Place.TEXT, 1, 1, "'{{{' is closed by '}}'"),
        ("{{>partial}}", Place.TEXT, 1, 1, "partials are not available"),
        ("{{> /etc/passwd}}", Place.TEXT, 1, 1, "partials are not available"),
        ("\n\n  {{=<% %>=}}", Place.TEXT, 3, 3, "delimiters cannot be changed"),
        ("{{else}}", Place.TEXT, 1, 1, "'else' is not available here"),
        ("{{@index}}", Place.TEXT, 1, 1, "inside {{#each …}} only"),
        ("{{../a}}", Place.TEXT, 1, 1, "steps out of more sections than there are"),
        ("{{..}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{this.}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{@root.}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{@rooted}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{{#a}}}x{{/a}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{&!a}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{{&a}}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{!-- a }}", Place.TEXT, 1, 1, "not closed (close it with --}})"),
        ("{{a b}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a..b}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a.}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{.a}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a[0]}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{../a[0].b}}", Place.TEXT, 1, 1, "steps out of more sections than there are"),
        ("{{data.access_groups[0].name}}", Place.TEXT, 1, 1, "(write {{data.access_groups.[0].name}})"),
        ("{{#a}}{{../b[0][1]}}{{/a}}", Place.TEXT, 1, 7, "(write {{../b.[0].[1]}})"),
        ("{{this.a['b c']}}", Place.TEXT, 1, 1, "(write {{this.a.[b c]}})"),
        ("{{a[0] b}}", Place.TEXT, 1, 1, "helpers and their arguments are not available"),
        ("{{a.[0}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a.[]}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a()}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("{{a|upper}}", Place.TEXT, 1, 1, "not the path of a field"),
        ("é\n😀{{ 'a' }}", Place.TEXT, 2, 2, "not the path of a field"),
        ("{{ok}}\n{{! comment }}\n {{bad!}}", Place.TEXT, 3, 2, "not the path of a field"),
        ('{"a": x{{a}}}', Place.JSON, 1, 8, "must be a whole value"),
        ("<a>{{a}}</a>", Place.JSON, 1, 4, "needs a Content-Type header such as text/plain"),
        ('{"a": {{a}}x}', Place.JSON, 1, 7, "must be a whole value"),
        ('{"a": {{a}}{{b}}}', Place.JSON, 1, 7, "must be a whole value"),
        ("{\n {{a}}: 1}", Place.JSON, 2, 2, "must be a whole value"),
        ('{"a": 1, {{a}}: 2}', Place.JSON, 1, 10, "must be a whole value"),
        ('{"a": "b" {{a}}}', Place.JSON, 1, 11, "must be a whole value"),
        ('["\\{{a}}"]', Place.JSON, 1, 4, "unfinished escape"),
        ('["\\u00{{a}}"]', Place.JSON, 1, 7, "unfinished escape"),
        ('["\\\\\\u{{a}}"]', Place.JSON, 1, 7, "unfinished escape"),
    ],
)
def test_an_error_says_where_and_what(template: str, place: Place, line: int, column: int, message: str) -> None:
    """Line and column of the placeholder count from 1; the message begins with them."""
    with pytest.raises(TemplateError) as caught:
        compile_template(template, place)
    assert (line, column) == (caught.value.line, caught.value.column)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


def test_a_value_that_cannot_stand_there_names_its_field() -> None:
    """Rendering fails with the placeholder's place; the message holds the field's name, never its value."""
    payload = {"data": {"name": "secret\r\nX-Admin: true"}}
    with pytest.raises(TemplateError) as caught:
        rendered("X\n  {{data.name}}", Place.HEADER, payload)
    assert str(caught.value) == "line 2, column 3: 'data.name' holds a line break, which a header cannot carry"


def test_templates_are_bounded() -> None:
    """64 KB of text (in bytes), 2,000 placeholders, 256 K characters of output."""
    compile_template("x" * MAX_TEMPLATE_BYTES, Place.TEXT)
    with pytest.raises(TemplateError, match="longer than 64 KB"):
        compile_template("é" * (MAX_TEMPLATE_BYTES // 2) + "x", Place.TEXT)
    assert rendered("{{data.zero}}" * MAX_TAGS) == "0" * MAX_TAGS
    with pytest.raises(TemplateError, match="more than 2000 placeholders"):
        compile_template("{{data.zero}}" * (MAX_TAGS + 1), Place.TEXT)
    assert rendered("{{" + ".".join("a" * MAX_KEYS) + "}}") == ""
    with pytest.raises(TemplateError, match="has more than 32 parts"):
        compile_template("{{" + ".".join("a" * (MAX_KEYS + 1)) + "}}", Place.TEXT)
    for mark in ("", "#", "/", "@", "../"):
        with pytest.raises(TemplateError, match="line 1, column 1: a placeholder is longer than 512 characters"):
            compile_template("{{" + mark + "a" * (MAX_CHARACTERS + 1) + "}}", Place.TEXT)
    payload = {"a": "x" * (MAX_OUTPUT_CHARACTERS // 2)}
    assert len(rendered("{{a}}{{a}}", payload=payload)) == MAX_OUTPUT_CHARACTERS
    with pytest.raises(TemplateError, match="the rendered text is longer than"):
        rendered("{{a}}{{a}}.", payload=payload)


def nested(text: str, depth: int) -> str:
    """A list in a string in a list in a string …"""
    for _ in range(depth):
        text = json.dumps("[" + text + "]", ensure_ascii=False)
    return "[" + text + "]"


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 32_000,
        "}}" * 32_000,
        "{{a}}" * 2000 + "{" * 50_000,
        '"' + "\\" * 60_000 + "{{a}}",
        '"' + ('\\"' * 30_000) + "{{a}}",
        "{{" + "a." * 30_000 + "}}",
        "{{" + "[a]." * 15_000 + "}}",
        "{{" + "[" * 60_000 + "}}",
        "{{a" + " " * 60_000 + "b}}",
        ("\n" * 25 + "{{a}}") * 2000,
        "{{!" + "\n" * 60_000 + "}}",
        "{{! a }}\n" * 2000,
        "{{#a}}" * 16 + "x" + "{{/a}}" * 16 + "😀" + "{{#a}}{{/a}}" * 900 + "x" * 50_000,
        "{{#a}}\n{{else}}\n{{/a}}\n" * 660 + "😀" + "x" * 45_000,
        "{{#a}}" + "\n  {{#a}}  \n  {{/a}}  \n" * 990 + "{{/a}}",
        '["{' + '\\"{{#a}}\\" {{/a}}' * 900 + '}"]',
        nested('"{{a}}"', 14),
        nested('"{{a}}"' + ',"{{a}}"' * 300, 6),
        "{{" + "../" * 20_000 + "a}}",
        "{{#a}}{{^" + " " * 60_000 + "a}}{{/a}}{{/a}}",
        "{{#each" + " " * 60_000 + "}}",
        "{{/" + "a " * 30_000 + "}}",
    ],
    ids=range(22),
)
@pytest.mark.parametrize("place", [Place.JSON, Place.TEXT])
def test_no_template_takes_long(text: str, place: Place) -> None:
    """What makes a tokenizer or a pattern try everything again and again: each ends within a second."""
    started = time.process_time()
    with suppress(TemplateError):
        compile_template(text, place).render({"a": "b"})
    assert time.process_time() - started < 1


FRAGMENTS = [
    *("{{", "}}", "{", "}", "[", "]", '"', "\\", "\\u00", "!", "#", "^", "/", ">", "=", "&", ".", "..", "@", " ", "\n"),
    *(
        "{{a}}",
        "{{{a}}}",
        "{{&a}}",
        "{{!c}}",
        "{{a.b}}",
        "{{a.[b c]}}",
        "{{#a}}",
        "{{/a}}",
        "{{^a}}",
        "{{else}}",
        "{{#each a}}",
        "{{#if a}}",
        "{{/each}}",
        "{{/if}}",
        "{{this}}",
        "{{../a}}",
        "{{@key}}",
        "a",
        "0",
        ":",
        ",",
        "null",
        "é",
        "\ud800",
        "\0",
    ),
]


@settings(max_examples=250, deadline=timedelta(seconds=2))
@given(
    st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), texts(60)),
    st.sampled_from(list(Place)),
    json_objects(),
)
def test_any_text_is_a_template_or_a_template_error(text: str, place: Place, payload: dict[str, Any]) -> None:
    """Nothing else is raised, by compiling or by rendering, and an error never points outside the template."""
    line, column = 1, 0
    try:
        rendered(text, place, payload)
    except TemplateError as exc:
        line, column = exc.line, exc.column
    assert line <= text.count("\n") + 1
    assert column <= len(text)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), st.sampled_from([Place.TEXT, Place.FORM]))
def test_literal_text_is_kept(text: str, place: Place) -> None:
    """Without tags a template is its own rendering."""
    if "{{" not in text:
        assert text == rendered(text, place)


# Of an event's data: the text of a JSON template, and what its rendering must parse as.
Skeleton = Callable[[dict[str, Any]], tuple[str, Any]]


def skeletons() -> st.SearchStrategy[Skeleton]:
    """Every kind of JSON, with placeholders wherever one may stand. Made once: hypothesis is slow at it."""
    return st.recursive(
        st.one_of(bare(), string()),
        lambda children: st.one_of(
            st.lists(children, max_size=4).map(listed),
            st.lists(st.tuples(string(), children), max_size=3).map(keyed),
        ),
        max_leaves=8,
    )


def named(data: dict[str, Any], number: int) -> tuple[str, Any]:
    """The placeholder of one of the values, and that value; of one that is missing where there are none."""
    key = sorted(data)[number % len(data)] if data else "missing"
    return f"{{{{data.[{key}]}}}}", data.get(key)


def bare() -> st.SearchStrategy[Skeleton]:
    """A placeholder by itself."""
    spaces = st.sampled_from(["", " ", "\n  "])

    def made(before: str, number: int, after: str) -> Skeleton:
        def skeleton(data: dict[str, Any]) -> tuple[str, Any]:
            placeholder, value = named(data, number)
            return before + placeholder + after, ("value", value)

        return skeleton

    return st.builds(made, spaces, st.integers(0, MOST_VALUES - 1), spaces)


def string() -> st.SearchStrategy[Skeleton]:
    """A string with placeholders in it."""

    def literal(text: str) -> Skeleton:
        text = text.replace("{", "").replace("}", "")
        return lambda _: (json.dumps(text)[1:-1], text)

    def placeholder(number: int) -> Skeleton:
        def skeleton(data: dict[str, Any]) -> tuple[str, Any]:
            placeholder, value = named(data, number)
            return placeholder, plain_text(value)

        return skeleton

    def made(parts: list[Skeleton]) -> Skeleton:
        def skeleton(data: dict[str, Any]) -> tuple[str, Any]:
            written = [part(data) for part in parts]
            return f'"{"".join(text for text, _ in written)}"', ("value", joined("".join(one for _, one in written)))

        return skeleton

    placeholders = st.integers(0, MOST_VALUES - 1).map(placeholder)
    return st.lists(st.one_of(texts().map(literal), placeholders), max_size=4).map(made)


def listed(items: list[Skeleton]) -> Skeleton:
    """A list of these."""

    def skeleton(data: dict[str, Any]) -> tuple[str, Any]:
        written = [item(data) for item in items]
        return "[" + ",".join(text for text, _ in written) + "]", ("list", [expected for _, expected in written])

    return skeleton


def keyed(members: list[tuple[Skeleton, Skeleton]]) -> Skeleton:
    """An object of these."""

    def skeleton(data: dict[str, Any]) -> tuple[str, Any]:
        written = [(key(data), member(data)) for key, member in members]
        text = ",".join(f"{key}:{member}" for (key, _), (member, _) in written)
        return "{" + text + "}", ("object", {key[1]: expected for (_, key), (_, expected) in written})

    return skeleton


def holds(expected: Any, parsed: Any) -> bool:
    """Whether a rendering's parsed JSON is what its skeleton says."""
    kind, content = expected
    if kind == "list":
        return len(content) == len(parsed) and all(map(holds, content, parsed))
    if kind == "object":
        return content.keys() == parsed.keys() and all(holds(content[key], parsed[key]) for key in content)
    if isinstance(content, str):
        return bool(content == parsed)
    return json.dumps(json.loads(plain_text(content) or "null")) == json.dumps(parsed)


SKELETONS = skeletons()
VALUES = st.dictionaries(
    texts().filter(lambda key: key and not set(key) & set("[]{}")), json_values(), max_size=MOST_VALUES
)


@settings(max_examples=250)
@given(SKELETONS, VALUES)
def test_a_json_templates_rendering_is_json_and_holds_the_events_text(
    skeleton: Skeleton, values: dict[str, Any]
) -> None:
    """For any event, in any place of any JSON: it parses, and a receiver reads exactly the event's text."""
    template, expected = skeleton(values)
    text = rendered(template, Place.JSON, {"data": values})
    text.encode()
    assert holds(expected, json.loads(text, parse_constant=pytest.fail))


@settings(max_examples=250)
@given(SKELETONS, VALUES, st.integers(0), st.sampled_from(FRAGMENTS), json_objects(), json_values())
def test_a_body_that_may_be_saved_is_json_for_every_event(
    skeleton: Skeleton, data: dict[str, Any], position: int, fragment: str, payload: dict[str, Any], value: Any
) -> None:
    """Whatever was damaged in a template: it is refused when it is saved, or its rendering is JSON for any event."""
    template, _ = skeleton(data)
    position %= len(template) + 1
    damaged = template[:position] + fragment + template[position:]
    try:
        check_body(replace(webhook_of(), body_template=damaged))
    except TemplateError:
        return
    for event in (payload, {"data": data}, {"a": value, "data": value}):
        json.loads(rendered(damaged, Place.JSON, event), parse_constant=pytest.fail)


def test_compiled_templates_are_kept() -> None:
    """One template is compiled once, for each place on its own."""
    text = '{"kept": "{{event_type}}"}'
    assert compile_template(text, Place.JSON) is compile_template(text, Place.JSON)
    assert compile_template(text, Place.JSON) is not compile_template(text, Place.TEXT)


def test_the_payload_is_left_alone() -> None:
    """Rendering reads only."""
    before = json.dumps(PAYLOAD)
    rendered("{{data.access_groups.0}} {{data.missing.x}}", payload=PAYLOAD)
    assert before == json.dumps(event_of(PAYLOAD).payload)


def test_a_comment_does_not_hide_an_escape() -> None:
    """A backslash before a comment and a quote after it are an escaped quote: the string goes on."""
    text = r'{"k":"a\{{! c }}":{{a}},"}'
    rendered_text = compile_template(text, Place.JSON).render({"a": "oops"})
    assert json.loads(rendered_text) == {"k": 'a":oops,'}


@pytest.mark.parametrize("start", range(0, 160, 20))
def test_fuzzed_templates(start: int) -> None:
    """The first seeds of `make fuzz`: nothing but TemplateError, bounded renderings, and JSON where it was JSON."""
    seen = Seen()
    for seed in range(start, start + 20):
        fuzz(seed, seen)
    assert seen.rendered
