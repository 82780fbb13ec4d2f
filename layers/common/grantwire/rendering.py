"""A webhook and an event become the HTTP request that is sent."""

import json
from collections.abc import Mapping
from typing import Final

from grantwire import __version__, hops
from grantwire.errors import TemplateError
from grantwire.identifiers import delivery_id
from grantwire.models import Header, HttpRequest, RequestEvent, Webhook
from grantwire.samples import samples
from grantwire.templates import Place, Template, compile_template

USER_AGENT = f"Grantwire/{__version__}"
COMMA_REMEDY = "{{#unless @last}},{{/unless}}"
_DEFAULT_CONTENT_TYPE = "application/json"
_LINE_WISE: Final = ("ndjson", "jsonl", "jsonlines", "json-seq")


def body_template(webhook: Webhook) -> Template:
    """The compiled body. Raises TemplateError with line and column."""
    return compile_template(webhook.body_template, _place(_content_type(webhook)))


def url_template(url: str) -> Template:
    """The compiled URL. Raises TemplateError."""
    return compile_template(url, Place.URL)


def header_template(value: str) -> Template:
    """A compiled header value. Raises TemplateError."""
    return compile_template(value, Place.HEADER)


def render(webhook: Webhook, event: RequestEvent, *, secret_values: Mapping[str, str], sent_at: float) -> HttpRequest:
    """The request of one attempt. `secret_values`: the plain value of each secret header, by its name.

    Raises TemplateError when a value of this event cannot stand where the template puts it.
    `webhook-id` and `webhook-timestamp`: Standard Webhooks, https://www.standardwebhooks.com.
    """
    body = _body(webhook, event.payload).encode("utf-8", "replace")
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
    if body:
        headers["Content-Type"] = _DEFAULT_CONTENT_TYPE
    headers |= {"webhook-id": delivery_id(webhook.id, event), "webhook-timestamp": str(int(sent_at))}
    headers[hops.HEADER] = str(hops.hops_of(event.payload) + 1)
    return HttpRequest(
        method=webhook.method,
        url=url_template(webhook.url).render(event.payload),
        headers=_with_own(headers, webhook.headers, event, secret_values),
        body=body,
    )


def check_body(webhook: Webhook) -> None:
    """Raises TemplateError unless the body can be rendered, and a JSON body parses, for every sample event."""
    template = body_template(webhook)
    for sample in samples():
        text = template.render(sample.payload)
        _check(text, _place(_content_type(webhook)), f"the body rendered for {sample.name}", quote=True)


def _body(webhook: Webhook, payload: Mapping[str, object]) -> str:
    """The rendered body. A JSON template without sections renders JSON for any event; one with them is checked."""
    template = body_template(webhook)
    text = template.render(payload)
    if template.has_sections:
        _check(text, _place(_content_type(webhook)), "the body rendered for this event", quote=False)
    return text


def _check(text: str, place: Place, what: str, *, quote: bool) -> None:
    """Raises TemplateError when the place wants JSON, or JSON in each line that is not empty, and the text is none."""
    if text and place is Place.JSON:
        _check_json(text, what, quote=quote)
    elif place is Place.JSON_LINES:
        for line, one in enumerate(text.split("\n")):
            for value in one.split("\x1e"):  # RFC 7464: what begins each text of application/json-seq
                if value.strip(" \t\r"):
                    _check_json(value, what, quote=quote, lines_before=line)


def _check_json(text: str, what: str, *, quote: bool, lines_before: int | None = None) -> None:
    """`quote`: whether the error may show a part of the text; a delivery's may not, since it goes to the log."""
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        near = json.dumps(text[max(0, exc.pos - 20) : exc.pos + 20], ensure_ascii=False)
        line = exc.lineno + (lines_before or 0)
        place = f"in its line {line}, column {exc.colno}"  # not the template's, whose place is not known
        remedy = (
            _remedy(text, exc.pos) if lines_before is None else "with this Content-Type each line is JSON of its own"
        )
        message = f"{what} is not JSON {place}: {exc.msg.removesuffix(' at')}" + (f" near {near}" if quote else "")
        raise TemplateError(message, hint=remedy) from exc
    except (ValueError, RecursionError) as exc:
        raise TemplateError(f"{what} is not JSON that every parser reads: {exc}") from exc


def _remedy(text: str, position: int) -> str:
    if text[position : position + 1] in ("\n", "\r", "\t"):
        return "a string goes on to the next line: write \\n for a line break in it, or close it with a quote"
    if "," in (text[:position].rstrip()[-1:], text[position : position + 1]):
        return f"a comma is left over: in a loop write {COMMA_REMEDY}"
    return "check quotes, commas and braces"


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _with_own(
    headers: Mapping[str, str], own: tuple[Header, ...], event: RequestEvent, secret_values: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Our headers, and the webhook's own in place of those it names itself, whatever the case."""
    replaced = {header.name.lower() for header in own}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in replaced]
    values = [
        (header.name, header.value if isinstance(header.value, str) else secret_values[header.name]) for header in own
    ]
    return (*kept, *((name, header_template(value).render(event.payload)) for name, value in values))


def _content_type(webhook: Webhook) -> str:
    own = (header.value for header in webhook.headers if header.name.lower() == "content-type")
    return str(next(own, _DEFAULT_CONTENT_TYPE)).lower().partition(";")[0].strip()


def _place(content_type: str) -> Place:
    """Whatever calls itself JSON counts as such: an event's text would add keys to what is taken for plain text."""
    if content_type.endswith(_LINE_WISE):
        return Place.JSON_LINES
    if "json" in content_type:
        return Place.JSON
    return Place.FORM if "x-www-form-urlencoded" in content_type else Place.TEXT
