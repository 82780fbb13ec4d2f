"""`authentication`: the header for the receiver, access tokens, and secrets that an update keeps."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.authentication import AccessToken, AccessTokens, fetch_token, header
from grantwire.circuits import receiver_failed
from grantwire.configurations import document_of, parse_webhook, public_document
from grantwire.errors import InvalidWebhookError
from grantwire.invoking import Invocation, Invoker
from grantwire.models import (
    MASK,
    ApiKey,
    Authentication,
    Basic,
    Bearer,
    ClientCredentials,
    Exchange,
    Failure,
    FailureKind,
    HttpRequest,
    HttpResponse,
    PlainSecret,
    SealedSecret,
    State,
    Timings,
    Webhook,
)
from grantwire.samples import sample_event
from grantwire.saving import keep_secrets, seal
from tests.fakes import FakeSecrets
from tests.unit.conftest import document, webhook_of

NOW = 1795000000.0
TOKEN_URL = "https://auth.example.com/oauth/token"
PLAIN = PlainSecret("s3cr3t-of-the-client")
CLIENT = ClientCredentials(token_url=TOKEN_URL, client_id="grantwire", secret=PLAIN)
KEY = ("wh_1", CLIENT)
OAUTH: dict[str, Any] = {
    "kind": "oauth2_client_credentials",
    "token_url": TOKEN_URL,
    "client_id": "grantwire",
    "client_secret": PLAIN.value,
}
EVERY_KIND: list[dict[str, Any]] = [
    {"kind": "bearer", "token": PLAIN.value},
    {"kind": "basic", "username": "ana", "password": PLAIN.value},
    {"kind": "api_key", "header": "X-Key", "value": PLAIN.value},
    OAUTH,
]


def answered(status: int, body: object) -> Exchange:
    """An exchange that ended with this answer."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = HttpResponse(status=status, headers=(), body=text, truncated=False)
    return Exchange(response=response, failure=None, timings=Timings(), remote_address="192.0.2.1")


def failed(kind: FailureKind) -> Exchange:
    """An exchange that ended without one."""
    return Exchange(response=None, failure=Failure(kind, "a sentence"), timings=Timings(), remote_address=None)


@dataclass
class Net:
    """A token endpoint and a receiver, and the time that passes while the endpoint answers."""

    token: Callable[[], Exchange] = lambda: answered(200, {"access_token": "t0ken-1", "expires_in": 3600})
    receiver: Callable[[HttpRequest], Exchange] = lambda request: answered(202, {})
    takes_seconds: float = 0.0
    now: float = NOW
    asked: list[tuple[HttpRequest, float]] = field(default_factory=list)
    sent: list[tuple[HttpRequest, float]] = field(default_factory=list)

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        if request.url == TOKEN_URL:
            self.asked.append((request, timeout_seconds))
            self.now += self.takes_seconds
            return self.token()
        self.sent.append((request, timeout_seconds))
        return self.receiver(request)


def never(seconds: float) -> Failure:
    """A fetch that must not be made."""
    raise AssertionError("the token was asked for again")


def invoker_on(net: Net) -> Invoker:
    return Invoker(sender=net, secrets=FakeSecrets(), clock=lambda: net.now)


def invoke(invoker: Invoker, webhook: Webhook, timeout_seconds: float = 10) -> Invocation:
    return invoker.invoke(webhook, sample_event("RequestCreated"), invoker.open_secrets(webhook), timeout_seconds)


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        (Bearer(secret=PLAIN), ("Authorization", "Bearer s3cr3t")),
        (Basic(username="Aladdin", secret=PLAIN), ("Authorization", "Basic QWxhZGRpbjpzM2NyM3Q=")),
        (Basic(username="", secret=PLAIN), ("Authorization", "Basic OnMzY3IzdA==")),
        (Basic(username="tëst", secret=PLAIN), ("Authorization", "Basic dMOrc3Q6czNjcjN0")),
        (ApiKey(header="X-Api-Key", secret=PLAIN), ("X-Api-Key", "s3cr3t")),
        (CLIENT, ("Authorization", "Bearer s3cr3t")),
    ],
)
def test_the_header(authentication: Authentication, expected: tuple[str, str]) -> None:
    """RFC 6750, 2.1 and RFC 7617, 2, in UTF-8; a key stands alone."""
    assert expected == header(authentication, "s3cr3t")


