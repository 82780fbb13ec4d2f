"""`rendering`: the HTTP request of an attempt."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from grantwire import __version__
from grantwire.errors import TemplateError
from grantwire.identifiers import delivery_id
from grantwire.models import Header, HttpRequest, RequestEvent, Webhook
from grantwire.rendering import check_body, render
from grantwire.samples import sample_event
from tests.unit.conftest import event_of, json_objects, json_values, texts, webhook_of

GUIDE = '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}'
EVENT = sample_event("RequestCreated")


def request(
    event: RequestEvent = EVENT, *, sent_at: float = 1795000001.9, secrets: Any = None, **fields: Any
) -> HttpRequest:
    """The request of a webhook with these fields."""
    return render(webhook_of(**fields), event, secret_values=secrets or {}, sent_at=sent_at)


def with_body(body: str) -> Webhook:
    """A webhook with this body, which was not checked."""
    return replace(webhook_of(), body_template=body)


def test_the_guides_webhook() -> None:
    """Method, URL, headers in order, body: what arrives at Torq."""
    headers = [{"name": "Authorization", "value": "Bearer t0k3n"}]
    sent = request(body_template=GUIDE, headers=headers, secrets={"Authorization": "Bearer t0k3n"})
    assert sent.method == "POST"
    assert sent.url == "https://hooks.torq.io/v1/webhooks/1/"
    assert sent.body == b'{"body": {"event": "New Apono RequestCreated request made by Ana Lima"}}'
    assert sent.headers == (
        ("User-Agent", f"Grantwire/{__version__}"),
        ("Accept", "*/*"),
        ("Content-Type", "application/json"),
        ("webhook-id", delivery_id("wh_06ewh5hy0000000000000000", EVENT)),
        ("webhook-timestamp", "1795000001"),
        ("Grantwire-Hops", "1"),
        ("Authorization", "Bearer t0k3n"),
    )


def test_every_attempt_has_the_same_webhook_id() -> None:
    """And its own timestamp; another event and another webhook have another id."""
    first, later = (dict(request(sent_at=sent_at).headers) for sent_at in (1795000001, 1795009999))
    assert first["webhook-id"] == later["webhook-id"]
    assert (first["webhook-timestamp"], later["webhook-timestamp"]) == ("1795000001", "1795009999")
    assert dict(request(sample_event("RequestGranted")).headers)["webhook-id"] != first["webhook-id"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_a_header_of_the_webhook_replaces_ours(name: str) -> None:
    """Whatever its case; it is sent once, as it was written."""
    sent = request(body_template="x", headers=[{"name": name, "value": "text/plain"}])
    assert [(key, value) for key, value in sent.headers if key.lower() == "content-type"] == [(name, "text/plain")]
    sent = request(headers=[{"name": "user-agent", "value": "mine"}, {"name": "accept", "value": "text/html"}])
    assert [value for key, value in sent.headers if key.lower() in ("user-agent", "accept")] == ["mine", "text/html"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_without_a_body_there_is_no_content_type(method: str) -> None:
    """A GET carries what it has to say in its URL."""
    sent = request(method=method, url="https://a.example/{{event_type}}?who={{data.requester.name}}")
    assert (sent.method, sent.url, sent.body) == (method, "https://a.example/RequestCreated?who=Ana%20Lima", b"")
    assert "content-type" not in {name.lower() for name, _ in sent.headers}


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", b'{"a": "x\\"y&z", "n": "x\\"y&z"}'),
        ("application/vnd.api+JSON; charset=utf-8", b'{"a": "x\\"y&z", "n": "x\\"y&z"}'),
        ("application/x-www-form-urlencoded", b'{"a": "x%22y%26z", "n": x%22y%26z}'),
        ("text/plain", b'{"a": "x"y&z", "n": x"y&z}'),
        ("text/plain; note=json", b'{"a": "x"y&z", "n": x"y&z}'),
        ("application/x-amz-json-1.1", b'{"a": "x\\"y&z", "n": "x\\"y&z"}'),
        ("application/x-ndjson; charset=utf-8", b'{"a": "x\\"y&z", "n": "x\\"y&z"}'),
    ],
)
def test_the_content_type_decides_how_values_are_spelled(content_type: str, expected: bytes) -> None:
    """JSON, a form, or text."""
    headers = [{"name": "Content-Type", "value": content_type}]
    body = '{"a": "{{data.name}}", "n": {{data.name}}}'
    assert expected == request(event_of({"data": {"name": 'x"y&z'}}), body_template=body, headers=headers).body


LINES = ["application/x-ndjson", "application/NDJSON", "application/jsonl", "application/jsonlines"]
SEQUENCES = ["application/json-seq", "application/geo+json-seq; charset=utf-8"]


def in_lines(body: str, content_type: str) -> Webhook:
    """A webhook with a body of that type, neither of which was checked."""
    return replace(with_body(body), headers=(Header(name="Content-Type", value=content_type),))


@pytest.mark.parametrize("content_type", [*LINES, *SEQUENCES])
@pytest.mark.parametrize(
    "body",
    [
        '{"index": {}}\n{"who": "{{data.x}}"}\n',
        '{"index": {}}\r\n{{data}}\r\n',
        '{{data}}\n{"a": {{data.x}}}',
        '{"a": [\t1]}\n\n{{#each data}}{{.}}\n{{/each}}',
        '\x1e{"a": {{data.x}}}\n\x1e{{data}}\n',
        "{{data}}",
    ],
)
def test_json_in_lines_is_json_in_each_line(body: str, content_type: str) -> None:
    """Values are spelled as in any JSON, whatever they hold; a value may be a line of its own."""
    webhook = in_lines(body, content_type)
    check_body(webhook)
    sent = render(webhook, event_of({"data": {"x": 'a"\n\x1e}'}}), secret_values={}, sent_at=0.0).body.decode()
    lines = [line.lstrip("\x1e") for line in sent.split("\n") if line.strip()]
    assert len(lines) == len([line for line in body.split("\n") if line.strip(" {}/each")])
    for line in lines:
        json.loads(line)


@pytest.mark.parametrize("content_type", [LINES[0], SEQUENCES[0]])
@pytest.mark.parametrize(
    ("body", "line"),
    [('{"a": 1}\n{"b": 2', 2), ('{"a":\n1}', 1), ('{"a": 1} {"b": 2}', 1), ('{"a": "one\ntwo"}', 1)],
)
def test_a_line_that_is_not_json_is_refused(body: str, line: int, content_type: str) -> None:
    """When the webhook is saved, with the line and what is wanted of it."""
    with pytest.raises(TemplateError, match=f"is not JSON in its line {line}, column") as caught:
        check_body(in_lines(body, content_type))
    assert caught.value.hint == "with this Content-Type each line is JSON of its own"


def test_json_in_lines_is_looked_at_again_where_sections_decide() -> None:
    """An event for which a line is not JSON fails its delivery, as in any JSON."""
    webhook = in_lines('{"a": 1}\n{"b": [1{{#if data.odd}},{{/if}}]}\n', LINES[0])
    check_body(webhook)
    with pytest.raises(TemplateError, match="the body rendered for this event is not JSON in its line 2, column"):
        render(webhook, event_of({"data": {"odd": True}}), secret_values={}, sent_at=0.0)


@pytest.mark.parametrize("content_type", ["application/jsonld", "application/vnd.ndjson+json", "application/json "])
def test_json_whose_type_only_looks_like_lines_is_one_document(content_type: str) -> None:
    """It may have as many lines as it likes."""
    check_body(in_lines('{\n  "a": "{{event_type}}"\n}', content_type))


@pytest.mark.parametrize("body", ['{"a": 1}\n{{x}}', '{{x}}\n{"a": 1}'])
def test_a_value_between_lines_is_for_json_in_lines_only(body: str) -> None:
    """In plain JSON a line break is a space like any other."""
    with pytest.raises(TemplateError, match="a placeholder outside quotes must be a whole value"):
        check_body(with_body(body))


def test_headers_hold_placeholders_secret_ones_too() -> None:
    """A secret's value is rendered like any other."""
    headers = [
        {"name": "X-Who", "value": "by {{data.requester.name}}"},
        {"name": "X-Key", "value": "?", "secret": True},
    ]
    sent = dict(request(headers=headers, secrets={"X-Key": "key-{{data.friendly_id}}"}).headers)
    assert (sent["X-Who"], sent["X-Key"]) == ("by Ana Lima", "key-AR-123")


