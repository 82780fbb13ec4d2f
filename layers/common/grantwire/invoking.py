"""One invocation of a webhook: render the request, send it, judge the answer. Deliveries and tests both do this."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from grantwire import judging, redaction, validators
from grantwire.errors import TemplateError
from grantwire.judging import Outcome
from grantwire.models import (
    MASK,
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    PlainSecret,
    RequestEvent,
    SealedSecret,
    Timings,
    Webhook,
)
from grantwire.redaction import Redactor
from grantwire.rendering import render
from grantwire.validators import ValidatorVerdict

SHOWN_CHARACTERS: Final = 200  # of a value that a validator found; cut once no part of a secret can be left


class Sender(Protocol):
    """The way out, see `egress`."""

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        """Send the request; what the receiver does is in the exchange."""
        ...


class Secrets(Protocol):
    """Opens sealed secrets, see `stores.secrets`."""

    def open(self, webhook_id: str, secret: SealedSecret) -> PlainSecret:
        """The plain secret. Raises StoreError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What was sent and what came back, without secrets: this may be shown and kept.

    request     with secrets masked; None when the template could not be rendered
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


@dataclass(frozen=True, kw_only=True)
class Invoker:
    """Invokes webhooks. One for the life of a process; safe to share between threads."""

    sender: Sender
    secrets: Secrets
    clock: Callable[[], float] = time.time

    def open_secrets(self, webhook: Webhook) -> dict[str, str]:
        """The plain value of each secret header, by its name. Raises StoreError: nothing was sent yet."""
        opened: dict[str, str] = {}
        for header in webhook.headers:
            if isinstance(header.value, SealedSecret):
                opened[header.name] = self.secrets.open(webhook.id, header.value).value
            elif isinstance(header.value, PlainSecret):
                opened[header.name] = header.value.value
        return opened

    def invoke(
        self, webhook: Webhook, event: RequestEvent, secret_values: Mapping[str, str], timeout_seconds: float
    ) -> Invocation:
        """Send the event to the webhook once, whatever its filters say."""
        started_at = self.clock()
        redactor = redaction.redactor(tuple(secret_values.values()))
        try:
            request = render(webhook, event, secret_values=secret_values, sent_at=started_at)
        except TemplateError as exc:
            failure = Failure(FailureKind.TEMPLATE, f"the request cannot be rendered: {redactor.text(str(exc))}")
            exchange = Exchange(response=None, failure=failure, timings=Timings(), remote_address=None)
            return _invocation(webhook, None, exchange, (), redactor, started_at)
        redactor = redaction.redactor(tuple(value for name, value in request.headers if name in secret_values))
        exchange = self.sender.send(request, timeout_seconds=timeout_seconds)
        answer = exchange.response
        accepted = answer is not None and 200 <= answer.status <= 299
        verdicts = validators.judge(webhook.response_validators, answer) if answer and accepted else ()
        return _invocation(webhook, _masked(request, secret_values, redactor), exchange, verdicts, redactor, started_at)


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


def _masked(request: HttpRequest, secret_values: Mapping[str, str], redactor: Redactor) -> HttpRequest:
    return replace(
        request,
        url=redactor.text(request.url),
        headers=tuple(
            (name, MASK if name in secret_values else redactor.text(value)) for name, value in request.headers
        ),
        body=redactor.text(request.body.decode("utf-8", "replace")).encode(),
    )


def _redacted(response: HttpResponse, redactor: Redactor) -> HttpResponse:
    return replace(
        response,
        headers=tuple((name, redactor.text(value)) for name, value in response.headers),
        body=redactor.text(response.body.decode("utf-8", "replace")).encode("utf-8", "replace"),
    )
