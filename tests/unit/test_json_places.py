"""`json_places`: whatever an event holds, a JSON template's rendering parses, in nested documents too."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grantwire.errors import TemplateError
from grantwire.json_places import MAX_INNER_PARTS
from grantwire.spelling import plain_text
from grantwire.templates import Place, compile_template
from tests.unit.conftest import DUNDERS, joined, json_values, texts

MOST_VALUES = 3
PAIRS = {"a": 1, "b": [], "c": ""}
NASTY = 'q" b\\ \\" \\\\" {"a":1} \n\x00 </script> é 😀 }", "x": "'


def rendered(template: str, payload: dict[str, Any]) -> str:
    return compile_template(template, Place.JSON).render(payload)


def parsed(text: str) -> Any:
    return json.loads(text, parse_constant=pytest.fail)


def in_json(text: str, levels: int = 1) -> str:
    """The text as it stands between the quotes of a JSON string, of one in a string, and so on."""
    for _ in range(levels):
        text = json.dumps(text, ensure_ascii=False)[1:-1]
    return text


def opened(text: Any, levels: int) -> Any:
    """What a receiver sees that parses a string, the string in it, and so on."""
    for _ in range(levels):
        text = parsed(text)
    return text


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_value_in_a_nested_document_is_escaped_once_per_level(level: int) -> None:
    """At any depth: the innermost document holds exactly the event's text, its number, its object."""
    inner = '{ "who": "{{x}}!", "n": {{y}}, "again": {{x}}, "list": [{{#l}}"{{.}}", {{/l}}{{z}}], "key {{x}}": 1 }'
    document = inner
    for _ in range(level):
        document = '{"message": "' + in_json(document) + '", "plain {{y}}": "{{x}}"}'
    found: Any = rendered(document, {"x": NASTY, "y": 1.0, "l": [NASTY, "b"], "z": {NASTY: [NASTY]}})
    for _ in range(level):
        outer = parsed(found)
        assert outer["plain 1"] == NASTY
        found = outer["message"]
    assert parsed(found) == {
        "who": f"{NASTY}!",
        "n": 1,
        "again": NASTY,
        "list": [NASTY, "b", {NASTY: [NASTY]}],
        f"key {NASTY}": 1,
    }


