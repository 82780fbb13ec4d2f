"""Where secrets stand in a webhook's document, and what stands there: a mask, a `${NAME}` or the secret itself."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cli import MASK, Document

PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HIDDEN: Final = {
    "bearer": "token",
    "basic": "password",
    "api_key": "value",
    "oauth2_client_credentials": "client_secret",
}
# As the API has it (docs/webhooks.md); tests/unit/test_cli_secret_places.py holds the two against each other.
_SECRET_NAME: Final = re.compile(
    r"authorization|cookie|token|secret|password|passwd|credential|signature|api-?key|access-?key", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A secret's place.

    path       as the API names it in a problem: `headers[0].value`
    field      the field of the webhook: headers, authentication or signing
    container  the object in the document that has it under `key`
    name       the header's name, or the kind of authentication or signing
    """

    path: str
    field: str
    container: Document
    key: str
    name: str

    @property
    def value(self) -> str:
        """What stands there."""
        return str(self.container[self.key])


def is_secret_header(row: Mapping[str, Any]) -> bool:
    """Whether a header's value is secret: it is marked so, or its name says so."""
    return row.get("secret") is True or bool(_SECRET_NAME.search(str(row.get("name", ""))))


def places(document: Mapping[str, Any]) -> Iterator[Place]:
    """Each place of a document where a text stands for a secret. What is malformed is passed over: the API refuses."""
    rows = document.get("headers")
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict) and isinstance(row.get("value"), str) and is_secret_header(row):
            path = f"headers[{index}].value"
            yield Place(path=path, field="headers", container=row, key="value", name=str(row.get("name", "")))
    authentication = document.get("authentication")
    if isinstance(authentication, dict):
        kind = str(authentication.get("kind"))
        key = _HIDDEN.get(kind, "")
        if isinstance(authentication.get(key), str):
            path = f"authentication.{key}"
            yield Place(path=path, field="authentication", container=authentication, key=key, name=kind)
    signing = document.get("signing")
    if isinstance(signing, dict) and isinstance(signing.get("secret"), str):
        name = str(signing.get("kind"))
        yield Place(path="signing.secret", field="signing", container=signing, key="secret", name=name)


def stored_places(stored: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The secrets that a stored webhook has, by field and name: what a mask in an update can stand for."""
    return {(one.field, one.name.lower()) for one in places(stored)}


def masked(document: Document) -> Document:
    """The document with the mask for every secret."""
    copy = deepcopy(document)
    for place in places(copy):
        place.container[place.key] = MASK
    return copy


def with_stand_ins(document: Document) -> Document:
    """The document with a text that means nothing for each secret that is not there: it can be checked, not sent."""
    copy = deepcopy(document)
    for place in list(places(copy)):
        if place.value == MASK or PLACEHOLDER.search(place.value):
            if place.field == "signing":
                del place.container[place.key]
            else:
                place.container[place.key] = "not-entered"
    return copy


def has_moved(place: Place, document: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether a secret would go to another host than the one it was entered for (docs/webhooks.md)."""
    if place.field == "signing":
        return False
    moved = host_of(document.get("url")) != host_of(stored.get("url"))
    if place.field == "authentication" and "token_url" in place.container:
        before = (stored.get("authentication") or {}).get("token_url")
        moved = moved or host_of(place.container["token_url"]) != host_of(before)
    return moved


def host_of(url: object) -> str:
    """The host of a URL and its port, unless that is 443; empty when there is none."""
    try:
        parts = urlsplit(str(url))
        host = (parts.hostname or "").rstrip(".")
        return host if parts.port in (None, 443) else f"{host}:{parts.port}"
    except ValueError:
        return ""
