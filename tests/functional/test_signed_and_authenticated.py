"""Signatures and credentials as receivers see them, and what is left of them here: nothing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from grantwire.configurations import parse_webhook
from grantwire.identifiers import new_webhook_id
from grantwire.models import Webhook
from grantwire.saving import create, save
from grantwire.signing import make_secret, rotate
from grantwire.stores.attempts import read_attempt
from tests.functional.conftest import World, event_file, wakeup_of
from tests.receivers import Authority, Receiver, answer, answering, receiving

SECRET = "whsec_" + base64.b64encode(bytes(range(48))).decode()
PASSWORD = "s3cr3t-that-nobody-sees"
ACCEPTED = answer()


def headers_of(request: bytes) -> dict[str, str]:
    """A request's headers, names in lower case."""
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def verified_with(request: bytes, *secrets: str) -> list[bool]:
    """For each secret whether one of the request's signatures was made with it: a receiver's side of the scheme."""
    headers, body = headers_of(request), request.partition(b"\r\n\r\n")[2]
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
    signatures = [value.split(",", 1)[1] for value in headers["webhook-signature"].split(" ") if value[:3] == "v1,"]
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    keys = [base64.b64decode(secret[len("whsec_") :]) for secret in secrets]
    macs = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    return [any(hmac.compare_digest(mac, one) for one in signatures) for mac in macs]


def unsaved(url: str, **fields: Any) -> Webhook:
    """The guide's webhook without its header, before it is saved."""
    document = {
        "name": "Signed",
        "active": True,
        "url": url,
        "body_template": '{"who": "{{data.requester.name}} ✓"}',
        "triggers": ["RequestCreated"],
    }
    return parse_webhook(document | fields, webhook_id=new_webhook_id(time.time()), now=time.time())


def kept(world: World) -> str:
    """Everything that is stored, attempts unpacked, and everything that was logged since the last look."""
    deliveries = world.rows("DeliveriesTable")
    attempts = [read_attempt(one["B"]) for row in deliveries for one in row.get("attempts", {"L": []})["L"]]
    rows = [world.rows("WebhooksTable"), deliveries, attempts]
    return json.dumps(rows, default=str, ensure_ascii=False) + world.capsys.readouterr().out


def test_a_receiver_can_verify_what_it_gets(world: World, authority: Authority) -> None:
    """By an implementation of its own; the secret is nowhere but in the made answer, and the signature is kept."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        draft = unsaved(receiver.url, signing={"kind": "standard_webhooks"})
        created = create(draft, webhooks=world.store, secrets=world.secrets)
        assert created.made_secret is not None
        world.dispatch(event_file("request_created"))
        [request] = receiver.requests
    assert verified_with(request, created.made_secret.value, SECRET) == [True, False]
    [delivery] = world.deliveries(created.webhook)
    shown = dict(delivery["attempts"][0]["request"]["headers"])
    assert shown["webhook-signature"] == headers_of(request)["webhook-signature"]
    assert created.made_secret.value[6:] not in kept(world)


@pytest.mark.parametrize(("ago", "old_verifies"), [(0, True), (86_000, True), (86_401, False)])
def test_a_rotation_is_noticed_by_no_receiver(
    world: World, authority: Authority, ago: float, old_verifies: bool
) -> None:
    """For 24 hours both secrets verify; then the old one does not."""
    new = make_secret(lambda size: b"n" * size)
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        old = unsaved(receiver.url, signing={"kind": "standard_webhooks", "secret": SECRET})
        assert old.signing is not None
        rotated = replace(old, signing=rotate(old.signing, new_secret=new, now=time.time() - ago))
        save(rotated, webhooks=world.store, secrets=world.secrets)
        world.dispatch(event_file("request_created"))
        [request] = receiver.requests
    assert verified_with(request, new.value, SECRET) == [True, old_verifies]
    assert len(headers_of(request)["webhook-signature"].split(" ")) == 1 + old_verifies


@pytest.mark.parametrize(
    ("how", "name", "value"),
    [
        ({"kind": "bearer", "token": PASSWORD}, "authorization", f"Bearer {PASSWORD}"),
        (
            {"kind": "basic", "username": "ana", "password": PASSWORD},
            "authorization",
            "Basic " + base64.b64encode(f"ana:{PASSWORD}".encode()).decode(),
        ),
        ({"kind": "api_key", "header": "X-Api-Key", "value": PASSWORD}, "x-api-key", PASSWORD),
    ],
)
def test_credentials_arrive_and_stay_here_nowhere(
    world: World, authority: Authority, how: dict[str, Any], name: str, value: str
) -> None:
    """Not in a row, a log line or an attempt, though the receiver sends them back; in a test's answer neither."""
    echo = answer("500 Oops", json.dumps({"got": value, "password": PASSWORD}).encode(), f"X-Echo: {value}")
    with receiving(answering(echo), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, headers=[], authentication=how)
        world.dispatch(event_file("request_created"))
        status, data = world.http(f"/api/webhooks/{webhook.id}/test", {}, id=webhook.id)
        assert [headers_of(request)[name] for request in receiver.requests] == [value, value]
    assert (status, data["outcome"]) == (200, "failed")
    [delivery] = world.deliveries(webhook)
    assert delivery["code"] == "http_500"
    everything = kept(world) + json.dumps(data)
    assert [one for one in (PASSWORD, value, value.split(" ")[-1]) if one in everything] == []
    masked = {key.lower(): one for key, one in delivery["attempts"][0]["request"]["headers"]}
    assert masked[name] == "••••"