@pytest.mark.parametrize(
    "string",
    [
        r"{\"a\": \"{{x}}\"",
        r"{\"a\": \"{{x}}\" and more}",
        r"{\"a\": \"{{x}}\", }",
        r"{\"a\": NaN, \"b\": \"{{x}}\"}",
        r"{\"a\" {{x}} \"b\"}",
        r"{\u00a0\"a\": \"{{x}}\"}",
        r"{{#yes}}{\"a\": \"{{/yes}}{{x}}\"}",
        r"{\"a\": \"b\\{{x}}\"}",
        r"{\"a\": \"\\u00{{x}}\"}",
        r"{{#yes}}[\"{{x}}\"] and more{{/yes}}",
        r"{{#if x}}{\"who\":\"{{x}}\"}{{else}}null{{/if}}",
        r"{{#if x}}none{{else}}{\"who\":\"{{x}}\"}{{/if}}",
        r"{\"who\":\"{{#if x}}{{x}}\"{{else}}none\"{{/if}}}",
        r"{\"who\":\"{{x}}\"}\n{\"n\":1}",
        r"{\"n\": {{n}}{{nothing}}, \"who\":\"{{x}}\"}",
        r"{{nothing}}{\"who\":\"{{x}}\"}",
        r" {{nothing}} [{\"who\":\"{{x}}\"}]",
    ],
)
def test_a_string_that_should_be_a_document_and_is_none_is_refused(string: str) -> None:
    """Taken for text, an event's text could add keys to what a receiver parses."""
    with pytest.raises(TemplateError, match="begins like a JSON document"):
        rendered('{"message": "' + string + '"}', {"x": NASTY, "n": 1, "yes": True})


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        (r"[{{n}}] \"{{x}}\" asked", f'[1] "{NASTY}" asked'),
        (r"[{{n}}] \"{{x}}\" [asked]", f'[1] "{NASTY}" [asked]'),
        (r"[{{n}}] \"{{x}}\" []", f'[1] "{NASTY}" []'),
        (r"[{{x}}]", f"[{NASTY}]"),
        (r"{ {{x}} }", f"{{ {NASTY} }}"),
        (r"{{x}}", NASTY),
        (r"{'a': \"{{x}}\"}", f"{{'a': \"{NASTY}\"}}"),
        (r"\"{{x}}\"", f'"{NASTY}"'),
    ],
)
def test_a_string_that_only_looks_like_a_document_is_text(string: str, expected: str) -> None:
    """It is escaped once, so its receiver reads what the template shows."""
    assert parsed(rendered(f'{{"k": "{string}"}}', {"x": NASTY, "n": 1, "yes": True})) == {"k": expected}


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        (r"  [\"{{x}}\"]  ", [NASTY]),
        (r"{\r\n\t\"a\": \"{{x}}\"}", {"a": NASTY}),
        (r"\u007b\u0022a\u0022: \u0022{{x}}\u0022\u007d", {"a": NASTY}),
        (r"{\"{{x}}\": {{x}}}", {NASTY: NASTY}),
        (r"[\"{{! \" }}{{x}}{{! --}}\", {{x}}]", [NASTY, NASTY]),
        (r"[\"\\\\{{x}}\\\"\"]", [f'\\{NASTY}"']),
        (r"[\"\\n{{x}}\\u00e9\"]", [f"\n{NASTY}é"]),
        (r"[\"a\", {{#yes}}\"{{x}}\"{{else}}{{x}}{{/yes}}]", ["a", NASTY]),
        (r"[\"a\", {{#no}}\"{{x}}\"{{else}}{{x}}{{/no}}]", ["a", NASTY]),
        (r"[\"{{#yes}}<{{x}}>{{/yes}}{{#no}}\\\"{{/no}}\"]", [f"<{NASTY}>"]),
        (r"[\"a\", {{#if yes}}{\"b\": {{x}}}{{/if}}]", ["a", {"b": NASTY}]),
        (r"[{{#two}}\"{{x}}\"{{#unless @last}},{{/unless}}{{/two}}]", [NASTY, NASTY]),
        (r"[-1.5e+3, true, false, null, \"{{x}}\"]", [-1500, True, False, None, NASTY]),
    ],
)
def test_a_string_that_is_a_document(string: str, expected: Any) -> None:
    """However it is written, and with sections and comments in it."""
    payload = {"x": NASTY, "yes": True, "no": False, "two": [1, 2]}
    assert parsed(parsed(rendered(f'["{string}"]', payload))[0]) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('["{{#l}}{{.}}{{/l}}"]', ['a"b']),
        ('["{{#if no}}{{else}}\\\\{{/if}}\\""]', ['\\"']),
        ('["{{#no}}\\"{{/no}}{{x}}"]', [NASTY]),
        ('["a {{#yes}} b", "c {{/yes}}{{x}}"]', ["a  b", f"c {NASTY}"]),
        ('["a {{#no}} b", "c {{/no}}{{x}}"]', [f"a {NASTY}"]),
        ("[{{#l}}{{.}}, {{/l}}1]", ["a", '"', "b", 1]),
        ('{{#yes}}{"a": {{x}}}{{/yes}}', {"a": NASTY}),
        ('{"a": {{#no}}1{{else}}{{x}}{{/no}}}', {"a": NASTY}),
        ('{"a": {{#if no}}"x"{{else}}"{{x}}"{{/if}}}', {"a": NASTY}),
        ("{{#yes}}{{x}}{{/yes}}", NASTY),
        ('[{{! " }}{{x}}{{! \\ }}]', [NASTY]),
        ('["{{! " }}{{x}}{{!-- \\" }} --}}"]', [NASTY]),
        ("[{{#no}}{{x}}{{/no}} {{x}} {{#no}}{{x}}{{/no}}]", [NASTY]),
        ('{ {{#yes}}"{{x}}": 1, {{/yes}}"b": 2}', {NASTY: 1, "b": 2}),
        ('["\\\\\\"{{x}}\\\\"]', ['\\"' + NASTY + "\\"]),
    ],
)
def test_strings_and_sections(template: str, expected: Any) -> None:
    """A section stands inside a string or around whole ones."""
    payload = {"x": NASTY, "yes": True, "no": False, "l": ["a", '"', "b"]}
    assert parsed(rendered(template, payload)) == expected


