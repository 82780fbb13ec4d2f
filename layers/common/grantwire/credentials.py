"""The fields `authentication` and `signing` of a webhook's document, read and written."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from grantwire.models import (
    MASK,
    ApiKey,
    Authentication,
    Basic,
    Bearer,
    ClientCredentials,
    MaskedSecret,
    PlainSecret,
    SealedSecret,
    Secret,
    Signing,
)
from grantwire.reading import NOTHING, Reader, unstorable
from grantwire.signing import secret_problem
from grantwire.spelling import header_text
from grantwire.urls import MAX_URL_CHARACTERS, parse_url

MAX_SECRET_BYTES: Final = 4096  # what KMS encrypts in one call
_MAX_TEXT_CHARACTERS: Final = 1024
_KINDS: Final = (Bearer.kind, Basic.kind, ApiKey.kind, ClientCredentials.kind)
_STANDARD_WEBHOOKS: Final = "standard_webhooks"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "trailer", "te", "expect"),
        *("connection", "keep-alive", "proxy-connection", "upgrade"),
        *("webhook-id", "webhook-timestamp", "webhook-signature", "grantwire-hops"),
    }
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_BARE_URL = re.compile(r"https?://[^@?#]+", re.IGNORECASE)

ShowSecret = Callable[[Secret], object]


class Source(Enum):
    """Where a document comes from, which decides what may stand in it for a secret.

    USER    the secret itself
    UPDATE  a user's change of a stored webhook: the secret, or the mask for the one that is stored
    STORED  a row of the table: the sealed secret
    """

    USER = "user"
    UPDATE = "update"
    STORED = "stored"


def header_name_problem(name: str) -> str:
    """Why no webhook can set a header of this name; empty when one can."""
    if not _HEADER_NAME.fullmatch(name):
        return "must be a header name: letters, digits and '-' (RFC 9110, 5.1)"
    return "is set by Grantwire and cannot be set here" if name.lower() in _OURS else ""


def header_value_problem(value: str) -> str:
    """Why no header can carry this text, a template's too, with the way out; empty when one can."""
    try:
        header_text(value)
    except ValueError as exc:
        return f"{exc}; leave it out"
    return ""


def read_authentication(reader: Reader, document: Mapping[str, Any], source: Source) -> Authentication | None:
    """The field `authentication`; no problem repeats what could be a secret that was put into the wrong place."""
    row = _object(reader, document, "authentication", '{"kind": "bearer", "token": …}')
    if row is None:
        return None
    kind = row.get("kind")
    if kind == Bearer.kind:
        _known(reader, row)
        return Bearer(secret=_secret(reader, row, "token", source, _token_problem))
    if kind == Basic.kind:
        _known(reader, row, "username")
        username = _text(reader, row, "username", _username_problem)
        return Basic(username=username, secret=_secret(reader, row, "password", source))
    if kind == ApiKey.kind:
        _known(reader, row, "header")
        header = _text(reader, row, "header", _key_header_problem)
        return ApiKey(header=header, secret=_secret(reader, row, "value", source))
    if kind == ClientCredentials.kind:
        return _client_credentials(reader, row, source)
    reader.refuse("authentication.kind", NOTHING, f"must be one of {', '.join(_KINDS)}")
    return None


def _client_credentials(reader: Reader, row: Mapping[str, Any], source: Source) -> ClientCredentials:
    _known(reader, row, "token_url", "client_id", "scope", "audience", "client_authentication")
    place = "basic" if row.get("client_authentication") is None else row["client_authentication"]
    if place not in ("basic", "body"):
        reader.refuse("authentication.client_authentication", NOTHING, "must be one of basic, body")
    return ClientCredentials(
        token_url=_text(reader, row, "token_url", _token_url_problem),
        client_id=_text(reader, row, "client_id", _text_problem),
        secret=_secret(reader, row, "client_secret", source),
        scope=_text(reader, row, "scope", _text_problem, required=False),
        audience=_text(reader, row, "audience", _text_problem, required=False),
        secret_in_body=place == "body",
    )


def read_signing(reader: Reader, document: Mapping[str, Any], source: Source) -> Signing | None:
    """The field `signing`. A user cannot set `previous_…`: an update keeps or drops them with the secret."""
    row = _object(reader, document, "signing", f'{{"kind": "{_STANDARD_WEBHOOKS}"}}')
    if row is None:
        return None
    kept = () if source is Source.USER else ("previous_secret", "previous_until")
    reader.known("signing.", row, "kind", "secret", *kept)
    if row.get("kind") != _STANDARD_WEBHOOKS:
        reader.refuse("signing.kind", NOTHING, f"must be {_STANDARD_WEBHOOKS}")
    if row.get("secret") is None and source is not Source.STORED:
        return Signing(secret=None)
    secret = _secret(reader, row, "secret", source, secret_problem, at="signing.")
    if source is not Source.STORED or row.get("previous_secret") is None:
        return Signing(secret=secret)
    until = row.get("previous_until")
    if type(until) not in (int, float):
        reader.refuse("signing.previous_until", NOTHING, "must be a number: epoch seconds")
        until = 0.0
    previous = _secret(reader, row, "previous_secret", source, at="signing.")
    return Signing(secret=secret, previous_secret=previous, previous_until=float(until))  # type: ignore[arg-type]


def check_headers_differ(reader: Reader, header_names: tuple[str, ...], authentication: Authentication | None) -> None:
    """A header that `headers` and `authentication` both set would be sent twice, or one of them not at all."""
    if authentication is None:
        return
    own = header_of(authentication)
    for index, name in enumerate(header_names):
        if own and name.lower() == own.lower():
            rule = "is set by authentication too; leave it out of headers, or authentication away"
            reader.refuse(f"headers[{index}].name", name, rule)


