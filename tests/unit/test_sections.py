"""Sections: which part of a template is written, how often, and what names mean inside."""

from typing import Any

import pytest

from grantwire.errors import TemplateError
from grantwire.tags import MAX_DEPTH
from grantwire.templates import MAX_OUTPUT_CHARACTERS, MAX_STEPS, Place, compile_template

PAYLOAD: dict[str, Any] = {
    "event_type": "RequestCreated",
    "name": "outer",
    "who": {"name": "Ana", "role": None, "title": ""},
    "list": ["a", "b", "c"],
    "one": ["only"],
    "falsy": [0, "", None, False, [], {}],
    "groups": [{"name": "prod", "units": ["r", "w"]}, {"units": [], "name": "staging"}, {"units": ["x"]}],
    "rows": [[1, 2], [3, 4]],
    "map": {"x": 1, "y": {"name": "inner"}, "z": None},
    "null": None,
    "no": False,
    "yes": True,
    "zero": 0,
    "float": 0.0,
    "text": "t",
    "empty": "",
    "none": [],
    "bare": {},
    "if": "a field of that name",
}


def rendered(template: str, place: Place = Place.TEXT, payload: Any = PAYLOAD) -> str:
    return compile_template(template, place).render(payload)


@pytest.mark.parametrize(
    "path", ["null", "no", "zero", "float", "empty", "none", "missing", "who.role", "who.x", "text.x"]
)
def test_what_is_false(path: str) -> None:
    """false, null, missing, "", 0 and []: the section is not written, its else and its opposite are."""
    for opening, closing in ((f"#{path}", path), (f"#if {path}", "if"), (f"#each {path}", "each")):
        assert rendered(f"<{{{{{opening}}}}}x{{{{/{closing}}}}}>") == "<>"
        assert rendered(f"<{{{{{opening}}}}}x{{{{else}}}}y{{{{/{closing}}}}}>") == "<y>"
    for opening, closing in ((f"^{path}", path), (f"#unless {path}", "unless"), (f"^if {path}", "if")):
        assert rendered(f"<{{{{{opening}}}}}x{{{{/{closing}}}}}>") == "<x>"
        assert rendered(f"<{{{{{opening}}}}}x{{{{else}}}}y{{{{/{closing}}}}}>") == "<x>"