@pytest.mark.parametrize(
    ("template", "column", "message"),
    [
        ('["{{#a}}x"{{/a}}]', 11, "the section 'a' begins inside a string and ends outside it"),
        ('[{{#a}}"x{{/a}}"]', 10, "the section 'a' begins outside a string and ends inside it"),
        ('["{{#if a}}x"{{else}},"y{{/if}}"]', 14, "the section 'a' begins inside a string and ends outside it"),
        ('[{{#a}}1{{else}}"2{{/a}}"]', 19, "the section 'a' begins outside a string and ends inside it"),
        ('["{{#a}}{{#b}}"{{/b}}{{/a}}"]', 16, "the section 'b' begins inside"),
        ('["\\{{#a}}x{{/a}}"]', 4, "unfinished escape"),
        ('["{{#a}}\\{{/a}}n"]', 10, "unfinished escape"),
        ('["{{#a}}x\\{{else}}y{{/a}}"]', 11, "unfinished escape"),
        ('["{{x}}\\u00e{{x}}"]', 13, "unfinished escape"),
        ("[{{x}}{{x}}]", 2, "must be a whole value"),
        ("[1{{x}}]", 3, "must be a whole value"),
        ("[{{#a}}1{{x}}{{/a}}]", 9, "must be a whole value"),
        ('[{{#a}}{{x}}""{{/a}}]', 8, "must be a whole value"),
        ("[{{x}}{{! c }}{{x}}]", 2, "must be a whole value"),
        ("{ {{#a}}{{x}}: 1{{/a}} }", 9, "must be a whole value"),
    ],
)
def test_what_could_break_for_some_event_is_refused(template: str, column: int, message: str) -> None:
    """When it is compiled, whether or not an event at hand would break it."""
    with pytest.raises(TemplateError) as caught:
        compile_template(template, Place.JSON)
    assert (1, column) == (caught.value.line, caught.value.column)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [1, -1, 1.5, 10**40, "1", True, None, [1], {"a": 1}, "e5", ""])
@pytest.mark.parametrize(
    "template",
    [
        "[{{#yes}}{{x}}{{/yes}}{{#yes}}{{x}}{{/yes}}]",
        "[1{{#yes}}{{x}}{{/yes}}]",
        "[{{#l}}{{x}}{{/l}}]",
        "[{{#yes}}{{x}}{{/yes}}5]",
    ],
)
def test_two_values_never_become_one(template: str, value: Any) -> None:
    """`1` and `2` that meet at a section's tag are no JSON, and never `12`."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(rendered(template, {"x": value, "yes": True, "l": [1, 2]}))


def test_escapes_of_escapes_are_bounded() -> None:
    """Each level can double a text; a template of a few KB does not make gigabytes of an event's value."""
    document = '["{{x}}"]'
    for _ in range(13):
        document = '["' + in_json(document) + '"]'
    assert opened(rendered(document, {"x": "short"}), 1)
    with pytest.raises(TemplateError, match="'x' is longer than 262144 characters when it is escaped"):
        rendered(document, {"x": '"' * 100_000})


def test_documents_in_strings_are_bounded() -> None:
    """Each is looked into at every depth; what would take long is refused, with the place of the first too many."""
    document = '"' + in_json('["' + in_json('["{{x}}"]') + '"]') + '"'  # three parts at each of two depths
    fits = MAX_INNER_PARTS // 6
    found = parsed(rendered("[" + ",\n".join([document] * fits) + "]", {"x": NASTY}))
    assert opened(parsed(found[-1])[0], 1) == [NASTY]
    with pytest.raises(TemplateError, match="JSON documents in strings have more than 6000 parts") as caught:
        rendered("[" + ",\n".join([document] * (fits + 20)) + "]", {"x": NASTY})
    assert fits < caught.value.line < fits + 3


# Of an event's values: the text of a JSON template, and what it must parse as (a nested document as `("nested", …)`).
Skeleton = Callable[[dict[str, Any]], tuple[str, Any]]


def skeletons(nesting: int) -> st.SearchStrategy[Skeleton]:
    """Every kind of JSON, with documents nested so deep at most. Made once: hypothesis is slow at it."""
    leaves = [bare(), string()]
    if nesting:
        leaves.append(skeletons(nesting - 1).map(nested))
    return st.recursive(st.one_of(leaves), composed, max_leaves=5)


def named(values: dict[str, Any], number: int) -> tuple[str, Any]:
    """The placeholder of one of the values, and that value."""
    name = sorted(values)[number % len(values)]
    return f"@root.[{name}]", values[name]


