"""One invocation of a webhook: render the request, send it, judge the answer. Deliveries and tests both do this."""

import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Final, Protocol

from grantwire import authentication, judging, redaction, signing, validators
from grantwire.authentication import AccessTokens, Sender
from grantwire.credentials import header_of
from grantwire.errors import TemplateError
from grantwire.frozen import frozen
from grantwire.judging import Outcome
from grantwire.models import (
    MASK,
    ClientCredentials,
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    PlainSecret,
    RequestEvent,
    SealedSecret,
    Secret,
    Timings,
    Webhook,
)
from grantwire.redaction import Redactor
from grantwire.rendering import render
from grantwire.validators import ValidatorVerdict

SHOWN_CHARACTERS: Final = 200  # of a value that a validator found; cut once no part of a secret can be left
LEAST_SECONDS: Final = (
    0.5  # left for the request once there is an access token; with less, its receiver would be blamed
)
# Where the secrets that are no header's stand among the opened ones; no header can have such a name.
AUTHENTICATION, SIGNING, SIGNED_BEFORE = "/authentication", "/signing/secret", "/signing/previous_secret"
_UNAUTHORIZED: Final = 401  # RFC 9110, 15.5.2


class Secrets(Protocol):
    """Opens sealed secrets, see `stores.secrets`."""

    def open(self, webhook_id: str, secret: SealedSecret) -> PlainSecret:
        """The plain secret. Raises StoreError."""
        ...


@frozen
class Invocation:
    """What was sent and what came back, without secrets: this may be shown and kept.

    request     with secrets masked; None when it could not be rendered, or has no access token
    response    None when no whole answer came
    verdicts    of the response validators, in order
    started_at  epoch seconds
    """

    request: HttpRequest | None
    response: HttpResponse | None
    verdicts: tuple[ValidatorVerdict, ...]
    outcome: Outcome
    timings: Timings
    remote_address: str | None
    started_at: float
    webhook_version: int


@frozen
class Invoker:
    """Invokes webhooks. One for the life of a process; safe to share between threads."""

    sender: Sender
    secrets: Secrets
    clock: Callable[[], float] = time.time
    tokens: AccessTokens = field(default_factory=AccessTokens)

    def open_secrets(self, webhook: Webhook) -> dict[str, str]:
        """Each secret in plain: a header's by its name, the others by their place. Raises StoreError: nothing was sent.

        A signing secret that is yet to be made, as a draft's, is not among them.
        """
        secrets: dict[str, str | Secret | None] = {header.name: header.value for header in webhook.headers}
        if webhook.authentication:
            secrets[AUTHENTICATION] = webhook.authentication.secret
        if webhook.signing:
            secrets[SIGNING] = webhook.signing.secret
            if signing.is_rotating(webhook.signing, self.clock()):
                secrets[SIGNED_BEFORE] = webhook.signing.previous_secret
        opened: dict[str, str] = {}
        for place, secret in secrets.items():
            if isinstance(secret, SealedSecret):
                opened[place] = self.secrets.open(webhook.id, secret).value
            elif isinstance(secret, PlainSecret):
                opened[place] = secret.value
        return opened

    def invoke(
        self, webhook: Webhook, event: RequestEvent, secret_values: Mapping[str, str], timeout_seconds: float
    ) -> Invocation:
        """Send the event to the webhook once, whatever its filters say. `secret_values`: from `open_secrets`."""
        started_at = self.clock()
        redactor = redaction.redactor(tuple(secret_values.values()))
        try:
            request = render(webhook, event, secret_values=secret_values, sent_at=started_at)
        except TemplateError as exc:
            failure = Failure(FailureKind.TEMPLATE, f"the request cannot be rendered: {redactor.text(str(exc))}")
            return _invocation(webhook, None, self._unsent(failure, started_at), (), redactor, started_at)
        credential = self._credential(webhook, secret_values, started_at, timeout_seconds)
        if isinstance(credential, Failure):
            return _invocation(webhook, None, self._unsent(credential, started_at), (), redactor, started_at)
        request = _authenticated(webhook, request, credential)
        request = signing.signed(request, _signing_secrets(secret_values))
        hidden = _secret_headers(webhook, secret_values)
        redactor = redaction.redactor(_sent_secrets(request, hidden, secret_values))
        has_token = isinstance(webhook.authentication, ClientCredentials)
        left = self._left(started_at, timeout_seconds) if has_token else timeout_seconds
        exchange = self.sender.send(request, timeout_seconds=left)
        answer = exchange.response
        if answer and answer.status == _UNAUTHORIZED:
            self._drop_token(webhook, credential)
        accepted = answer is not None and 200 <= answer.status <= 299
        verdicts = validators.judge(webhook.response_validators, answer) if answer and accepted else ()
        return _invocation(webhook, _masked(request, hidden, redactor), exchange, verdicts, redactor, started_at)

    def _credential(
        self, webhook: Webhook, secret_values: Mapping[str, str], started_at: float, timeout_seconds: float
    ) -> str | Failure:
        """What proves who we are: the webhook's own secret, or an access token; empty when it has none."""
        secret, credentials = secret_values.get(AUTHENTICATION, ""), webhook.authentication
        if not isinstance(credentials, ClientCredentials):
            return secret

        def fetch(seconds: float) -> authentication.AccessToken | Failure:
            return authentication.fetch_token(
                credentials, secret, sender=self.sender, now=self.clock(), timeout_seconds=seconds
            )

        left = self._left(started_at, timeout_seconds)
        token = self.tokens.get((webhook.id, credentials), fetch, clock=self.clock, timeout_seconds=left)
        if isinstance(token, Failure):
            return token
        if self._left(started_at, timeout_seconds) < LEAST_SECONDS:
            return authentication.no_token(credentials, "it took all the time there was")
        return token.secret.value

    def _drop_token(self, webhook: Webhook, token: str) -> None:
        if isinstance(webhook.authentication, ClientCredentials):
            self.tokens.drop((webhook.id, webhook.authentication), token)

    def _left(self, started_at: float, timeout_seconds: float) -> float:
        """Seconds that are left of the webhook's timeout, in tenths as people are told them; never more than all."""
        return min(timeout_seconds, round(started_at + timeout_seconds - self.clock(), 1))

    def _unsent(self, failure: Failure, started_at: float) -> Exchange:
        total = round((self.clock() - started_at) * 1000, 2)
        return Exchange(response=None, failure=failure, timings=Timings(total=total), remote_address=None)