@pytest.mark.parametrize("path", ["yes", "text", "who", "bare", "one", "@root", "this", ".", "one.0"])
def test_what_is_true(path: str) -> None:
    """Anything else, an empty object too; a list of one element once."""
    for opening, closing in ((f"#{path}", path), (f"#if {path}", "if"), (f"^unless {path}", "unless")):
        assert rendered(f"<{{{{{opening}}}}}x{{{{else}}}}y{{{{/{closing}}}}}>") == "<x>"
    for opening, closing in ((f"^{path}", path), (f"#unless {path}", "unless"), (f"^if {path}", "if")):
        assert rendered(f"<{{{{{opening}}}}}x{{{{/{closing}}}}}>") == "<>"
        assert rendered(f"<{{{{{opening}}}}}x{{{{else}}}}y{{{{/{closing}}}}}>") == "<y>"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{#list}}{{.}}{{/list}}", "abc"),
        ("{{#each list}}{{this}}{{/each}}", "abc"),
        ("{{ # each  list }}{{ this }}{{ / each }}", "abc"),
        ("{{#each\n list}}{{.}}{{/each}}", "abc"),
        ("{{#falsy}}<{{.}}>{{/falsy}}", "<0><><><false><[]><{}>"),
        ("{{#each falsy}}<{{.}}>{{/each}}", "<0><><><false><[]><{}>"),
        ("{{#each falsy}}{{#if this}}y{{else}}n{{/if}}{{/each}}", "nnnnny"),
        ("{{#if list}}{{list.1}}{{/if}}", "b"),
        ("{{#each text}}x{{else}}no elements{{/each}}", "no elements"),
        ("{{#each yes}}x{{/each}}", ""),
        ("{{#each bare}}x{{else}}none{{/each}}", "none"),
        ("{{#bare}}once{{/bare}}", "once"),
        ("{{#text}}{{.}}{{/text}}", "t"),
        ("{{#each map}}{{@key}}={{this}};{{/each}}", 'x=1;y={"name":"inner"};z=;'),
        ("{{#each map}}{{@index}}{{@first}}{{@last}} {{/each}}", "0truefalse 1falsefalse 2falsetrue "),
        ("{{#each list}}{{@index}}{{@key}}{{#unless @last}}, {{/unless}}{{/each}}", "00, 11, 22"),
        ("{{#list}}{{#if @first}}[{{/if}}{{.}}{{#if @last}}]{{/if}}{{/list}}", "[abc]"),
        ("{{#each groups}}{{@index}}:{{#each units}}{{@index}}{{.}}{{/each}};{{/each}}", "0:0r1w;1:;2:0x;"),
        ("{{#each groups}}{{#each units}}x{{else}}{{@index}}{{/each}}{{/each}}", "xx1x"),
        ("{{#each groups}}{{#who}}{{@index}}{{/who}}{{/each}}", "012"),
        ("{{#who}}{{@index}}{{/who}}", ""),
        ("{{#rows}}{{#.}}{{.}},{{/.}};{{/rows}}", "1,2,;3,4,;"),
        ("{{#rows}}{{0}}-{{1}};{{/rows}}", "1-2;3-4;"),
        ("{{#rows}}{{this.1}}{{./0}}{{2}};{{/rows}}", "21;43;"),
        ("{{#if if}}{{if}}{{/if}}", "a field of that name"),
        ("{{#if yes}}{{#if no}}1{{else}}2{{/if}}{{else}}3{{/if}}", "2"),
        ("{{^no}}{{name}}{{/no}}{{^list}}x{{else}}{{list.0}}{{/list}}", "outera"),
        ("{{#list}}{{/list}}{{^list}}{{/list}}{{#if yes}}{{/if}}", ""),
        ("{{#[list]}}{{.}}{{/ [list] }}", "abc"),
        ("{{#list}}a}}b{ c}{{/list}}", "a}}b{ c}" * 3),
    ],
)
def test_what_is_written(template: str, expected: str) -> None:
    """Once for each element, falsy ones too; `if` and `unless` once; the innermost loop's place."""
    assert expected == rendered(template)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{#who}}{{name}}{{/who}}", "Ana"),
        ("{{#who}}{{text}}{{/who}}", "t"),
        ("{{#who}}{{this.text}}|{{./text}}|{{this/name}}{{/who}}", "||Ana"),
        ("{{#who}}{{../name}} {{@root.name}} {{@root.who.name}}{{/who}}", "outer outer Ana"),
        ("{{#groups}}{{name}} {{/groups}}", "prod staging outer "),
        ("{{#groups}}{{this.name}} {{/groups}}", "prod staging  "),
        (
            "{{#groups}}{{#units}}{{.}}{{../name}}{{../../name}} {{/units}}{{/groups}}",
            "rprodouter wprodouter xouterouter ",
        ),
        ("{{#groups}}{{#units}}{{.}}{{../this.name}} {{/units}}{{/groups}}", "rprod wprod x "),
        ("{{#groups}}{{#units}}{{#if @first}}{{../name}}{{/if}}{{/units}}{{/groups}}", "prodouter"),
        ("{{#if yes}}{{#who}}{{#unless no}}{{../name}}{{/unless}}{{/who}}{{/if}}", "outer"),
        ("{{#who}}{{^role}}{{../name}}{{/role}}{{/who}}", "outer"),
        ("{{#each list}}{{../event_type}}{{@root.zero}}{{/each}}", "RequestCreated0" * 3),
        ("{{#who}}{{#null}}x{{else}}{{../name}}{{/null}}{{/who}}", "outer"),
        ("{{#each groups}}{{#each units}}x{{else}}{{../name}}{{/each}}{{/each}}", "xxouterx"),
        ("{{#map}}{{#y}}{{x}}{{name}}{{../z}}{{../name}}{{/y}}{{/map}}", "1innerouter"),
        ("{{#who}}{{role}}{{title}}{{/who}}", ""),
        ("{{#inner}}{{a}}{{a.b}}{{/inner}}{{a.b}}", "1"),
        ("{{#each rows}}{{#each this}}{{../0}}{{.}} {{/each}}{{/each}}", "11 12 33 34 "),
        ("{{#who}}{{.}}{{/who}}", '{"name":"Ana","role":null,"title":""}'),
        ("{{#rows.1}}{{.}}{{/rows.1}}", "34"),
        ("{{#list}}{{#../one}}{{.}}{{/../one}}{{/list}}", "only" * 3),
        ("{{#who}}{{#each ../map}}{{@key}}{{../name}}{{/each}}{{/who}}", "xAnayAnazAna"),
    ],
)
def test_what_names_mean(template: str, expected: str) -> None:
    """The first key from the innermost scope outward, the rest strictly inside; `../` past one scope, `if` is none."""
    assert expected == rendered(template, payload=PAYLOAD | {"a": {"b": 1}, "inner": {"a": None}})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{#yes}}\nx\n{{/yes}}\n", "x\n"),
        ("{{#yes}}\r\nx\r\n{{/yes}}\r\ny", "x\r\ny"),
        ("a\n  {{#list}}\n  - {{.}}\n  {{/list}}\nb", "a\n  - a\n  - b\n  - c\nb"),
        ("a\n\t{{#yes}} \t\n\tx\n \t{{/yes}}\t \nb", "a\n\tx\nb"),
        ("{{#if no}}\nx\n{{else}}\ny\n{{/if}}\nz", "y\nz"),
        ("{{#if no}}\r\nx\r\n  {{else}}  \r\ny\r\n{{/if}}\r\nz", "y\r\nz"),
        ("{{#if yes}}\nx\n  {{else}}  \ny\n{{/if}}", "x\n"),
        ("{{#if no}}\n{{else}}\n{{/if}}\nz", "z"),
        ("{{#if no}}\n{{else}}\n\n{{/if}}\nz", "\nz"),
        ("{{#if no}}\nx\n{{else}}\n  {{#if yes}}\n  y\n  {{/if}}\n{{/if}}\nz", "  y\nz"),
        ("{{#if no}}\nx\n{{else}}\n{{! why }}\ny\n{{/if}}\nz", "y\nz"),
        ("{{#if no}}x{{else}}\ny\n{{/if}}\nz", "\ny\nz"),
        ("{{#if no}}\nx {{else}}\ny{{/if}}\nz", "\ny\nz"),
        ("{{#if no}}\n {{else}} y\n{{/if}}\nz", " y\nz"),
        ("  {{#yes}} {{/yes}}\nx", "   \nx"),
        ("  {{#yes}}  \nx", None),
        ("  {{! first }}  \nx\n  {{! last }}  ", "x\n"),
        ("  {{! one }} {{! two }}\nx", "   \nx"),
        ("{{text}}\n  {{! c }}\n{{text}}", "t\nt"),
        ("{{text}} {{! c }}\n{{text}}", "t \nt"),
        ("x\n{{!\n several\n lines\n}}\ny", "x\ny"),
        ("x\n\n{{#yes}}\n\ny\n\n{{/yes}}\n\nz", "x\n\n\ny\n\n\nz"),
        ("{{text}}\n{{#yes}}{{text}}\n{{/yes}}\n", "t\nt\n"),
        ("x\n {{text}} \n", "x\n t \n"),
        ("{{! c }}\n\n\n{{! c }}\n5\n{{! c }}\n", "\n\n5\n"),
        ("{{#yes}}\n12\n{{/yes}}\n\n34", "12\n\n34"),
    ],
)
def test_lines_with_nothing_but_a_sections_tag_are_not_written(template: str, expected: str | None) -> None:
    """Nor is the line break; a lone else's line too. A line with anything else on it is kept as it is."""
    if expected is None:
        with pytest.raises(TemplateError, match="not closed"):
            rendered(template)
    else:
        assert expected == rendered(template)


