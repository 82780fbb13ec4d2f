"""A webhook as a user writes it (JSON) becomes a Webhook, or the list of everything that is wrong with it.

The same code reads what is stored, so that a row that was changed by hand is refused with the same words.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from grantwire import credentials, filters, validators
from grantwire.credentials import MAX_SECRET_BYTES, ShowSecret, Source, sealed_document
from grantwire.errors import InvalidWebhookError, JsonPathError, Problem, TemplateError
from grantwire.models import (
    MASK,
    TRIGGERS,
    Filter,
    Header,
    MaskedSecret,
    PlainSecret,
    ResponseValidator,
    SealedSecret,
    Secret,
    Webhook,
)
from grantwire.reading import NOTHING, Reader, shown, size_of, unstorable
from grantwire.rendering import body_template, check_body, header_template, url_template
from grantwire.urls import MAX_URL_CHARACTERS, fragment_problem, parse_url

METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "GET")
MAX_DOCUMENT_CHARACTERS: Final = 250_000  # a row of the table holds 400 KB
DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS, MAX_ATTEMPTS = 10.0, 30, 11
LEAST_PER_SECOND, MOST_PER_SECOND = 0.1, 500
EDITABLE: Final = (
    "name",
    "active",
    "method",
    "url",
    "body_template",
    "headers",
    "authentication",
    "signing",
    "triggers",
    "filters",
    "timeout_seconds",
    "response_validators",
    "retry",
    "deliveries_per_second",
)
_KEPT_BY_US: Final = ("id", "version", "created_at", "updated_at")
_NAME = re.compile(r"[^\W_][\w \-]{0,63}", re.ASCII)
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|password|passwd|credential|signature|api-?key|access-?key", re.IGNORECASE
)


def header_is_always_secret(name: str) -> bool:
    """Whether a header's name says that its value is a credential, marked or not."""
    return bool(_SECRET_NAME.search(name))


def parse_webhook(
    document: object,
    *,
    webhook_id: str,
    now: float,
    version: int = 0,
    created_at: float | None = None,
    stored: bool = False,
    masked_secrets: bool = False,
) -> Webhook:
    """The webhook that `document` (parsed JSON) describes. Raises InvalidWebhookError with every problem.

    A `stored` one has sealed secrets, which a user's document cannot have, and was rendered for the samples when saved.
    With `masked_secrets`, for an update, the mask may stand for a secret that is stored: `saving.keep_secrets` is next.
    """
    reader = Reader()
    source = Source.STORED if stored else Source.UPDATE if masked_secrets else Source.USER
    fields = _fields(document, any_size=stored)
    for field in fields.keys() - {*EDITABLE, *_KEPT_BY_US}:
        reader.refuse(str(field), NOTHING, f"is not a field of a webhook; the fields are {', '.join(EDITABLE)}")
    webhook = Webhook(
        id=webhook_id,
        name=reader.text(fields, "name", _is_name, required=True).strip(),
        active=reader.boolean(fields, "active", default=False),
        method=reader.choice(fields, "method", METHODS, default="POST"),
        url=reader.text(fields, "url", _is_url, required=True),
        body_template=reader.text(fields, "body_template", None),
        headers=_headers(reader, fields, source),
        authentication=credentials.read_authentication(reader, fields, source),
        signing=credentials.read_signing(reader, fields, source),
        triggers=_triggers(reader, fields),
        filters=tuple(_filter(reader, *row) for row in reader.rows(fields, "filters")),
        timeout_seconds=_timeout_seconds(reader, fields),
        response_validators=tuple(_validator(reader, *row) for row in reader.rows(fields, "response_validators")),
        max_attempts=_max_attempts(reader, fields),
        deliveries_per_second=_deliveries_per_second(reader, fields),
        version=version,
        created_at=now if created_at is None else created_at,
        updated_at=now,
    )
    _check_together(reader, webhook, stored=stored)
    if reader.problems:
        raise InvalidWebhookError(sorted(reader.problems, key=lambda problem: _order(problem.path)))
    return webhook


def _check_together(reader: Reader, webhook: Webhook, *, stored: bool) -> None:
    """What depends on more than one field; and what holds for new ones only: a fragment could be stored once."""
    if not stored and (problem := fragment_problem(webhook.url)):
        reader.refuse("url", webhook.url, problem)
    credentials.check_headers_differ(reader, tuple(one.name for one in webhook.headers), webhook.authentication)
    _check(reader, "body_template", lambda: body_template(webhook) if stored else check_body(webhook))