def header_of(authentication: Authentication) -> str:
    """The name of the header that carries the credentials."""
    return authentication.header if isinstance(authentication, ApiKey) else "Authorization"


def authentication_document(authentication: Authentication | None, show: ShowSecret) -> dict[str, object] | None:
    """What `read_authentication` reads; `show` says what stands for the secret."""
    if authentication is None:
        return None
    document: dict[str, object] = {"kind": authentication.kind}
    if isinstance(authentication, Basic):
        document["username"] = authentication.username
    elif isinstance(authentication, ApiKey):
        document["header"] = authentication.header
    elif isinstance(authentication, ClientCredentials):
        document |= {"token_url": authentication.token_url, "client_id": authentication.client_id}
        document |= {"scope": authentication.scope} if authentication.scope else {}
        document |= {"audience": authentication.audience} if authentication.audience else {}
        document["client_authentication"] = "body" if authentication.secret_in_body else "basic"
    return document | {authentication.hidden_field: show(authentication.secret)}


def signing_document(signing: Signing | None, show: ShowSecret) -> dict[str, object] | None:
    """What `read_signing` reads; `show` says what stands for a secret."""
    if signing is None:
        return None
    document: dict[str, object] = {"kind": _STANDARD_WEBHOOKS}
    if signing.secret is not None:
        document["secret"] = show(signing.secret)
    if signing.previous_secret is not None:
        document |= {"previous_secret": show(signing.previous_secret), "previous_until": signing.previous_until}
    return document


def sealed_document(secret: Secret) -> object:
    """A secret as it is stored. Raises TypeError when it is not sealed."""
    if not isinstance(secret, SealedSecret):
        raise TypeError("a secret must be sealed before it is stored")
    return {"sealed": secret.ciphertext}


def _object(reader: Reader, document: Mapping[str, Any], field: str, example: str) -> Mapping[str, Any] | None:
    value = document.get(field)
    if value is not None and not isinstance(value, dict):
        reader.refuse(field, NOTHING, f"must be an object such as {example}, or left out")
        return None
    return value


def _known(reader: Reader, row: Mapping[str, Any], *fields: str) -> None:
    hidden = {one.kind: one.hidden_field for one in (Bearer, Basic, ApiKey, ClientCredentials)}[row["kind"]]
    reader.known("authentication.", row, "kind", *fields, hidden)


def _text(
    reader: Reader, row: Mapping[str, Any], field: str, rule: Callable[[str], str], *, required: bool = True
) -> str:
    """A text that is no secret; yet a secret is easily put there: only what cannot be one is in a problem."""
    value, path = row.get(field), f"authentication.{field}"
    if value is None or value == "":
        if required:
            reader.refuse(path, NOTHING, "is required")
        return ""
    problem = (unstorable(value) or rule(value)) if isinstance(value, str) else "must be text"
    if problem:
        reader.refuse(path, value if _is_no_secret(field, value) else NOTHING, problem)
        return ""
    return str(value)


def _secret(
    reader: Reader,
    row: Mapping[str, Any],
    field: str,
    source: Source,
    rule: Callable[[str], str] = lambda secret: "",  # noqa: ARG005 - any secret will do
    *,
    at: str = "authentication.",
) -> Secret:
    value, path = row.get(field), at + field
    if source is Source.STORED:
        sealed = value.get("sealed") if isinstance(value, dict) else None
        if not isinstance(sealed, str) or not sealed:
            reader.refuse(path, NOTHING, "is not a sealed secret")
            return SealedSecret("")
        return SealedSecret(sealed)
    if value == MASK and source is Source.UPDATE:
        return MaskedSecret()
    if value in (None, "", MASK):
        reader.refuse(path, NOTHING, "is required")
    elif not isinstance(value, str) or len(value.encode("utf-8", "replace")) > MAX_SECRET_BYTES:
        reader.refuse(path, NOTHING, f"must be text of at most {MAX_SECRET_BYTES} bytes")
    elif problem := unstorable(value) or _control_problem(value) or rule(value):
        reader.refuse(path, NOTHING, problem)
    return PlainSecret(value if isinstance(value, str) else "")


def _is_no_secret(field: str, value: object) -> bool:
    """Whether a wrong text is certainly none: a URL without user info and query, a header's name that is taken."""
    if field == "token_url":
        return isinstance(value, str) and bool(_BARE_URL.fullmatch(value))
    return field == "header" and isinstance(value, str) and bool(_HEADER_NAME.fullmatch(value))


def _control_problem(text: str) -> str:
    return "must not hold a line break or another control character" if _CONTROL.search(text) else ""


def _text_problem(text: str) -> str:
    if len(text) > _MAX_TEXT_CHARACTERS:
        return f"must be at most {_MAX_TEXT_CHARACTERS} characters long"
    return _control_problem(text)


def _token_problem(token: str) -> str:
    rule = "must be the token alone, without the word Bearer: ASCII characters without a space (RFC 6750, 2.1)"
    return "" if _TOKEN.fullmatch(token) else rule


def _username_problem(username: str) -> str:
    return "must not hold ':' (RFC 7617, 2)" if ":" in username else _text_problem(username)


def _key_header_problem(name: str) -> str:
    decides = "cannot be the header of a key: it decides how values are escaped"
    return decides if name.lower() == "content-type" else header_name_problem(name)


def _token_url_problem(url: str) -> str:
    if "{{" in url:
        return "must not hold a placeholder: an event would decide who receives the client's secret"
    if len(url) > MAX_URL_CHARACTERS:
        return f"must be at most {MAX_URL_CHARACTERS} characters long"
    try:
        parse_url(url)
    except ValueError as exc:
        return f"the URL {exc}"
    return ""