@pytest.mark.parametrize(
    ("template", "column", "message"),
    [
        ("x{{#a}}y", 2, "this section is not closed (close it with {{/a}})"),
        ("x{{#if a}}y", 2, "this section is not closed (close it with {{/if}})"),
        (
            "{{#a}}{{#b}}{{/a}}{{/b}}",
            13,
            "the section that was opened at line 1, column 7 is 'b' (close that one first: {{/b}})",
        ),
        ("{{#if a}}{{/a}}", 10, "'a' is closed, but the section that was opened at line 1, column 1 is 'if'"),
        ("{{#each a}}{{/each a}}", 12, "'each a' is closed, but"),
        ("x{{/a}}", 2, "'a' was never opened (open it with {{#a}}, or remove this tag)"),
        ("{{#a}}{{else}}{{else}}{{/a}}", 15, "a second {{else}} in one section (nest another {{#if …}} instead)"),
        (
            "{{#if a}}{{else if b}}{{/if}}",
            10,
            "'else if b' is not available here (an {{else}} stands alone, inside a section)",
        ),
        ("{{#a}}{{/a}}{{else}}", 13, "'else' is not available here"),
        ("{{#a}}{{{else}}}{{/a}}", 7, "'else' is not available here"),
        ("{{#a}}{{^}}{{/a}}", 7, "'{{^}}' is not available (write {{else}})"),
        ("{{#}}{{/}}", 1, "a section names no field (name one: {{# data.approvals}})"),
        ("{{#if}}x{{/if}}", 1, "a section names no field (name one: {{#if data.approvals}})"),
        ("{{#each }}x{{/each}}", 1, "a section names no field (name one: {{#each data.approvals}})"),
        ("{{^unless}}x{{/unless}}", 1, "a section names no field"),
        ("{{#a}}{{../../b}}{{/a}}", 7, "'../../b' steps out of more sections than there are (leave '../' away)"),
        ("{{#if a}}{{../b}}{{/if}}", 10, "'../b' steps out of more sections"),
        ("{{#a}}{{else}}{{../b}}{{/a}}", 15, "'../b' steps out of more sections"),
        ("{{^a}}{{../b}}{{/a}}", 7, "'../b' steps out of more sections"),
        ("{{#../a}}{{/../a}}", 1, "'../a' steps out of more sections"),
        ("{{#if a}}{{@index}}{{/if}}", 10, "'@index' has a meaning inside {{#each …}} only"),
        ("{{#each a}}{{else}}{{@key}}{{/each}}", 20, "'@key' has a meaning inside {{#each …}} only"),
        ("{{#each a}}{{@number}}{{/each}}", 12, "'@number' is not available (there are @index, @key, @first, @last)"),
        ("{{#each a}}{{@index.b}}{{/each}}", 12, "'@index.b' is not available"),
        ("{{#each a as |b|}}{{/each}}", 1, "helpers and their arguments are not available"),
        ("{{#if (eq a b)}}{{/if}}", 1, "helpers and their arguments are not available"),
        ("{{#a}}{{../@root.b}}{{/a}}", 7, "not the path of a field"),
        ("{{lookup a b}}", 1, "helpers and their arguments are not available"),
        ("{{#with}}x{{/a}}", 11, "'a' is closed, but"),
        ("{{#> layout}}x{{/layout}}", 1, "partials are not available"),
        ("{{~#if a}}x{{/if}}", 1, "whitespace control is not available (leave the ~ away)"),
        ("{{#if a~}}x{{/if}}", 1, "whitespace control is not available"),
        ("{{#~if a}}x{{/if}}", 1, "whitespace control is not available"),
        ("{{#if a}}x{{~else}}y{{/if}}", 11, "whitespace control is not available"),
        ("{{#if a}}x{{else~}}y{{/if}}", 11, "whitespace control is not available"),
        ("{{#if a}}x{{/if~}}", 11, "whitespace control is not available"),
        ("{{a ~}}", 1, "whitespace control is not available"),
        ("{{#a.__class__()}}x{{/a}}", 1, "not the path of a field"),
    ],
)
def test_what_is_refused(template: str, column: int, message: str) -> None:
    """With line, column and a way out."""
    with pytest.raises(TemplateError) as caught:
        compile_template("é\n" + template, Place.TEXT)
    assert (2, column) == (caught.value.line, caught.value.column)
    assert message.replace("line 1", "line 2") in str(caught.value)