@pytest.mark.parametrize("how", EVERY_KIND[:3], ids=lambda how: how["kind"])
def test_the_credentials_arrive_and_are_masked(how: dict[str, Any]) -> None:
    """Stored or not; nothing of them is in what is kept of the request and the answer, whichever way it came back."""
    net = Net(receiver=lambda request: answered(200, {"got": dict(request.headers), "secret": PLAIN.value}))
    webhook = webhook_of(authentication=how)
    for one in (webhook, seal(webhook, secrets=FakeSecrets()).webhook):
        invocation = invoke(invoker_on(net), one)
        assert one.authentication is not None
        name, value = header(one.authentication, PLAIN.value)
        assert dict(net.sent[-1][0].headers)[name] == value
        assert net.sent[-1][1] == 10
        assert invocation.request is not None
        assert invocation.response is not None
        assert dict(invocation.request.headers)[name] == MASK
        kept = invocation.response.body.decode() + repr(invocation.request.headers)
        assert not [part for part in (PLAIN.value, value, value.rpartition(" ")[2]) if part in kept]


def test_a_key_may_take_the_place_of_a_header_of_ours() -> None:
    """It is sent once."""
    net = Net()
    invoke(invoker_on(net), webhook_of(authentication={"kind": "api_key", "header": "user-AGENT", "value": "k3y-k3y"}))
    names = [(name.lower(), value) for name, value in net.sent[0][0].headers]
    assert [value for name, value in names if name == "user-agent"] == ["k3y-k3y"]


def test_a_secret_is_no_template() -> None:
    """What looks like a placeholder is sent as it is."""
    net = Net()
    invoke(invoker_on(net), webhook_of(authentication={"kind": "bearer", "token": "{{event_type}}"}))
    assert dict(net.sent[0][0].headers)["Authorization"] == "Bearer {{event_type}}"


def test_what_the_token_endpoint_is_asked_with_basic() -> None:
    """RFC 6749, 2.3.1: id and secret are form-encoded before they are made into Basic."""
    net = Net()
    credentials = replace(CLIENT, client_id="a:b c", scope="one two", audience="https://api.example.com/")
    fetch_token(credentials, "s+/é", sender=net, now=NOW, timeout_seconds=7)
    [(request, seconds)] = net.asked
    headers = dict(request.headers)
    assert (request.method, request.url, seconds) == ("POST", TOKEN_URL, 7)
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"a%3Ab+c:s%2B%2F%C3%A9").decode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.body.decode(), strict_parsing=True) == [
        ("grant_type", "client_credentials"),
        ("scope", "one two"),
        ("audience", "https://api.example.com/"),
    ]


def test_what_the_token_endpoint_is_asked_in_the_body() -> None:
    """Id and secret are in the form, and no Authorization; what was left out is left out."""
    net = Net()
    fetch_token(replace(CLIENT, secret_in_body=True), "s+/é", sender=net, now=NOW, timeout_seconds=7)
    [(request, _)] = net.asked
    assert "Authorization" not in dict(request.headers)
    assert parse_qsl(request.body.decode(), strict_parsing=True) == [
        ("grant_type", "client_credentials"),
        ("client_id", "grantwire"),
        ("client_secret", "s+/é"),
    ]


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        *((3600, 3540), ("3600", 3540), (3600.5, 3540.5), (60, 0), (0, -60), (1e999, 86_340)),
        *((..., 240), (None, 240), (-1, 240), ("soon", 240), (float("nan"), 240), ({}, 240), (10**400, 240)),
    ],
)
def test_how_long_a_token_is_used(expires_in: Any, seconds: float) -> None:
    """Until a minute before it expires, at most a day; five minutes less that minute when nothing usable is said."""
    answer = {"access_token": "t", "token_type": "Bearer", "expires_in": expires_in}
    net = Net(token=lambda: answered(200, {name: value for name, value in answer.items() if value is not ...}))
    token = fetch_token(CLIENT, "s", sender=net, now=NOW, timeout_seconds=7)
    assert token == AccessToken(secret=PlainSecret("t"), until=NOW + seconds)


