"""`signing`: what Standard Webhooks libraries verify, and how a secret comes about and is replaced."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire import signing
from grantwire.configurations import document_of, parse_webhook, public_document
from grantwire.invoking import Invocation, Invoker
from grantwire.models import (
    Exchange,
    HttpRequest,
    HttpResponse,
    PlainSecret,
    RequestEvent,
    SealedSecret,
    Signing,
    Timings,
    Webhook,
)
from grantwire.samples import sample_event
from grantwire.saving import create, seal
from tests.fakes import FakeSecrets
from tests.unit.conftest import event_of, texts, webhook_of

NOW = 1795000000.0
DAY = 86_400.0
EVENT = sample_event("RequestCreated")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the Standard Webhooks project's own tests
OTHER = "whsec_" + base64.b64encode(bytes(range(40))).decode()


class Receiver:
    """Takes every request and says 202."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        self.requests.append(request)
        response = HttpResponse(status=202, headers=(), body=f"got {SECRET} {SECRET[6:]}".encode(), truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address="192.0.2.1")


def invoked(webhook: Webhook, now: float = NOW, event: RequestEvent = EVENT) -> tuple[HttpRequest, Invocation]:
    """What the receiver gets, and what is kept of it."""
    receiver = Receiver()
    invoker = Invoker(sender=receiver, secrets=FakeSecrets(), clock=lambda: now)
    invocation = invoker.invoke(webhook, event, invoker.open_secrets(webhook), 10)
    return receiver.requests[0], invocation


