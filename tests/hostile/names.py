"""Names that change between the check and the use, names of our own, and ways around the check."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from grantwire.configurations import parse_webhook
from grantwire.egress import AddressInfo, Egress
from grantwire.errors import InvalidEventError, InvalidWebhookError
from grantwire.models import FailureKind
from grantwire.producing import EventProducer
from grantwire.rendering import render
from grantwire.request_events import parse
from grantwire.samples import sample_payload
from tests.hostile.cases import Came, Case
from tests.hostile.world import Peer, World, echo, listening, request, resolving, whole_request, words
from tests.receivers import answer

_OWN_HOST = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
_OWN = ".* is Grantwire's own API: its events would come back to it for ever"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_OWN_SPELLINGS = (
    *(f"https://{_OWN_HOST}/api/events", f"https://{_OWN_HOST.upper()}/api/events", f"https://{_OWN_HOST}./api/events"),
    *(f"https://{_OWN_HOST}:443/api/events", f"https://{_OWN_HOST}:0443/", f"HTTPS://{_OWN_HOST}?x"),
)

Resolve = Callable[[str, int], list[AddressInfo]]


def cases() -> Iterator[Case]:
    """All of the family."""
    make = partial(Case, family="names")
    refused = ".*: only public addresses may be called"
    yield make(name="private at the second look-up", attack=_second_look_up, expects="answered 200 with 7 bytes")
    yield make(name="private once the connection has closed", attack=_after_a_close, expects=refused)
    yield make(name="private when a dead connection is replaced", attack=_replaced, expects=refused)
    yield make(name="a public name made to point inside", attack=_repointed, expects=refused)
    yield make(name="no address", attack=partial(_resolver, resolving()), expects=".* has no address")
    yield make(name="no such name", attack=partial(_resolver, _failing), expects="the host name cannot be resolved")
    yield make(
        name="a name that IDNA refuses", attack=partial(_resolver, _odd), expects="the host name cannot be resolved"
    )
    yield make(
        name="a resolver that hangs",
        attack=partial(_resolver, _Hanging()),
        expects="no answer came within 0.4 seconds",
        within=0.4,
    )
    many = resolving(*(f"10.{number // 250}.{number % 250}.1" for number in range(5000)))
    yield make(name="5,000 private addresses", attack=partial(_resolver, many), expects=refused)
    for url in _OWN_SPELLINGS:
        yield make(name=f"our own API as {url}", attack=partial(_own_host, url), expects=_OWN)
    for variable in _PROXIES:
        yield make(name=f"{variable} in the environment", attack=partial(_proxied, variable), expects="answered 200 .*")
    yield make(
        name="an allowed host among others",
        attack=partial(_listed, "hooks.torq.io.evil.example"),
        expects=".*allowed hosts",
    )
    yield make(name="an allowed host's suffix", attack=partial(_listed, "evilexample.com"), expects=".*allowed hosts")
    yield make(
        name="an allowed host in the path",
        attack=partial(_listed, "evil.example/hooks.torq.io"),
        expects=".*allowed hosts",
    )
    yield make(name="a loop over our API", attack=_looped, expects="ended after 3 rounds: the event went through.*")
    yield make(
        name="a loop without the header", attack=_looped_by_payload, expects="the same event: it was claimed before"
    )
    yield make(name="a loop over the bus", attack=_on_the_bus, expects="the event went through Grantwire 4 times.*")
    for header in ("x", "-1", "1.5", "0x3", "", "٣", "4", "1, 9", "999999999999"):
        expects = "taken" if header == "" else "Grantwire-Hops .*"
        yield make(name=f"Grantwire-Hops: {header}", attack=partial(_header, header), expects=expects)


class _Turns:
    """A resolver that answers differently each time, the last answer for ever."""

    def __init__(self, *answers: Resolve) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[AddressInfo]:
        self.asked += 1
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(host, port)


class _Hanging:
    def __call__(self, host: str, port: int) -> list[AddressInfo]:
        threading.Event().wait(2)
        return []


def _failing(host: str, port: int) -> list[AddressInfo]:
    raise OSError(-2, "Name or service not known")


def _odd(host: str, port: int) -> list[AddressInfo]:
    raise UnicodeError("label empty or too long")  # as getaddrinfo does for what IDNA refuses


def _rebinding() -> _Turns:
    return _Turns(resolving("127.0.0.1"), resolving("169.254.169.254"))


def _second_look_up(world: World) -> Came:
    """A name that is loopback (permitted here) when it is checked and the metadata address right afterwards."""
    resolve = _rebinding()
    egress = world.egress(resolve=resolve)
    with listening(echo, world.context) as receiver:
        exchange = world.send(egress, request(f"https://hooks.example.com:{receiver.port}/"), seconds=2)
        egress.close()
    harm = f"looked up {resolve.asked} times" if resolve.asked != 1 else ""
    return Came(outcome=words(exchange), harm=harm or _elsewhere(exchange.remote_address))


def _elsewhere(address: str | None) -> str:
    return "" if address == "127.0.0.1" else f"called {address}"


def _twice(world: World, resolve: Resolve, attack: Callable[[Peer], None]) -> Came:
    """The second of two requests to a name, with what the first one's connection came to."""
    egress = world.egress(resolve=resolve)
    with listening(attack, world.context) as receiver:
        url = f"https://hooks.example.com:{receiver.port}/"
        egress.send(request(url), timeout_seconds=2)
        exchange = world.send(egress, request(url), seconds=2)
        egress.close()
    return Came(outcome=words(exchange), harm=_elsewhere(exchange.remote_address or "127.0.0.1"))


