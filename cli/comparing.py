"""Whether a document in a file and the one that is stored say the same, whatever their spelling."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from cli import MASK, Document
from cli.secret_places import is_secret_header, masked

# In what the API shows, and no part of a document.
SHOWN_ONLY: Final = (
    *("id", "version", "created_at", "updated_at"),
    *("inactive_reason", "health", "warnings", "missing_secrets", "new_signing_secret"),
)
# Those of a document, in the order of an export.
FIELDS: Final = (
    *("name", "active", "method", "url", "body_template", "headers", "authentication", "signing", "triggers"),
    *("filters", "timeout_seconds", "response_validators", "retry", "deliveries_per_second"),
)
_NEVER_NULL: Final = ("active", "method")
_KEPT_BY_THE_API: Final = ("previous_secret", "previous_until")
_MOST_ATTEMPTS: Final = 11


def editable(document: Mapping[str, Any]) -> Document:
    """A document as somebody may have written it, without what the API only shows. What is no field stays."""
    kept = {name: value for name, value in document.items() if name not in SHOWN_ONLY}
    if isinstance(signing := kept.get("signing"), dict):
        kept["signing"] = {name: value for name, value in signing.items() if name not in _KEPT_BY_THE_API}
    return kept


def fields_of(stored: Mapping[str, Any]) -> Document:
    """The document of a webhook as the API shows it: its fields alone, the same however often it is saved."""
    document = editable(stored)
    return {name: document[name] for name in FIELDS if name in document}


def changed_fields(document: Document, stored: Document) -> tuple[str, ...]:
    """The fields in which a document, secrets filled in, differs from the stored one.

    What is stored of a secret cannot be known, so that a given one counts as a change; such fields come last.
    """
    fields = [*stored, *(name for name in document if name not in stored)]
    hidden = masked(document)
    plain = [name for name in fields if _spelled(name, hidden, stored) != _spelled(name, stored, stored)]
    secret = [
        name
        for name in fields
        if name not in plain and _spelled(name, document, stored) != _spelled(name, hidden, stored)
    ]
    return (*plain, *(f"{name} (secret given)" for name in secret))


def _spelled(name: str, document: Document, stored: Document) -> str:
    """A field's value in one spelling; 1 and true are two things, as in JSON."""
    value = document.get(name)
    if name not in document or (value is None and name not in _NEVER_NULL):
        value = _DEFAULTS.get(name, value)
    spell = _SPELLINGS.get(name)
    with suppress(TypeError, ValueError, AttributeError, KeyError):  # malformed: the API says what is wrong with it
        value = spell(value, stored) if spell and value is not None else value
    return json.dumps(value, sort_keys=True)


def _headers(rows: Any, _: Document) -> Any:
    return [{**row, "value": row.get("value", ""), "secret": is_secret_header(row)} for row in rows]


def _authentication(value: Any, _: Document) -> Any:
    kept = {name: one for name, one in value.items() if one not in (None, "")}
    if value.get("kind") == "oauth2_client_credentials":
        return {"client_authentication": "basic", **kept}
    return kept


def _signing(value: Any, stored: Document) -> Any:
    """Without a secret in it the stored one goes on."""
    kept = {name: one for name, one in value.items() if name not in _KEPT_BY_THE_API and one is not None}
    return {"secret": MASK, **kept} if stored.get("signing") else kept


def _values(name: str) -> Callable[[Any, Document], Any]:
    """Rows whose values the API keeps as texts."""

    def spell(rows: Any, _: Document) -> Any:
        return [{**row, name: [_text(one) for one in row.get(name) or []]} for row in rows]

    return spell


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _retry(value: Any, _: Document) -> Any:
    attempts = value.get("max_attempts")
    return {**value, "max_attempts": _number(_MOST_ATTEMPTS if attempts is None else attempts, {})}


def _number(value: Any, _: Document) -> Any:
    return value if isinstance(value, bool) else float(value)


_DEFAULTS: Final[Mapping[str, Any]] = {
    "active": False,
    "method": "POST",
    "body_template": "",
    "headers": [],
    "filters": [],
    "timeout_seconds": 10,
    "response_validators": [],
    "retry": {},
    "deliveries_per_second": None,
}
_SPELLINGS: Final[Mapping[str, Callable[[Any, Document], Any]]] = {
    "name": lambda value, _: value.strip(),
    "headers": _headers,
    "authentication": _authentication,
    "signing": _signing,
    "triggers": lambda value, _: sorted(set(value)),
    "filters": _values("values"),
    "timeout_seconds": _number,
    "response_validators": _values("expected_values"),
    "retry": _retry,
    "deliveries_per_second": lambda value, _: value if value is None else _number(value, {}),
}