HIDDEN = "s3cr3t-said-by-the-endpoint"


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (answered(500, HIDDEN), "it answered 500"),
        (answered(302, {"access_token": HIDDEN}), "it answered 302"),
        (answered(401, {"error": "invalid_client", "error_description": HIDDEN}), "it answered 401, invalid_client"),
        (answered(400, {"error": HIDDEN}), "it answered 400"),
        (answered(400, {"error": [HIDDEN]}), "it answered 400"),
        (answered(200, {}), "it answered 200 without a usable access_token"),
        (answered(200, [HIDDEN]), "it answered 200 without a usable access_token"),
        (answered(200, b"<html>" + HIDDEN.encode()), "it answered 200 without a usable access_token"),
        (answered(200, b"[" * 60_000), "it answered 200 without a usable access_token"),
        (answered(200, b"\xff\xfe"), "it answered 200 without a usable access_token"),
        (answered(200, {"access_token": {"a": HIDDEN}}), "it answered 200 without a usable access_token"),
        (answered(200, {"access_token": f"{HIDDEN}\r\nX: y"}), "it answered 200 without a usable access_token"),
        (
            answered(200, {"access_token": HIDDEN, "token_type": "mac"}),
            "it answered 200 with a token that is no bearer",
        ),
        (answered(200, {"access_token": HIDDEN, "token_type": None}), "it answered 200 with a token that is no bearer"),
        *((failed(kind), kind.replace("_", " ")) for kind in FailureKind),
    ],
)
def test_an_endpoint_that_gives_no_token(exchange: Exchange, reason: str) -> None:
    """The delivery waits and says why, naming the endpoint's host; nothing that the endpoint said, nothing was sent."""
    net = Net(token=lambda: exchange)
    invocation = invoke(invoker_on(net), webhook_of(authentication=OAUTH))
    assert (invocation.outcome.state, invocation.outcome.code) == (State.WAITING, "authentication")
    assert invocation.outcome.sentence.startswith(f"no access token from auth.example.com: {reason}")
    assert (net.sent, invocation.request, invocation.response) == ([], None, None)
    assert HIDDEN not in invocation.outcome.sentence
    assert PLAIN.value not in repr(invocation)


def test_a_missing_token_says_nothing_about_the_receivers_host() -> None:
    """Its circuit stays as it is."""
    outcome = invoke(invoker_on(Net(token=lambda: answered(500, {}))), webhook_of(authentication=OAUTH)).outcome
    assert receiver_failed(outcome) is None


def test_a_token_is_fetched_once_and_again_before_it_expires() -> None:
    """A minute early; each webhook has its own."""
    net = Net()
    invoker, webhook = invoker_on(net), webhook_of(authentication=OAUTH)
    for net.now in (NOW, NOW + 1, NOW + 3539.9):
        invoke(invoker, webhook)
    assert (len(net.asked), len(net.sent)) == (1, 3)
    net.now = NOW + 3540
    invoke(invoker, webhook)
    assert len(net.asked) == 2
    invoke(invoker, replace(webhook, id="wh_other"))
    invoke(invoker, webhook_of(authentication=OAUTH | {"scope": "more"}))
    assert len(net.asked) == 4


def test_a_401_drops_the_token_and_nothing_else_does() -> None:
    """The next attempt fetches a new one."""
    tokens = iter(["t0ken-1", "t0ken-2"])
    net = Net(token=lambda: answered(200, {"access_token": next(tokens), "expires_in": 3600}))
    invoker, webhook = invoker_on(net), webhook_of(authentication=OAUTH)
    for status in (200, 403, 500, 401):
        net.receiver = lambda request, status=status: answered(status, {})  # type: ignore[misc]
        invoke(invoker, webhook)
    assert len(net.asked) == 1
    invoke(invoker, webhook)
    sent = [dict(request.headers)["Authorization"] for request, _ in net.sent]
    assert sent == ["Bearer t0ken-1"] * 4 + ["Bearer t0ken-2"]


def test_a_token_that_is_not_the_kept_one_drops_nothing() -> None:
    """Another delivery has fetched a new one meanwhile."""
    tokens, kept = AccessTokens(), AccessToken(secret=PlainSecret("new"), until=NOW + 9)
    assert kept == tokens.get(KEY, lambda seconds: kept, clock=lambda: NOW, timeout_seconds=5)
    tokens.drop(KEY, "old")
    assert kept == tokens.get(KEY, never, clock=lambda: NOW, timeout_seconds=5)


