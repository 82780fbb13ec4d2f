"""docs/api-reference.md: every operation of the HTTP API, made from the document that /api/openapi.json serves."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

from local import ROOT
from local.functions import load_handler
from local.markdown import block, heading_link, joined, json_text, table
from local.schema_rows import kind_of, rows, rule_of, semicolons

PATH: Final = "docs/api-reference.md"
Document = Mapping[str, Any]
_BODY_OF_A_WEBHOOK: Final = "WebhookDocument"
_DIFFERS: Final = "What is there stands in the way: the operation says what."
_PLACES: Final = ("path", "query", "header")
_ROUTE: Final = {"method": "GET", "path": "/api/openapi.json"}
_INTRODUCTION: Final = """\
<!-- Made by `make docs` of functions/webhooks/: change operations.py, *_schemas.py and examples.py there. -->

# API reference

Every operation of the HTTP API, as `GET /api/openapi.json` describes it for machines. [The guide](api.md) says how they
go together and [how to sign in](api.md#sign-in); [Webhooks](webhooks.md) has every rule of a webhook's fields.

- Requests carry `Authorization: Bearer <access token>` with the scope of the operation: `grantwire/read`,
  `grantwire/write` or `grantwire/test`. On the local stack they need none: `curl http://127.0.0.1:8600/api/webhooks`.
- Bodies and answers are JSON. A body has at most 256 KB.
- Times in answers are ISO 8601 in UTC.
- `••••` stands for a secret.
"""
_ERRORS: Final = """\
## Errors

Every answer from 400 on is an [Error](#error); 422, and 409 where a field is to blame, is a [Problems](#problems):

```json
{
  "statusCode": 422,
  "message": "timeout_seconds is 31: must be a number from 1 to 30",
  "problems": [{"path": "timeout_seconds", "value": "31", "rule": "must be a number from 1 to 30"}]
}
```

API Gateway answers 401 without a token that is good and 403 without the scope, before Grantwire sees the request.
"""


def api_document() -> str:
    """The whole page."""
    document = description()
    groups: dict[str, list[str]] = {}
    for method, path, operation in _operations(document):
        groups.setdefault(operation["tags"][0], []).append(_operation(document, method, path, operation))
    parts = [part for group, texts in groups.items() for part in (f"## {group}", *texts)]
    errors = (_ERRORS.strip(), _every_error())
    return joined(_INTRODUCTION.strip(), _overview(document), *parts, *errors, *_objects(document))


@cache
def description() -> Document:
    """What /api/openapi.json answers."""
    handler = load_handler(ROOT / "functions" / "webhooks" / "app.py")
    event = {"version": "2.0", "rawPath": _ROUTE["path"], "requestContext": {"stage": "$default", "http": _ROUTE}}
    answer: Any = handler(event, SimpleNamespace(aws_request_id="documents"))
    document: Document = json.loads(answer["body"])
    return document


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _overview(document: Document) -> str:
    lines = [
        (heading_link(one["summary"]), f"`{method} {path}`", one["x-scope"])
        for method, path, one in _operations(document)
    ]
    return table(("operation", "request", "scope"), lines)


def _operation(document: Document, method: str, path: str, operation: Document) -> str:
    return joined(
        f"### {operation['summary']}",
        f"`{method} {path}` · scope `grantwire/{operation['x-scope']}`",
        operation["description"],
        _parameters(operation),
        _body(document, operation),
        *_example(method, path, operation),
        _errors(operation),
    ).rstrip("\n")


def _parameters(operation: Document) -> str:
    lines = [
        (
            f"`{one['name'].title() if one['in'] == 'header' else one['name']}`",
            one["in"],
            "required" if one["required"] else rule_of(one["schema"]),
            one.get("description", ""),
        )
        for one in operation.get("parameters", ())
    ]
    return table(("parameter", "in", "rule", "what it is"), lines) if lines else ""


def _body(document: Document, operation: Document) -> str:
    if "requestBody" not in operation:
        return ""
    name = _name(operation["requestBody"]["content"])
    schema = document["components"]["schemas"][name]
    optional = "" if operation["requestBody"]["required"] else ", which may be left out"
    if name == _BODY_OF_A_WEBHOOK and operation["operationId"] != "create_webhook":
        return f"Body: as of {_link(name)}."
    if "properties" not in schema:
        return f"Body: some fields of {_link(_BODY_OF_A_WEBHOOK)}, {schema['description']}."
    return joined(f"Body{optional}:", _fields(schema)).rstrip("\n")


def _fields(schema: Document) -> str:
    lines = [(one.path, _linked(one.kind), semicolons(one.needed, one.rule), one.meaning) for one in rows(schema)]
    return table(("field", "type", "rule", "what it is"), lines)


def _linked(kind: str) -> str:
    return kind.replace(heading_link(_BODY_OF_A_WEBHOOK), _link(_BODY_OF_A_WEBHOOK))


def _link(name: str) -> str:
    """To a schema; a webhook's body is described where it is created."""
    return heading_link("Create a webhook") if name == _BODY_OF_A_WEBHOOK else heading_link(name)


def _example(method: str, path: str, operation: Document) -> Iterator[str]:
    status, answer = next(iter(sorted(_done(operation).items(), reverse=True)))
    content = answer.get("content", {}).get("application/json", {})
    yield f"Answer: {semicolons(*(_said(code, one) for code, one in _done(operation).items()))}."
    if "example" in content or not answer.get("content"):
        yield block("http", _request(method, path, operation))
        yield block("http", f"HTTP/1.1 {status}{_headers(answer)}\n{_written(content)}".rstrip())


def _done(operation: Document) -> Document:
    return {code: one for code, one in operation["responses"].items() if code < "400"}


def _said(code: str, answer: Document) -> str:
    name = _name(answer.get("content", {}))
    words = answer["description"].rstrip(".")
    said = "" if words == "Done" else f": {words[0].lower()}{words[1:]}"
    return f"{code}{f' {_link(name)}' if name else ''}{said}"


def _name(content: Document) -> str:
    """Of the schema; empty when it has none."""
    reference: str = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]


def _request(method: str, path: str, operation: Document) -> str:
    known = [one for one in operation.get("parameters", ()) if "example" in one]
    values = {place: {one["name"]: one["example"] for one in known if one["in"] == place} for place in _PLACES}
    query = f"?{urlencode(values['query'], safe=':')}" if values["query"] else ""
    headers = "".join(f"\n{name.title()}: {value}" for name, value in values["header"].items())
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return f"{method} {path.format(**values['path'])}{query}{headers}\n{_written(content)}".rstrip()


def _headers(answer: Document) -> str:
    return "".join(f"\n{name}: {one['example']}" for name, one in answer.get("headers", {}).items())


def _written(content: Document) -> str:
    if "example" not in content:
        return ""
    return f"Content-Type: application/json\n\n{json_text(content['example'])}"


def _errors(operation: Document) -> str:
    """The statuses; with words of their own where there are such."""
    errors = {code: one["description"] for code, one in operation["responses"].items() if code >= "400"}
    if not errors:
        return ""
    own = [f"{code}: {words}" for code, words in errors.items() if words != _usual()[code]]
    return " ".join([f"{heading_link('Errors')}: {', '.join(errors)}.", *own])


@cache
def _usual() -> Mapping[str, str]:
    """For each status the words that most operations have for it, if most have the same."""
    found: dict[str, list[str]] = {}
    for _, _, operation in _operations(description()):
        for code, one in operation["responses"].items():
            found.setdefault(code, []).append(one["description"])
    most = {code: max(words, key=words.count) for code, words in sorted(found.items())}
    return {code: one if found[code].count(one) * 2 > len(found[code]) else _DIFFERS for code, one in most.items()}


def _every_error() -> str:
    lines = [(code, words) for code, words in _usual().items() if code >= "400"]
    return table(("status", "what it means"), lines)


def _objects(document: Document) -> Iterator[str]:
    """What is answered; a body stands where it is sent."""
    schemas = document["components"]["schemas"]
    bodies = {_name(one.get("requestBody", {}).get("content", {})) for _, _, one in _operations(document)}
    yield "## Objects"
    yield "What answers hold. More fields may come with a later version."
    for name, schema in schemas.items():
        if name not in bodies:
            yield f"### {name}"
            yield from _object(schemas[_BODY_OF_A_WEBHOOK]["properties"], schema)


def _object(of_a_webhook: Document, schema: Document) -> Iterator[str]:
    *above, own = schema.get("allOf", [schema])
    if above:
        yield f"A {kind_of(above[0])} with"
    fields = {name: one for name, one in own["properties"].items() if of_a_webhook.get(name) != one}
    lines = [(one.path, _linked(one.kind), one.meaning) for one in rows({"properties": fields})]
    yield table(("field", "type", "what it is"), lines)
    if len(fields) < len(own["properties"]):
        yield f"and every field of {_link(_BODY_OF_A_WEBHOOK)}, at its default where it was not given; secrets masked."