def test_sections_are_bounded() -> None:
    """16 deep; 20,000 steps, an element with nothing to write being one too; 256 K characters."""
    deep = "{{#yes}}" * MAX_DEPTH + "x" + "{{/yes}}" * MAX_DEPTH
    assert rendered(deep) == "x"
    with pytest.raises(TemplateError, match=f"column {8 * MAX_DEPTH + 1}: sections nest deeper than {MAX_DEPTH}"):
        rendered(f"{{{{#yes}}}}{deep}{{{{/yes}}}}")
    many = {"a": [0] * (MAX_STEPS // 2 - 2)}
    assert rendered("{{#a}}x{{/a}}", payload=many) == "x" * len(many["a"])
    for template in (
        "{{#a}}x{{/a}}{{#a}}x{{/a}}",
        "{{#a}}{{#../a}}{{/../a}}{{/a}}",
        "{{#each a}}{{#each ../a}}{{/each}}{{/each}}",
    ):
        with pytest.raises(TemplateError, match="more than 20000 steps for this event"):
            rendered(template, payload=many)
    long = {"a": list(range(9)), "b": "x" * (MAX_OUTPUT_CHARACTERS // 8)}
    with pytest.raises(TemplateError, match="the rendered text is longer than"):
        rendered("{{#a}}{{b}}{{/a}}", payload=long)


@pytest.mark.parametrize(
    "template",
    [
        "{{#data.name.__class__.format}}{0.__globals__[sys]}{{/data.name.__class__.format}}",
        "{{#data.name.format}}{0}{{/data.name.format}}",
        "{{#data.keys}}x{{/data.keys}}{{#each data.items}}x{{/each}}",
        "{{#data}}{{#keys}}x{{/keys}}{{__class__}}{{this.__class__}}{{../__class__}}{{/data}}",
        "{{#data.name}}{{upper}}{{this.upper}}{{length}}{{0}}{{/data.name}}",
        "{{#each data.name}}x{{/each}}",
        "{{#if data.__len__}}x{{/if}}{{#if data.name.__class__}}x{{/if}}",
        "{{#each data}}{{__class__}}{{this.__class__}}{{this.format}}{{/each}}",
    ],
)
def test_nothing_of_python_is_reached(template: str) -> None:
    """No attribute is looked up and nothing is called, for a section as for a value; a text has no elements."""
    assert rendered(template, payload={"data": {"name": "{0} {x}"}}) == ""


class Sly(dict[str, Any]):
    """Claims to hold every key."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return "reached"


def test_only_exact_types_have_elements_and_keys() -> None:
    """A subclass may run code of its own: it is looked into nowhere."""
    payload = {"sly": Sly(), "pair": (1, 2)}
    assert (
        rendered("{{#sly}}{{a}}{{/sly}}{{sly.a}}{{#each sly}}x{{/each}}{{#each pair}}x{{/each}}", payload=payload) == ""
    )


def test_sections_in_every_place() -> None:
    """A value inside a section is spelled for its place as outside."""
    payload = {"l": ['a"&', "é/"]}
    assert (
        rendered("https://x.example/?{{#l}}q={{.}}&{{/l}}", Place.URL, payload)
        == "https://x.example/?q=a%22%26&q=%C3%A9%2F&"
    )
    assert rendered("{{#l}}q={{.}}&{{/l}}", Place.FORM, payload) == "q=a%22%26&q=%C3%A9%2F&"
    assert rendered("{{#l}}{{.}}, {{/l}}", Place.HEADER, payload) == 'a"&, é/, '
    assert rendered("{{#l}}{{.}}\n{{/l}}", Place.TEXT, payload) == 'a"&\né/\n'


def test_whether_a_template_has_sections() -> None:
    """Known for whoever must look at the rendering again."""
    assert compile_template("{{#a}}x{{/a}}", Place.TEXT).has_sections
    assert not compile_template("{{a}}{{! c }}", Place.TEXT).has_sections