def _fields(document: object, *, any_size: bool) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise InvalidWebhookError([Problem("", shown(document), "must be a JSON object with the webhook's fields")])
    if not any_size and size_of(document) > MAX_DOCUMENT_CHARACTERS:
        rule = f"the webhook must be at most {MAX_DOCUMENT_CHARACTERS} characters of JSON, nested as its fields are"
        raise InvalidWebhookError([Problem("", "", rule)])
    return document


def document_of(webhook: Webhook) -> dict[str, Any]:
    """The webhook as stored JSON: what `parse_webhook` reads, with sealed secrets. A plain secret is refused."""
    return _document(webhook, sealed_document)


def public_document(webhook: Webhook) -> dict[str, Any]:
    """The webhook as it may be shown: the mask stands for each secret. An update may send it back as it is."""
    return _document(webhook, lambda secret: MASK)  # noqa: ARG005 - whichever it is


def _document(webhook: Webhook, show: ShowSecret) -> dict[str, Any]:
    return {
        "name": webhook.name,
        "active": webhook.active,
        "method": webhook.method,
        "url": webhook.url,
        "body_template": webhook.body_template,
        "headers": [_header_document(header, show) for header in webhook.headers],
        "authentication": credentials.authentication_document(webhook.authentication, show),
        "signing": credentials.signing_document(webhook.signing, show),
        "triggers": list(webhook.triggers),
        "filters": [
            {"field": one.field, "operator": one.operator, "values": list(one.values)} for one in webhook.filters
        ],
        "timeout_seconds": webhook.timeout_seconds,
        "response_validators": [
            {"json_path": one.json_path, "expected_values": list(one.expected_values)}
            for one in webhook.response_validators
        ],
        "retry": {"max_attempts": webhook.max_attempts},
        "deliveries_per_second": webhook.deliveries_per_second,
    }


def _header_document(header: Header, show: ShowSecret) -> dict[str, object]:
    if isinstance(header.value, str):
        return {"name": header.name, "value": header.value}
    shown_secret = show(header.value)
    secret = shown_secret if isinstance(shown_secret, dict) else {"value": shown_secret}
    return {"name": header.name, **secret, "secret": True}


def _headers(reader: Reader, document: Mapping[str, Any], source: Source) -> tuple[Header, ...]:
    headers: dict[str, Header] = {}
    for path, row in reader.rows(document, "headers"):
        reader.known(path, row, "name", "value", "secret", *(("sealed",) if source is Source.STORED else ()))
        name = reader.text(row, "name", credentials.header_name_problem, required=True, at=path)
        if name.lower() in headers:
            reader.refuse(f"{path}name", name, "is there twice; header names do not differ by case")
        if name.lower() == "content-type" and not _is_content_type(row):
            value = row.get("value", "") if row.get("secret", False) is False else NOTHING
            rule = "must be a plain media type such as application/json, not secret: it decides how values are escaped"
            reader.refuse(f"{path}value", value, rule)
        headers[name.lower()] = Header(name=name, value=_header_value(reader, row, path, name, source))
    return tuple(headers.values())


def _is_content_type(row: Mapping[str, Any]) -> bool:
    value = row.get("value")
    plain = isinstance(value, str) and "/" in value and "{{" not in value
    return plain and row.get("secret", False) is False


def _header_value(reader: Reader, row: Mapping[str, Any], path: str, name: str, source: Source) -> str | Secret:
    reader.boolean(row, "secret", default=False, at=path)
    secret = row.get("secret", False) is not False or header_is_always_secret(name)  # a wrong mark is a mark too
    if "sealed" in row:
        return SealedSecret(reader.text(row, "sealed", None, required=True, at=path))
    value = row.get("value", "")
    visible = NOTHING if secret else value
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > MAX_SECRET_BYTES:
        reader.refuse(f"{path}value", visible, f"must be text of at most {MAX_SECRET_BYTES} bytes")
        return ""
    if value == MASK and source is Source.UPDATE:
        if not secret:
            reader.refuse(f"{path}value", NOTHING, "is the mask of a secret: mark it secret, or enter the value")
        return MaskedSecret()
    if secret and value in ("", MASK):
        reader.refuse(f"{path}value", NOTHING, "is required: a secret header needs its value")
    elif problem := unstorable(value):
        reader.refuse(f"{path}value", NOTHING, problem)
    elif problem := credentials.header_value_problem(value):
        reader.refuse(f"{path}value", visible, problem)
    else:
        _check(reader, f"{path}value", lambda: header_template(value), quote=not secret)
    return PlainSecret(value) if secret else value