@pytest.mark.parametrize(
    ("fields", "payload", "message"),
    [
        ({"headers": [{"name": "X-Who", "value": "{{data.x}}"}]}, {"x": "a\r\nb"}, "holds a line break"),
        ({"body_template": '{"x": "{{data.x}}"}'}, {"x": "a" * 300_000}, "longer than 262144 characters"),
    ],
)
def test_what_cannot_be_rendered_is_a_template_error(fields: Any, payload: Any, message: str) -> None:
    """Nothing is sent; the reason names the field or the limit."""
    with pytest.raises(TemplateError, match=message):
        request(event_of({"data": payload}), **fields)


@given(json_objects(), texts())
def test_the_guides_body_is_json_for_any_event(payload: dict[str, Any], name: str) -> None:
    """Bytes that any parser reads, with the requester's name as it is."""
    json.loads(request(event_of(payload), body_template=GUIDE).body, parse_constant=pytest.fail)
    event = event_of({"event_type": "RequestCreated", "data": {"requester": {"name": name}}})
    sent = json.loads(request(event, body_template=GUIDE).body)
    assert sent == {"body": {"event": f"New Apono RequestCreated request made by {name}"}}


@given(json_values())
def test_no_event_leaves_the_host(value: Any) -> None:
    """A placeholder in the URL fills a segment or a value, and no more."""
    try:
        url = request(event_of({"data": {"x": value}}), url="https://a.example/{{data.x}}?q={{data.x}}").url
    except TemplateError:
        return
    assert url.isascii()
    assert url.startswith("https://a.example/")
    assert (url.count("/"), url.count("?"), url.count("#"), url.count("&")) == (3, 1, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"a": "{{x}}"',
        '{"a": {{x}},}',
        "{'a': 1}",
        "{{x}} {{x}}",
        "New {{event_type}}",
        " ",
        '{"a": "\n"}',
        "\ufeff{}",
    ],
)
def test_a_body_that_is_not_json_is_refused(body: str) -> None:
    """When the webhook is saved, not when its first event comes."""
    with pytest.raises(TemplateError):
        check_body(with_body(body))