# Access tokens ------------------------------------------------------------------------------------------
def token(name: str, expires_in: int = 3600) -> bytes:
    """A token endpoint's answer."""
    document = {"access_token": f"t0ken-{name}", "token_type": "Bearer", "expires_in": expires_in}
    return answer("200 OK", json.dumps(document).encode())


@contextmanager
def servers(authority: Authority, tokens: list[bytes], answers: list[bytes]) -> Iterator[tuple[Receiver, Receiver]]:
    """A token endpoint and a receiver."""
    context = authority.server_context()
    with receiving(answering(*tokens), context) as endpoint, receiving(answering(*answers), context) as receiver:
        yield endpoint, receiver


def by_client(world: World, endpoint: Receiver, receiver: Receiver, **fields: Any) -> Webhook:
    """A webhook whose receiver wants an access token."""
    how = {"kind": "oauth2_client_credentials", "token_url": endpoint.url, "client_id": "grantwire"}
    return world.webhook(receiver.url, headers=[], authentication=how | {"client_secret": PASSWORD} | fields)


def sent_tokens(receiver: Receiver) -> list[str]:
    """What the receiver was shown each time."""
    return [headers_of(request)["authorization"] for request in receiver.requests]


def another(number: int) -> dict[str, Any]:
    """The event of another request."""
    event = event_file("request_created")
    event["detail"]["data"]["id"] = f"request-{number}"
    return event


def test_the_deliveries_of_a_batch_fetch_one_token(world: World, authority: Authority) -> None:
    """From the endpoint, with the client's id and secret; nothing of it stays here."""
    with servers(authority, [token("1")], [ACCEPTED]) as (endpoint, receiver):
        world.dispatch(another(0))  # nobody listens yet: the function is warm
        webhook = by_client(world, endpoint, receiver, scope="events", client_authentication="body")
        assert world.dispatch_batch(*(json.dumps(another(number)) for number in range(1, 51))) == []
        assert sent_tokens(receiver) == ["Bearer t0ken-1"] * 50
        [request] = endpoint.requests
    assert parse_qs(request.partition(b"\r\n\r\n")[2].decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["events"],
        "client_id": ["grantwire"],
        "client_secret": [PASSWORD],
    }
    assert [row["state"] for row in world.deliveries(webhook)] == ["succeeded"] * 50
    everything = kept(world)
    assert [secret for secret in (PASSWORD, "t0ken-1") if secret in everything] == []