def expected_signature(secret: str, request: HttpRequest) -> str:
    """Written out again, from the specification."""
    headers = dict(request.headers)
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), request.body])
    mac = hmac.new(base64.b64decode(secret[6:]), content, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def test_the_reference_vector() -> None:
    """The one that the libraries of the Standard Webhooks project are tested with."""
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    message = {"message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": "1614265330"}
    assert expected == signing.signature(SECRET, **message, body=b'{"test": 2432232314}')


@given(texts(60))
def test_what_is_signed_is_what_is_sent(name: str) -> None:
    """The bytes of the body, the id and the timestamp of the same request, whatever the event holds."""
    webhook = webhook_of(
        body_template='{"to": "{{data.requester.name}}"}', signing={"kind": "standard_webhooks", "secret": SECRET}
    )
    event = event_of({"data": {"requester": {"name": name}}})
    request, _ = invoked(webhook, event=event)
    assert expected_signature(SECRET, request) == dict(request.headers)["webhook-signature"]
    empty, _ = invoked(webhook_of(method="GET", signing={"kind": "standard_webhooks", "secret": SECRET}))
    assert expected_signature(SECRET, empty) == dict(empty.headers)["webhook-signature"]


def test_without_signing_there_is_no_signature() -> None:
    """Nor for a draft whose secret is yet to be made: nobody could verify it."""
    for how in (None, {"kind": "standard_webhooks"}):
        request, _ = invoked(webhook_of(signing=how))
        assert "webhook-signature" not in dict(request.headers)


def test_the_signature_is_shown_and_the_secret_is_not() -> None:
    """A receiver that sends it back, with its prefix or without, is not believed."""
    request, invocation = invoked(webhook_of(signing={"kind": "standard_webhooks", "secret": SECRET}))
    assert invocation.request is not None
    assert invocation.response is not None
    signature = dict(request.headers)["webhook-signature"]
    assert signature == dict(invocation.request.headers)["webhook-signature"]
    assert invocation.response.body.decode() == "got •••• ••••"


@pytest.mark.parametrize(("after", "count"), [(0, 2), (DAY - 1, 2), (DAY, 1), (30 * DAY, 1)])
def test_a_rotation_signs_with_both_secrets_for_a_day(after: float, count: int) -> None:
    """The new one first; from 24 hours on the old one is not even opened."""
    old = Signing(secret=FakeSecrets().seal("", PlainSecret(SECRET)))
    webhook = with_signing(signing.rotate(old, new_secret=PlainSecret(OTHER), now=NOW))
    request, _ = invoked(webhook, NOW + after)
    signatures = dict(request.headers)["webhook-signature"].split(" ")
    assert signatures == [expected_signature(one, request) for one in (OTHER, SECRET)][:count]
    opened = Invoker(sender=Receiver(), secrets=FakeSecrets(), clock=lambda: NOW + after).open_secrets(webhook)
    assert len(opened) == count


def with_signing(how: Signing) -> Webhook:
    """A webhook that signs so, as it is stored and read again."""
    sealed = seal(replace(webhook_of(), signing=how), secrets=FakeSecrets()).webhook
    stored = json.loads(json.dumps(document_of(sealed)))
    return parse_webhook(stored, webhook_id=sealed.id, now=NOW, stored=True)


def test_a_second_rotation_leaves_the_oldest_secret_out() -> None:
    """Two at most; the day begins anew."""
    first = signing.rotate(Signing(secret=SealedSecret("one")), new_secret=PlainSecret(SECRET), now=NOW)
    second = signing.rotate(first, new_secret=PlainSecret(OTHER), now=NOW + 60)
    assert second == Signing(
        secret=PlainSecret(OTHER), previous_secret=PlainSecret(SECRET), previous_until=NOW + 60 + DAY
    )
    assert not signing.is_rotating(signing.rotate(Signing(secret=None), new_secret=PlainSecret(OTHER), now=NOW), NOW)


def test_a_secret_that_is_made_is_one() -> None:
    """`whsec_` and 32 bytes of chance, in base64."""
    made = signing.make_secret(lambda size: bytes(range(size)))
    assert made == PlainSecret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert signing.secret_problem(made.value) == ""


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_accepted(size: int) -> None:
    """As the specification asks."""
    assert signing.secret_problem("whsec_" + base64.b64encode(b"x" * size).decode()) == ""


@pytest.mark.parametrize(
    "secret",
    [
        *("", "whsec_", "whsec_????", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        *(f"{SECRET}=", f"{SECRET}\n", f" {SECRET}", f"whsec_{SECRET}", "whsec_ключ"),
        *("whsec_" + base64.b64encode(b"x" * size).decode() for size in (23, 65)),
    ],
)
def test_what_is_no_secret_is_refused(secret: str) -> None:
    """With what would be one; the value is not repeated."""
    problem = signing.secret_problem(secret)
    assert problem.startswith("must be whsec_ and the base64 of 24 to 64 random bytes")
    assert len(secret) < 8 or secret not in problem


class FakeTable:
    """Where webhooks are created."""

    def __init__(self) -> None:
        self.created: list[Webhook] = []

    def create(self, webhook: Webhook) -> None:
        self.created.append(webhook)


def test_a_secret_is_made_when_it_is_saved_and_told_once() -> None:
    """It comes back beside the webhook, sealed in it, and is in no repr."""
    table, how = FakeTable(), {"kind": "standard_webhooks"}
    created = create(
        webhook_of(signing=how), webhooks=table, secrets=FakeSecrets(), random_bytes=lambda size: b"r" * size
    )
    assert created.made_secret == signing.make_secret(lambda size: b"r" * size)
    assert created.webhook.signing == Signing(secret=SealedSecret(created.made_secret.value[::-1]))
    assert ([created.webhook], 1) == (table.created, created.webhook.version)
    assert created.made_secret.value not in f"{created!r} {created.webhook!r} {created.made_secret}"
    assert document_of(created.webhook)["signing"] == {
        "kind": "standard_webhooks",
        "secret": {"sealed": created.made_secret.value[::-1]},
    }
    assert public_document(created.webhook)["signing"] == {"kind": "standard_webhooks", "secret": "••••"}


@pytest.mark.parametrize("how", [None, {"kind": "standard_webhooks", "secret": SECRET}])
def test_nothing_is_made_when_nothing_is_asked_for(how: Any) -> None:
    """Without signing, or with a secret of the user's own."""
    sealed = seal(webhook_of(signing=how), secrets=FakeSecrets())
    assert sealed.made_secret is None
    assert SECRET not in json.dumps(document_of(sealed.webhook))


@given(st.binary(min_size=24, max_size=64))
def test_a_stored_rotation_reads_back(key: bytes) -> None:
    """Both sealed secrets and the time; the public document shows the time and two masks."""
    own = "whsec_" + base64.b64encode(key).decode()
    webhook = with_signing(signing.rotate(Signing(secret=PlainSecret(own)), new_secret=PlainSecret(OTHER), now=NOW))
    assert webhook.signing == Signing(
        secret=SealedSecret(OTHER[::-1]), previous_secret=SealedSecret(own[::-1]), previous_until=NOW + DAY
    )
    assert public_document(webhook)["signing"] == {
        "kind": "standard_webhooks",
        "secret": "••••",
        "previous_secret": "••••",
        "previous_until": NOW + DAY,
    }