@pytest.mark.parametrize(
    "body",
    ['{"a": NaN}', "[-Infinity]", "[" * 30_000, '{"n": ' + "1" * 5000 + "}"],
    ids=["NaN", "Infinity", "unclosed", "digits"],
)
def test_a_body_that_only_some_parsers_read_is_refused(body: str) -> None:
    """Python reads NaN, which no JSON has; and what makes a parser give up is a TemplateError too."""
    with pytest.raises(TemplateError):
        check_body(with_body(body))


@pytest.mark.parametrize("body", ["", "{}", "null", "{{missing}}", '"{{x}}"', '[{{x}}, {"{{x}}": "{{x}}"}]', GUIDE])
def test_a_body_that_is_json_for_every_sample_is_accepted(body: str) -> None:
    """An empty one too: there are receivers that want none."""
    check_body(with_body(body))


def test_the_refusal_of_a_body_shows_the_place() -> None:
    """Which trigger, what the parser said, and the text around it."""
    with pytest.raises(TemplateError) as caught:
        check_body(with_body('{"a": "{{event_type}}" "b"}'))
    assert "the body rendered for RequestCreated is not JSON in its line 1, column 24: Expecting ',' delimiter" in str(
        caught.value
    )
    assert 'RequestCreated\\" \\"b\\"}' in str(caught.value)


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ('{"a": [{{#each data.approvals}}1,{{/each}}]}', "in a loop write {{#unless @last}},{{/unless}}"),
        ('{"a": "two\nlines"}', "write \\n for a line break in it"),
        ('{"a": "{{event_type}}}', "check quotes"),
    ],
)
def test_the_refusal_of_a_body_says_what_helps(body: str, remedy: str) -> None:
    """For a comma too many, a line break in a string, and anything else."""
    with pytest.raises(TemplateError) as caught:
        check_body(with_body(body))
    assert remedy in caught.value.hint