def test_without_a_token_the_delivery_waits_and_succeeds_later(world: World, authority: Authority) -> None:
    """Nothing is sent, the row says why and nothing of what the endpoint said, and the next attempt asks again."""
    busy = answer("503 Busy", json.dumps({"error_description": PASSWORD}).encode())
    with servers(authority, [busy, token("1")], [ACCEPTED]) as (endpoint, receiver):
        webhook = by_client(world, endpoint, receiver)
        world.dispatch(event_file("request_created"))
        [waiting] = world.deliveries(webhook)
        assert receiver.requests == []
        assert (waiting["state"], waiting["code"]) == ("waiting", "authentication")
        reason = f"no access token from localhost:{endpoint.port}: it answered 503"
        assert (reason, reason) == (waiting["reason"], waiting["attempts"][0]["sentence"])
        world.shift(webhook, 30)
        assert world.redeliver(wakeup_of(world, webhook)) == []
        assert sent_tokens(receiver) == ["Bearer t0ken-1"]
        basic = base64.b64encode(f"grantwire:{PASSWORD}".encode()).decode()
        assert {headers_of(request)["authorization"] for request in endpoint.requests} == {f"Basic {basic}"}
    [delivery] = world.deliveries(webhook)
    assert (delivery["state"], delivery["attempt_count"]) == ("succeeded", "2")
    everything = kept(world)
    assert [secret for secret in (PASSWORD, "t0ken-1", basic) if secret in everything] == []


def test_a_token_endpoint_inside_a_network_is_not_called(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token goes over the same checked way out; the delivery waits, since the address can be mended."""
    monkeypatch.delenv("PERMIT_LOOPBACK")
    with servers(authority, [token("1")], [ACCEPTED]) as (endpoint, receiver):
        webhook = by_client(world, endpoint, receiver)
        world.dispatch(event_file("request_created"))
        assert (endpoint.connections, receiver.connections) == (0, 0)
    [waiting] = world.deliveries(webhook)
    assert waiting["state"] == "waiting"
    assert waiting["reason"].endswith(": address not allowed")


def test_an_expired_token_is_fetched_anew(world: World, authority: Authority) -> None:
    """One that expires within the minute serves one delivery; the next one has a new token."""
    with servers(authority, [token("1", 60), token("2", 3600)], [ACCEPTED]) as (endpoint, receiver):
        by_client(world, endpoint, receiver)
        for number in range(4):
            world.dispatch(another(number))
        assert sent_tokens(receiver) == ["Bearer t0ken-1", *["Bearer t0ken-2"] * 3]
        assert len(endpoint.requests) == 2


def test_a_token_that_the_receiver_refuses_is_dropped(world: World, authority: Authority) -> None:
    """The next attempt brings a new one."""
    refused = answer("401 Unauthorized", b"{}")
    with servers(authority, [token("1"), token("2")], [ACCEPTED, refused, ACCEPTED]) as (endpoint, receiver):
        webhook = by_client(world, endpoint, receiver)
        world.dispatch(another(1))
        world.dispatch(another(2))
        [waiting] = [row for row in world.deliveries(webhook) if row["state"] == "waiting"]
        assert waiting["code"] == "http_401"
        world.dispatch(another(3))
        assert sent_tokens(receiver) == ["Bearer t0ken-1", "Bearer t0ken-1", "Bearer t0ken-2"]
        assert len(endpoint.requests) == 2


def test_a_test_of_a_draft_fetches_a_token_too(world: World, authority: Authority) -> None:
    """And says in words when there is none; no secret is in its answer."""
    echo = answer("200 OK", b'{"got": "t0ken-1"}')
    refused = answer("400 Bad", b'{"error": "invalid_scope"}')
    with servers(authority, [refused, token("1")], [echo]) as (
        endpoint,
        receiver,
    ):
        how = {"kind": "oauth2_client_credentials", "token_url": endpoint.url, "client_id": "grantwire"}
        draft = {
            "name": "Draft",
            "url": receiver.url,
            "authentication": how | {"client_secret": PASSWORD},
            "triggers": ["RequestCreated"],
        }
        _, failed = world.http("/api/webhooks/test", {"webhook": draft})
        _, successful = world.http("/api/webhooks/test", {"webhook": draft})
    reason = f"no access token from localhost:{endpoint.port}: it answered 400, invalid_scope"
    assert (failed["sentence"], failed["request"]) == (f"Test failed: {reason}.", None)
    assert successful["response"]["body"] == '{"got": "••••"}'
    assert [one for one in (PASSWORD, "t0ken-1") if one in json.dumps([failed, successful])] == []
    assert PASSWORD not in kept(world)
