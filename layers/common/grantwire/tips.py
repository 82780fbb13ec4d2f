"""What to look at when a test has failed, one line each."""

from typing import Final

from grantwire import retrying
from grantwire.invoking import Invocation
from grantwire.judging import REDIRECTS
from grantwire.models import State, Webhook
from grantwire.urls import host_of

_BY_CODE: Final = {
    "dns": (
        "Check how the host is spelled.",
        "A name that only a company's own network knows cannot be resolved from AWS: use a public name.",
    ),
    "connect": (
        "Nothing answers at that address and port, or a firewall drops the connection: check the port.",
        "If the receiver admits known addresses only, admit those that your functions call from.",
    ),
    "tls": (
        "The certificate must be valid now and made out for this host, and its whole chain must come with it.",
        "TLS 1.2 or newer is needed.",
    ),
    "timeout": (
        "Have the receiver answer at once and work afterwards.",
        "Or give it longer: timeout_seconds can be 30 at most.",
    ),
    "connection_lost": (
        "The receiver or a proxy in front of it closed the connection: its own log knows why.",
        "It may have taken the event all the same; look before you send it again.",
    ),
    "protocol": ("The answer is not HTTP/1.1: check that the port is the one for https.",),
    "address_not_allowed": (
        "Only public addresses may be called, and only hosts that AllowedHosts lists, when it lists any.",
        "A receiver inside a private network needs a public endpoint of its own, such as an API gateway.",
    ),
    "url_unusable": ("Look at the URL as it was rendered: a placeholder may have put something odd into it.",),
    "template": ("Preview the body for this event: the message says which placeholder it is, by line and column.",),
    "authentication": (
        "Check the token URL, the client's id and its secret.",
        "Some token endpoints want the client's secret in the body: set client_authentication to body.",
    ),
    "validator": (
        "Compare the path with the answer's body above: $.data is the body, and $.status its status.",
        "A receiver that answers 2xx did accept the event: loosen the validator if that is enough.",
    ),
    "http_400": ("The receiver does not like the body: compare it with what its documentation asks for.",),
    "http_401": (
        "The credentials are missing, wrong or expired: check the header's name and its value.",
        "A bearer token needs the word Bearer and a space before it.",
    ),
    "http_403": ("The credentials are known, but may not do this: check what they are allowed.",),
    "http_404": ("The path is not known there: compare the URL with the one you copied, to its last character.",),
    "http_405": ("The receiver does not take this method: most take POST.",),
    "http_410": ("The receiver says it is gone for good; a delivery would make the webhook inactive.",),
    "http_413": ("The body is too large for the receiver: send fewer fields.",),
    "http_415": ("The receiver wants another Content-Type: set that header.",),
    "http_422": ("The receiver does not like the body: compare it with what its documentation asks for.",),
    "http_429": ("The receiver is asked too often: set deliveries_per_second when you know its limit.",),
    "http_304": ("Nobody asked whether something has changed: a cache before the receiver may be at fault.",),
}
_REDIRECT: Final = ("Redirects are not followed: enter the address that the answer's Location header names.",)
_REDIRECT_CODES: Final = frozenset(f"http_{status}" for status in REDIRECTS)
_HEEDED: Final = "Deliveries wait as long as the answer's Retry-After says, 24 hours at most."
_SERVER_FAULT: Final = ("The receiver failed by its own account: its log knows why.",)
_TORQ: Final = {
    "http_400": "Torq: the trigger's body must be a JSON object.",
    "http_401": "Torq: the header must have the name and value that the webhook integration's authentication asks for.",
    "http_403": "Torq: the header must have the name and value that the webhook integration's authentication asks for.",
    "http_404": "Torq: copy the URL anew from the webhook integration; one that was deleted there answers 404.",
}


def tips(webhook: Webhook, invocation: Invocation) -> tuple[str, ...]:
    """What to look at; nothing when the test has succeeded."""
    outcome = invocation.outcome
    if outcome.state is State.SUCCEEDED:
        return ()
    found = _BY_CODE.get(outcome.code, ())
    if not found and outcome.code in _REDIRECT_CODES:
        found = _REDIRECT
    elif not found and outcome.code.startswith("http_5"):
        found = _SERVER_FAULT
    if retrying.retry_after_seconds(invocation.response, invocation.started_at):
        found = (*found, _HEEDED)
    host = host_of(webhook.url).partition(":")[0]
    torq = _TORQ.get(outcome.code) if host == "torq.io" or host.endswith(".torq.io") else None
    return (*found, torq) if torq else tuple(found)