def placeholders(forms: list[str], parsed_as: Callable[[Any], Any]) -> st.SearchStrategy[Skeleton]:
    """A placeholder in one of the forms, and what its value is parsed as there."""

    def made(form: str, number: int) -> Skeleton:
        def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
            name, value = named(values, number)
            return form % name, parsed_as(value)

        return skeleton

    return st.builds(made, st.sampled_from(forms), st.integers(0, MOST_VALUES - 1))


def bare() -> st.SearchStrategy[Skeleton]:
    """A placeholder by itself."""
    forms = [
        "{{%s}}",
        " {{%s}} ",
        "{{#yes}}{{%s}}{{/yes}}",
        "{{#if no}}1{{else}}{{%s}}{{/if}}",
        "{{^no}} {{%s}}{{/no}}",
    ]
    return placeholders(forms, lambda value: value if type(value) is str else json.loads(plain_text(value) or "null"))


def string() -> st.SearchStrategy[Skeleton]:
    """A string with placeholders in it."""
    forms = [
        "{{%s}}",
        "{{{%s}}}",
        '{{#yes}}{{%s}}{{/yes}}{{#no}}\\"{{/no}}',
        '{{! " }}{{%s}}',
        "{{#if no}}x{{else}}{{%s}}{{/if}}",
    ]

    def literal(text: str) -> Skeleton:
        text = text.replace("{", "").replace("}", "").replace("[", "")
        return lambda _: (json.dumps(text)[1:-1], text)

    def made(parts: list[Skeleton]) -> Skeleton:
        def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
            written = [part(values) for part in parts]
            return f'"-{"".join(text for text, _ in written)}"', joined("-" + "".join(one for _, one in written))

        return skeleton

    return st.lists(st.one_of(texts().map(literal), placeholders(forms, plain_text)), max_size=3).map(made)


def nested(inner: Skeleton) -> Skeleton:
    """A list with at least one string in it, as a string."""

    def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
        text, expected = inner(values)
        return '"' + in_json(f'["", {text}]') + '"', ("nested", ["", expected])

    return skeleton


def composed(children: st.SearchStrategy[Skeleton]) -> st.SearchStrategy[Skeleton]:
    """Lists, objects, and sections that repeat."""

    def listed(items: list[Skeleton]) -> Skeleton:
        def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
            written = [item(values) for item in items]
            return "[" + ",".join(text for text, _ in written) + "]", [one for _, one in written]

        return skeleton

    def keyed(members: list[tuple[Skeleton, Skeleton]]) -> Skeleton:
        def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
            written = [(key(values), member(values)) for key, member in members]
            text = ",".join(f"{key}:{member}" for (key, _), (member, _) in written)
            return "{" + text + "}", {key: one for (_, key), (_, one) in written}

        return skeleton

    def repeated(item: Skeleton, over: str) -> Skeleton:
        def skeleton(values: dict[str, Any]) -> tuple[str, Any]:
            text, expected = item(values)
            return f"[{{{{#each {over}}}}}{text},{{{{/each}}}}0]", [*[expected] * 3, 0]

        return skeleton

    return st.one_of(
        st.lists(children, max_size=3).map(listed),
        st.lists(st.tuples(string(), children), max_size=2).map(keyed),
        st.builds(repeated, children, st.sampled_from(["three", "pairs"])),
    )


def same(expected: Any, found: Any) -> bool:
    """Whether what was parsed is what the skeleton says, every nested document parsed as well."""
    if isinstance(expected, tuple):
        return same(expected[1], parsed(found))
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, dict):
        return expected.keys() == found.keys() and all(same(expected[key], found[key]) for key in expected)
    return type(expected) is type(found) and bool(expected == found)


VALUES = st.dictionaries(
    st.sampled_from((*DUNDERS, "data", "größe", "a b", "😀")), json_values(), min_size=1, max_size=MOST_VALUES
)


@settings(max_examples=300)
@given(skeletons(3), VALUES)
def test_every_document_parses_and_holds_the_events_text(skeleton: Skeleton, values: dict[str, Any]) -> None:
    """Sections and documents nested up to three deep: each level parses, and each text is exactly the event's."""
    template, expected = skeleton(values)
    text = rendered(template, values | {"yes": True, "no": False, "three": [0, "", None], "pairs": PAIRS})
    text.encode()
    assert same(expected, parsed(text))