def _after_a_close(world: World) -> Came:
    def once(peer: Peer) -> None:
        sock = peer.request()
        sock.sendall(answer("200 OK", b"", "Connection: close"))
        sock.close()

    return _twice(world, _rebinding(), once)


def _replaced(world: World) -> Came:
    """The kept connection takes the second request and dies: the fresh one that replaces it is checked anew."""

    def dying(peer: Peer) -> None:
        sock = peer.request()
        sock.sendall(answer())
        whole_request(sock)
        sock.close()

    return _twice(world, _rebinding(), dying)


def _repointed(world: World) -> Came:
    """At first nobody answers; then the name is changed."""
    egress = Egress(resolve=_Turns(resolving("93.184.215.14"), resolving("10.0.0.1")))
    with world.watched() as called:
        egress.send(request("https://hooks.example.com/"), timeout_seconds=1)
        exchange = world.send(egress, request("https://hooks.example.com/"), seconds=1)
    return Came(outcome=words(exchange), harm="" if called == ["93.184.215.14"] else f"called {called}")


def _resolver(resolve: Resolve, world: World) -> Came:
    with world.watched() as called:
        egress = Egress(resolve=resolve)
        exchange = world.send(egress, request("https://hooks.example.com/"), seconds=0.4)
    return Came(outcome=words(exchange), harm=f"called {called}" if called else "")


def _own_host(url: str, world: World) -> Came:
    with world.watched() as called:
        egress = Egress(own_host=_OWN_HOST, resolve=resolving("93.184.215.14"))
        exchange = world.send(egress, request(url), seconds=1)
    return Came(outcome=words(exchange), harm=f"called {called}" if called else "")


def _listed(host: str, world: World) -> Came:
    with world.watched() as called:
        egress = Egress(allowed_hosts=("hooks.torq.io", "*.example.com"), resolve=resolving("93.184.215.14"))
        exchange = world.send(egress, request(f"https://{host}"), seconds=1)
    kind = exchange.failure and exchange.failure.kind
    harm = "" if kind is FailureKind.ADDRESS_NOT_ALLOWED else f"is {kind}"
    return Came(outcome=words(exchange), harm=f"called {called}" if called else harm)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _proxied(variable: str, world: World) -> Came:
    """A proxy that would be asked first listens; nobody comes to it."""
    asked: list[Peer] = []
    with (
        listening(asked.append, world.context) as proxy,
        listening(echo, world.context) as receiver,
        _environment(**{variable: f"http://127.0.0.1:{proxy.port}"}),
    ):
        egress = world.egress()
        exchange = world.send(egress, request(receiver.url), seconds=2)
        egress.close()
    return Came(outcome=words(exchange), harm="the proxy was asked" if asked else "")


class _Bus:
    """A bus from which the event comes back."""

    def __init__(self) -> None:
        self.detail: dict[str, Any] = {}

    def put(self, detail_type: str, detail: str) -> str:
        self.detail = json.loads(detail)
        return "11111111-2222-3333-4444-555555555555"


def _sent(payload: dict[str, Any]) -> dict[str, str]:
    """The headers of a request about the event."""
    document = {"name": "Loop", "url": "https://api.example.com/", "triggers": ["RequestCreated"]}
    webhook = parse_webhook(document, webhook_id="wh_1", now=0.0)
    event = parse({"detail-type": "RequestCreated", "id": "x", "detail": payload})
    assert event is not None
    return dict(render(webhook, event, secret_values={}, sent_at=0.0).headers)


def _looped_by_payload(world: World) -> Came:
    """The whole payload comes back without the header: it is the event that every webhook has been sent already."""
    bus = _Bus()
    first = EventProducer(bus=bus).put(sample_payload("RequestCreated"))
    second = EventProducer(bus=bus).put(bus.detail)
    return Came(outcome="the same event: it was claimed before" if first.id == second.id else "another event")


def _looped(world: World) -> Came:
    """What Grantwire sends is posted to its own API by way of somebody who passes the headers on."""
    bus, detail = _Bus(), sample_payload("RequestCreated")
    for rounds in range(20):
        hops = _sent(detail)["Grantwire-Hops"]
        detail["data"]["id"] = str(rounds)  # and makes another event of it each time
        try:
            EventProducer(bus=bus).put(detail, hops_header=hops)
        except InvalidWebhookError as exc:
            return Came(outcome=f"ended after {rounds} rounds: {exc.problems[0].rule}")
        detail = bus.detail
    return Came(outcome="goes on for ever")


def _on_the_bus(world: World) -> Came:
    """A receiver that puts the payload on the bus itself."""
    try:
        parse({"detail-type": "RequestCreated", "detail": sample_payload("RequestCreated") | {"grantwire_hops": 4}})
    except InvalidEventError as exc:
        return Came(outcome=str(exc))
    return Came(outcome="taken")


def _header(header: str, world: World) -> Came:
    try:
        EventProducer(bus=_Bus()).put(sample_payload("RequestCreated"), hops_header=header)
    except InvalidWebhookError as exc:
        return Came(outcome=str(exc))
    return Came(outcome="taken")