def test_the_token_and_the_request_share_the_webhooks_time() -> None:
    """What the endpoint took is gone; a token that comes too late is kept for the next attempt."""
    net = Net(takes_seconds=4.0)
    invoker, webhook = invoker_on(net), webhook_of(authentication=OAUTH)
    invoke(invoker, webhook)
    assert [seconds for _, seconds in (*net.asked, *net.sent)] == [10, 6.0]
    net = Net(takes_seconds=9.8)
    invoker = invoker_on(net)
    late = invoke(invoker, webhook)
    assert late.outcome.sentence == "no access token from auth.example.com: it took all the time there was"
    assert late.timings.total == 9800.0
    assert net.sent == []
    assert invoke(invoker, webhook).outcome.state is State.SUCCEEDED
    assert len(net.asked) == 1


def test_the_access_token_is_masked_where_a_receiver_sends_it_back() -> None:
    """In its answer, and in what is kept of the request."""
    net = Net(receiver=lambda request: answered(500, {"token": "t0ken-1", "secret": PLAIN.value}))
    invocation = invoke(invoker_on(net), webhook_of(authentication=OAUTH))
    assert invocation.request is not None
    assert invocation.response is not None
    assert dict(invocation.request.headers)["Authorization"] == MASK
    assert json.loads(invocation.response.body) == {"token": MASK, "secret": MASK}


def waiting_for(tokens: AccessTokens, first: AccessToken | Failure) -> list[AccessToken | Failure]:
    """What twenty get who come while the first fetch is on its way; nobody else fetches."""
    asked, answer, waiting = Event(), Event(), [Event() for _ in range(20)]

    def fetch(seconds: float) -> AccessToken | Failure:
        asked.set()
        assert answer.wait(10)
        return first

    def wait(mine: Event) -> AccessToken | Failure:
        looked: list[float] = []

        def clock() -> float:
            looked.append(NOW)
            if len(looked) == 2:  # it has seen that there is no token, and is about to wait
                mine.set()
            return NOW

        return tokens.get(KEY, never, clock=clock, timeout_seconds=10)

    with ThreadPoolExecutor(21) as threads:
        begun = threads.submit(tokens.get, KEY, fetch, clock=lambda: NOW, timeout_seconds=10)
        assert asked.wait(10)
        others = [threads.submit(wait, mine) for mine in waiting]
        assert all(mine.wait(10) for mine in waiting)
        answer.set()
        return [begun.result(), *(other.result() for other in others)]


@pytest.mark.parametrize("until", [NOW + 9, NOW - 1])
def test_everybody_who_waits_gets_the_same_token(until: float) -> None:
    """Also one that lives so shortly that nobody who comes later may use it."""
    tokens, token = AccessTokens(), AccessToken(secret=PlainSecret("t0ken"), until=until)
    assert [token] * 21 == waiting_for(tokens, token)


def test_everybody_who_waits_gets_the_same_failure_and_the_next_one_asks_again() -> None:
    """An endpoint that fails is asked once, not once for each delivery."""
    tokens, failure = AccessTokens(), Failure(FailureKind.AUTHENTICATION, "no")
    assert [failure] * 21 == waiting_for(tokens, failure)
    token = AccessToken(secret=PlainSecret("t0ken"), until=NOW + 9)
    assert token == tokens.get(KEY, lambda seconds: token, clock=lambda: NOW, timeout_seconds=5)


def test_nobody_waits_longer_than_the_delivery_may_take() -> None:
    """Without a token by then it is the token endpoint that was too slow."""
    tokens = AccessTokens()

    def fetch(seconds: float) -> Failure:
        found = ThreadPoolExecutor(1).submit(tokens.get, KEY, never, clock=lambda: NOW, timeout_seconds=0.0)
        failure = found.result()
        assert isinstance(failure, Failure)
        return failure

    failure = tokens.get(KEY, fetch, clock=lambda: NOW, timeout_seconds=5)
    assert failure == Failure(FailureKind.AUTHENTICATION, "no access token from auth.example.com: timeout")


def always(token: AccessToken) -> Callable[[float], AccessToken]:
    """A fetch that gives this token."""
    return lambda seconds: token


def test_tokens_do_not_grow_without_end() -> None:
    """A process that lives long and sees many webhooks forgets some."""
    tokens = AccessTokens()
    for number in range(2500):
        token = AccessToken(secret=PlainSecret(str(number)), until=NOW + 9)
        tokens.get((str(number), CLIENT), always(token), clock=lambda: NOW, timeout_seconds=1)
    assert len(tokens._kept) <= 1000