def _triggers(reader: Reader, document: Mapping[str, Any]) -> tuple[str, ...]:
    value = document.get("triggers")
    if not isinstance(value, list) or not value:
        reader.refuse("triggers", NOTHING if value is None else value, f"needs at least one of {', '.join(TRIGGERS)}")
        return ()
    for index, trigger in enumerate(value):
        if trigger not in TRIGGERS:
            reader.refuse(f"triggers[{index}]", trigger, f"must be one of {', '.join(TRIGGERS)}")
    return tuple(trigger for trigger in TRIGGERS if trigger in value)


def _filter(reader: Reader, path: str, row: Mapping[str, Any]) -> Filter:
    reader.known(path, row, "field", "operator", "values")
    field = reader.text(row, "field", filters.field_problem, required=True, at=path)
    operator = reader.choice(row, "operator", filters.OPERATORS, at=path)
    if operator in filters.WITHOUT_VALUES:
        if (given := row.get("values")) not in (None, []):
            rule = (
                f"must be left out or empty: {operator} asks whether there is a value at all; is compares with values"
            )
            reader.refuse(f"{path}values", given, rule)
        return Filter(field=field, operator=operator, values=())
    values = reader.values(row, "values", path)
    for index, value in enumerate(values):
        compared = None if row["values"][index] is None else value
        if problem := filters.value_problem(operator, compared):
            reader.refuse(f"{path}values[{index}]", compared, problem)
    return Filter(field=field, operator=operator, values=values)


def _validator(reader: Reader, path: str, row: Mapping[str, Any]) -> ResponseValidator:
    reader.known(path, row, "json_path", "expected_values")
    json_path = reader.text(row, "json_path", _is_json_path, required=True, at=path)
    return ResponseValidator(json_path=json_path, expected_values=reader.values(row, "expected_values", path))


def _timeout_seconds(reader: Reader, document: Mapping[str, Any]) -> float:
    return float(reader.number(document, "timeout_seconds", 1, MAX_TIMEOUT_SECONDS, DEFAULT_TIMEOUT_SECONDS))


def _max_attempts(reader: Reader, document: Mapping[str, Any]) -> int:
    retry = document.get("retry")
    if retry is None:
        return MAX_ATTEMPTS
    if not isinstance(retry, dict):
        reader.refuse("retry", retry, 'must be an object such as {"max_attempts": 11}')
        return MAX_ATTEMPTS
    reader.known("retry.", retry, "max_attempts")
    value = reader.number(retry, "max_attempts", 1, MAX_ATTEMPTS, MAX_ATTEMPTS, at="retry.")
    if value != int(value):
        reader.refuse("retry.max_attempts", value, "must be a whole number")
    return int(value)


def _deliveries_per_second(reader: Reader, document: Mapping[str, Any]) -> float | None:
    return float(reader.number(document, "deliveries_per_second", LEAST_PER_SECOND, MOST_PER_SECOND, 0.0)) or None


def _is_name(name: str) -> str:
    rule = "must start with a letter or digit and go on with letters (A-Z, a-z), digits, spaces, '-' or '_'"
    return "" if _NAME.fullmatch(name.strip()) else f"{rule}, at most 64 in all"


def _is_url(url: str) -> str:
    if len(url) > MAX_URL_CHARACTERS:
        return f"must be at most {MAX_URL_CHARACTERS} characters long"
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "{" in authority:
        return "must not hold a placeholder in its host: an event would decide who receives it"
    try:
        parse_url(re.sub(r"\{\{.*?\}\}+", "x", url))
        url_template(url)
    except ValueError as exc:
        return f"the URL {exc}"
    except TemplateError as exc:
        return str(exc)
    return ""


def _is_json_path(path: str) -> str:
    try:
        validators.normalise(path)
    except JsonPathError as exc:
        return str(exc)
    return ""


def _check(reader: Reader, path: str, compiles: Callable[[], object], *, quote: bool = True) -> None:
    try:
        compiles()
    except TemplateError as exc:
        rule = str(exc) if quote else "holds a placeholder that is not understood"
        reader.problems.append(Problem(path, "", rule, exc.line, exc.column))


def _order(path: str) -> tuple[int, str]:
    """Problems in the order of the form."""
    field = re.split(r"[.\[]", path, maxsplit=1)[0]
    return (EDITABLE.index(field) if field in EDITABLE else len(EDITABLE), path)
