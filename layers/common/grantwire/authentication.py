"""The header by which a receiver knows us, and the access tokens that some receivers want in it.

An access token (OAuth 2.0 client credentials, RFC 6749, 4.4) is fetched once for everybody who waits, and kept in
memory until a minute before it expires. What the token endpoint does is a value, as what a receiver does: a token or a
failure.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol, TypeGuard
from urllib.parse import quote_plus, urlencode

from grantwire.credentials import header_of
from grantwire.frozen import frozen
from grantwire.models import (
    ApiKey,
    Authentication,
    Basic,
    ClientCredentials,
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    PlainSecret,
)
from grantwire.rendering import USER_AGENT
from grantwire.urls import host_of

EARLY_SECONDS: Final = 60.0  # how long before it expires a token is used no more
DEFAULT_LIFE_SECONDS, LONGEST_LIFE_SECONDS = 300.0, 86_400.0
_MOST_KEPT: Final = 1000
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_ERRORS: Final = (  # RFC 6749, 5.2: all that is ever repeated of an endpoint's answer
    *("invalid_request", "invalid_client", "invalid_grant"),
    *("unauthorized_client", "unsupported_grant_type", "invalid_scope"),
)


class Sender(Protocol):
    """The way out, see `egress`."""

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        """Send the request; what the receiver does is in the exchange."""
        ...


@frozen
class AccessToken:
    """What a token endpoint gave; used until `until`, in epoch seconds."""

    secret: PlainSecret
    until: float


Key = tuple[str, ClientCredentials]  # a webhook's id, and the credentials with their secret as it is stored
Fetch = Callable[[float], AccessToken | Failure]  # given the seconds it may take


@dataclass(eq=False, repr=False)
class _Kept:
    """The last answer for one key, and how many there were. Whoever has the lock is asking for the next one."""

    lock: Lock = field(default_factory=Lock)
    answers: int = 0
    last: AccessToken | Failure | None = None


@frozen(kw_only=False)
class AccessTokens:
    """The access tokens of this process, in memory only. Safe to share between threads."""

    _kept: dict[Key, _Kept] = field(default_factory=dict, repr=False)
    _changing: Lock = field(default_factory=Lock, repr=False)

    def get(
        self, key: Key, fetch: Fetch, *, clock: Callable[[], float], timeout_seconds: float
    ) -> AccessToken | Failure:
        """The token that is kept, or the answer to one `fetch`, shared by all who came while it was on its way."""
        until, kept = clock() + timeout_seconds, self._of(key)
        answers, last = kept.answers, kept.last
        if _is_fresh(last, clock()):
            return last
        if not kept.lock.acquire(timeout=max(0.0, timeout_seconds)):
            return no_token(key[1], FailureKind.TIMEOUT)
        try:
            last = kept.last
            if last is not None and (kept.answers != answers or _is_fresh(last, clock())):
                return last
            last = fetch(min(timeout_seconds, until - clock()))
            with self._changing:
                kept.last, kept.answers = last, kept.answers + 1
            return last
        finally:
            kept.lock.release()

    def drop(self, key: Key, token: str) -> None:
        """Forget a token that the receiver did not accept, unless another one has come meanwhile."""
        kept = self._of(key)
        with self._changing:
            if isinstance(kept.last, AccessToken) and kept.last.secret.value == token:
                kept.last = None

    def _of(self, key: Key) -> _Kept:
        with self._changing:
            if key not in self._kept and len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            return self._kept.setdefault(key, _Kept())


def _is_fresh(answer: AccessToken | Failure | None, now: float) -> TypeGuard[AccessToken]:
    return isinstance(answer, AccessToken) and now < answer.until


def header(authentication: Authentication, secret: str) -> tuple[str, str]:
    """Name and value of the header. `secret`: the plain one, and the access token where there is one."""
    name = header_of(authentication)
    if isinstance(authentication, ApiKey):
        return name, secret
    if isinstance(authentication, Basic):
        return name, _basic(authentication.username, secret)
    return name, f"Bearer {secret}"


def fetch_token(
    credentials: ClientCredentials, client_secret: str, *, sender: Sender, now: float, timeout_seconds: float
) -> AccessToken | Failure:
    """Ask the token endpoint. The failure's sentence names its host and what it did, and repeats nothing it said."""
    exchange = sender.send(_token_request(credentials, client_secret), timeout_seconds=timeout_seconds)
    if exchange.response is None:
        return no_token(credentials, exchange.failure.kind.replace("_", " ") if exchange.failure else "no answer")
    return _read_token(credentials, exchange.response, now)


def no_token(credentials: ClientCredentials, reason: str) -> Failure:
    """The failure of a delivery that has no access token: nothing was sent, and it may pass."""
    return Failure(FailureKind.AUTHENTICATION, f"no access token from {host_of(credentials.token_url)}: {reason}")


def _token_request(credentials: ClientCredentials, client_secret: str) -> HttpRequest:
    """RFC 6749, 4.4.2 and 2.3.1; `audience` is what Auth0 and its like ask for."""
    form = {"grant_type": "client_credentials", "scope": credentials.scope, "audience": credentials.audience}
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    if credentials.secret_in_body:
        form |= {"client_id": credentials.client_id, "client_secret": client_secret}
    else:
        headers["Authorization"] = _basic(quote_plus(credentials.client_id), quote_plus(client_secret))
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return HttpRequest(method="POST", url=credentials.token_url, headers=tuple(headers.items()), body=body)


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _read_token(credentials: ClientCredentials, response: HttpResponse, now: float) -> AccessToken | Failure:
    """RFC 6749, 5.1. An endpoint that does not say what type its token has means a bearer token, as they all do."""
    answer = _json_object(response)
    if not 200 <= response.status <= 299:
        error = answer.get("error")
        known = f", {error}" if error in _ERRORS else ""
        return no_token(credentials, f"it answered {response.status}{known}")
    token, token_type = answer.get("access_token"), answer.get("token_type", "bearer")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return no_token(credentials, f"it answered {response.status} without a usable access_token")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        return no_token(credentials, f"it answered {response.status} with a token that is no bearer token")
    life = min(_life_seconds(answer.get("expires_in")), LONGEST_LIFE_SECONDS)
    return AccessToken(secret=PlainSecret(token), until=now + life - EARLY_SECONDS)


def _json_object(response: HttpResponse) -> dict[str, object]:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _life_seconds(expires_in: object) -> float:
    """Some endpoints write the number as a text. What is no number of seconds counts as absent."""
    try:
        seconds = float(expires_in) if isinstance(expires_in, str | int | float) else DEFAULT_LIFE_SECONDS
    except (ValueError, OverflowError):
        return DEFAULT_LIFE_SECONDS
    return seconds if seconds >= 0 else DEFAULT_LIFE_SECONDS  # NaN too