# What an update keeps ------------------------------------------------------------------------------------------
def stored(**fields: Any) -> Webhook:
    """A webhook as it is in the table."""
    sealed = seal(webhook_of(**fields), secrets=FakeSecrets()).webhook
    return parse_webhook(document_of(sealed), webhook_id=sealed.id, now=NOW, stored=True)


def update(**fields: Any) -> Webhook:
    """A user's change of it."""
    return parse_webhook(document(**fields), webhook_id="wh_06ewh5hy0000000000000000", now=NOW, masked_secrets=True)


def refused(new: Webhook, old: Webhook) -> dict[str, str]:
    """The problems, by their paths."""
    with pytest.raises(InvalidWebhookError) as caught:
        keep_secrets(new, old)
    return {problem.path: problem.rule for problem in caught.value.problems}


HEADERS: list[dict[str, Any]] = [
    {"name": "X-Key", "value": "k3y-in-a-header", "secret": True},
    {"name": "X-Team", "value": "a"},
]
SIGNING = {"kind": "standard_webhooks", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
CHANGED = "must be entered again, because the host it is sent to has changed"
NOTHING_STORED = "is a mask, and nothing is stored that it could stand for: enter the secret"


@pytest.mark.parametrize("how", [None, *EVERY_KIND], ids=str)
def test_a_webhook_that_is_shown_and_sent_back_is_the_same(how: Any) -> None:
    """Every secret is kept, whatever else was changed."""
    old = stored(headers=HEADERS if how is None else HEADERS[1:], authentication=how, signing=SIGNING)
    shown = json.loads(json.dumps(public_document(old)))
    assert PLAIN.value not in json.dumps(shown)
    new = parse_webhook(shown | {"name": "Renamed"}, webhook_id=old.id, now=NOW, masked_secrets=True)
    assert replace(old, name="Renamed") == keep_secrets(new, old)


def test_a_secret_that_is_entered_takes_the_place_of_the_stored_one() -> None:
    """And what is no secret, or is left out, is as the update says."""
    old = stored(headers=HEADERS, authentication={"kind": "bearer", "token": "old"}, signing=SIGNING)
    new = update(headers=[HEADERS[0] | {"value": "new"}], authentication={"kind": "bearer", "token": "new"})
    assert new == keep_secrets(new, old)
    assert (new.signing, len(new.headers)) == (None, 1)


def test_a_mask_needs_a_stored_secret_of_its_kind() -> None:
    """Each field where there is none is named."""
    masked = {"kind": "basic", "username": "ana", "password": MASK}
    headers = [{"name": "X-TEAM", "value": MASK, "secret": True}, {"name": "x-key", "value": MASK, "secret": True}]
    new = update(headers=headers, authentication=masked, signing={"kind": "standard_webhooks", "secret": MASK})
    assert refused(new, stored(headers=HEADERS, authentication={"kind": "bearer", "token": "old"})) == {
        "headers[0].value": NOTHING_STORED,
        "authentication.password": NOTHING_STORED,
        "signing.secret": NOTHING_STORED,
    }


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://evil.example/v1",
            "https://hooks.torq.io:8443/v1/webhooks/1/",
            "https://hooks.torq.io.evil.example/",
        ),
        "https://sub.hooks.torq.io/",
    ],
)
@pytest.mark.parametrize("how", EVERY_KIND, ids=lambda how: how["kind"])
def test_a_secret_does_not_follow_the_webhook_to_another_host(url: str, how: dict[str, Any]) -> None:
    """Whoever may edit a webhook cannot have a secret sent to a host of their own; an access token neither."""
    old = stored(headers=HEADERS if how["kind"] != "api_key" else [], authentication=how, signing=SIGNING)
    new = parse_webhook(public_document(old) | {"url": url}, webhook_id=old.id, now=NOW, masked_secrets=True)
    [hidden] = [name for name in ("token", "password", "value", "client_secret") if name in how]
    expected = {"headers[0].value": CHANGED} if old.headers else {}
    assert refused(new, old) == expected | {f"authentication.{hidden}": CHANGED}
    entered = parse_webhook(document(headers=HEADERS[:1], url=url, signing=SIGNING), webhook_id=old.id, now=NOW)
    assert entered == keep_secrets(entered, old)