def _authenticated(webhook: Webhook, request: HttpRequest, credential: str) -> HttpRequest:
    """The request with the credential's header, in place of one of ours that has its name."""
    if webhook.authentication is None:
        return request
    name, value = authentication.header(webhook.authentication, credential)
    others = tuple(one for one in request.headers if one[0].lower() != name.lower())
    return replace(request, headers=(*others, (name, value)))


def _signing_secrets(secret_values: Mapping[str, str]) -> list[str]:
    return [secret_values[place] for place in (SIGNING, SIGNED_BEFORE) if place in secret_values]


def _secret_headers(webhook: Webhook, secret_values: Mapping[str, str]) -> frozenset[str]:
    """The names of the headers that are masked wherever a request is shown."""
    own = {header_of(webhook.authentication)} if webhook.authentication else set[str]()
    return frozenset(secret_values.keys() | own)


def _sent_secrets(request: HttpRequest, hidden: frozenset[str], secret_values: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be seen in the answer: secret headers as they were sent, and the secrets that are no header's."""
    sent = [value for name, value in request.headers if name in hidden]
    others = [value for place, value in secret_values.items() if place.startswith("/")]
    return (*sent, *others, *(one.removeprefix(signing.PREFIX) for one in others if one.startswith(signing.PREFIX)))


def _invocation(
    webhook: Webhook,
    request: HttpRequest | None,
    exchange: Exchange,
    verdicts: tuple[ValidatorVerdict, ...],
    redactor: Redactor,
    started_at: float,
) -> Invocation:
    return Invocation(
        request=request,
        response=exchange.response and _redacted(exchange.response, redactor),
        verdicts=tuple(
            replace(one, found=tuple(redactor.text(value)[:SHOWN_CHARACTERS] for value in one.found))
            for one in verdicts
        ),
        outcome=judging.judge(exchange, verdicts),
        timings=exchange.timings,
        remote_address=exchange.remote_address,
        started_at=started_at,
        webhook_version=webhook.version,
    )


def _masked(request: HttpRequest, hidden: frozenset[str], redactor: Redactor) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        url=redactor.text(request.url),
        headers=tuple((name, MASK if name in hidden else redactor.text(value)) for name, value in request.headers),
        body=redactor.text(request.body.decode("utf-8", "replace")).encode(),
    )


def _redacted(response: HttpResponse, redactor: Redactor) -> HttpResponse:
    return HttpResponse(
        status=response.status,
        headers=tuple((name, redactor.text(value)) for name, value in response.headers),
        body=redactor.text(_whole(response, redactor)).encode("utf-8", "replace"),
        truncated=response.truncated,
    )


def _whole(response: HttpResponse, redactor: Redactor) -> str:
    """The body's text; of one that was cut off, without an end that may be the first part of a secret."""
    text = response.body.decode("utf-8", "replace")
    return text[: max(0, len(text) - redactor.longest + 1)] if response.truncated and redactor.longest else text