@pytest.mark.parametrize(
    "url", ["https://HOOKS.torq.io/other", "https://hooks.torq.io:443/?a={{event_type}}", "https://hooks.torq.io./"]
)
def test_the_same_host_in_other_words_keeps_the_secret(url: str) -> None:
    """Path, query and spelling may change."""
    old = stored(headers=HEADERS)
    new = parse_webhook(public_document(old) | {"url": url}, webhook_id=old.id, now=NOW, masked_secrets=True)
    assert keep_secrets(new, old).headers == old.headers


@pytest.mark.parametrize("token_url", ["https://evil.example/oauth/token", "https://auth.example.com:444/oauth/token"])
def test_a_clients_secret_does_not_follow_the_token_url(token_url: str) -> None:
    """Headers are not sent there, and may stay."""
    old = stored(headers=HEADERS, authentication=OAUTH)
    changed = {"authentication": OAUTH | {"token_url": token_url, "client_secret": MASK}}
    new = parse_webhook(public_document(old) | changed, webhook_id=old.id, now=NOW, masked_secrets=True)
    assert refused(new, old) == {"authentication.client_secret": CHANGED}
    same = {"authentication": OAUTH | {"token_url": f"{TOKEN_URL}/2", "client_secret": MASK, "scope": "more"}}
    new = parse_webhook(public_document(old) | same, webhook_id=old.id, now=NOW, masked_secrets=True)
    kept = keep_secrets(new, old).authentication
    assert kept == ClientCredentials(
        token_url=f"{TOKEN_URL}/2", client_id="grantwire", secret=SealedSecret(PLAIN.value[::-1]), scope="more"
    )


def test_the_signing_secret_stays_on_another_host_and_when_it_is_not_named() -> None:
    """It is sent nowhere; a new one comes by a rotation, or by entering it."""
    old = stored(signing=SIGNING)
    for how in ({"kind": "standard_webhooks"}, {"kind": "standard_webhooks", "secret": MASK}):
        assert keep_secrets(update(url="https://other.example/", signing=how), old).signing == old.signing
    assert keep_secrets(update(signing={"kind": "standard_webhooks"}), stored()).signing is not None


def problems(given_document: object) -> str:
    """What is wrong with a document, as it is shown and logged."""
    try:
        parse_webhook(given_document, webhook_id="wh_1", now=NOW)
    except InvalidWebhookError as caught:
        return f"{caught} {caught!r} {caught.problems}"
    return ""


def test_neither_a_request_nor_an_answer_shows_what_it_holds() -> None:
    """An answer may echo what was sent, or be an access token."""
    request = HttpRequest(method="POST", url="https://a.example/s3cret", headers=(("A", "s3cret"),), body=b"s3cret")
    response = HttpResponse(status=200, headers=(("A", "s3cret"),), body=b"s3cret", truncated=False)
    exchange = Exchange(response=response, failure=None, timings=Timings(), remote_address=None)
    assert "s3cret" not in f"{request} {response!r} {exchange} {[request, response]}"


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
SECRETS = st.text(VISIBLE, min_size=4, max_size=40).map("q7Z~{}".format)  # which stands nowhere else


@given(SECRETS, st.sampled_from(EVERY_KIND), st.booleans())
def test_no_secret_is_ever_in_a_repr(secret: str, how: dict[str, Any], right: bool) -> None:
    """Nor in a document that is shown, in what is kept of an attempt, in a problem: stored or not, right or wrong."""
    [hidden] = [name for name in ("token", "password", "value", "client_secret") if name in how]
    wrong = {} if right else {"username": f"a:{secret}", "header": f"X: {secret}", "token_url": secret, "kind ": secret}
    given_document = document(
        authentication=how | {hidden: secret} | {name: wrong[name] for name in wrong if name in how}
    )
    if told := problems(given_document):
        assert secret not in told
        return
    webhook = parse_webhook(given_document, webhook_id="wh_1", now=NOW)
    net = Net(receiver=lambda request: answered(500, {"headers": request.headers, "again": secret}))
    invocation = invoke(invoker_on(net), webhook)
    assert invocation.request is not None
    assert invocation.response is not None
    texts = [repr(webhook), str(webhook), json.dumps(public_document(webhook)), repr(invocation)]
    texts += [repr(invocation.request.headers), repr(invocation.response.headers), repr(invoker_on(net))]
    assert [text for text in texts if secret in text] == []
    assert secret not in json.loads(invocation.response.body)["again"]
    with pytest.raises(TypeError) as caught:
        document_of(webhook)
    assert secret not in str(caught.value)
