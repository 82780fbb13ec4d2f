"""The receivers: each webhook's answers by its script, and what arrived."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from grantwire.models import Exchange, Failure, FailureKind, HttpRequest, HttpResponse, Timings
from tests.simulation.faults import DAY, HOUR, MINUTE, Fault, Faults
from tests.simulation.hub import CrashError, Hub

ACCEPTED: Final = b'{"status":"accepted"}'
REFUSED: Final = b'{"status":"refused"}'
SCRIPTS: Final = (
    "fine",
    "fine",
    "recovers",
    "recovers",
    "down",
    "hangs",
    "gone",
    "refuses",
    "dead",
    "slow",
    "busy",
    "limits",
)


@dataclass
class Receiver:
    """One webhook's receiver. `script` says how it answers, `times` how often it fails first, `dead` when it is."""

    script: str
    times: int
    dead: tuple[float, float]
    seen: dict[str, int] = field(default_factory=dict)

    def answer(self, event: str, now: float) -> tuple[int | FailureKind, bytes]:
        """The status and the body, or why there is none; `event` is what the body speaks of."""
        before = self.seen.get(event, 0)
        self.seen[event] = before + 1
        failing = before < self.times
        match self.script:
            case "recovers" if failing:
                return 500, b""
            case "down":
                return 500, b""
            case "busy" if failing:
                return 503, b""
            case "limits" if failing:
                return 429, b""
            case "hangs" if failing:
                return FailureKind.TIMEOUT, b""
            case "gone" if not failing:
                return 410, b""
            case "refuses" if not failing:
                return 200, REFUSED
            case "dead" if self.dead[0] <= now < self.dead[1]:
                return FailureKind.CONNECT, b""
        return 200, ACCEPTED


def receiver(chance: random.Random, began: float) -> Receiver:
    """A receiver, by chance."""
    since = began + chance.uniform(0.0, HOUR)
    dead = (since, since + chance.choice((MINUTE, HOUR, 10 * HOUR, 2 * DAY)))
    return Receiver(chance.choice(SCRIPTS), chance.choice((0, 1, 1, 2, 3, 5, 20)), dead)


@dataclass(frozen=True, kw_only=True)
class Post:
    """One request that arrived: at whose URL, what it speaks of, its `webhook-id`, and how it was answered."""

    webhook_id: str
    request_id: str
    delivery_id: str
    accepted: bool


@dataclass
class SimulatedSender:
    """The way out: a request takes time to arrive, and its answer to come back."""

    receivers: dict[str, Receiver]
    hub: Hub
    faults: Faults
    arrived: Callable[[Post], None]

    def send(self, request: HttpRequest, *, timeout_seconds: float) -> Exchange:
        hub, faults = self.hub, self.faults
        fault = faults.at_step("receiver", hub.now)
        hub.pause(min(faults.latency(hub.now), timeout_seconds))
        if fault is Fault.CRASH_BEFORE:
            raise CrashError("before the POST")
        webhook_id = request.url.rpartition("/")[2]
        receiver = self.receivers[webhook_id]
        request_id = json.loads(request.body)["request"]
        answer, body = receiver.answer(request_id, hub.now)
        delivery_id = dict(request.headers)["webhook-id"]
        accepted = answer == 200 and body == ACCEPTED
        hub.trace(f"POST {webhook_id} {request_id} -> {answer} {body.decode()}")
        self.arrived(Post(webhook_id=webhook_id, request_id=request_id, delivery_id=delivery_id, accepted=accepted))
        waits = (
            timeout_seconds if answer is FailureKind.TIMEOUT or receiver.script == "slow" else faults.latency(hub.now)
        )
        hub.pause(min(waits, timeout_seconds) + faults.stall(hub.now))
        if fault is Fault.CRASH_AFTER:
            raise CrashError("after the POST")
        if fault is not None:  # our own errors are no receiver's: here the answer is lost on its way
            answer = FailureKind.CONNECTION_LOST
        return _exchange(answer, body)


def _exchange(answer: int | FailureKind, body: bytes) -> Exchange:
    timings = Timings(total=1.0)
    if isinstance(answer, FailureKind):
        return Exchange(response=None, failure=Failure(answer, "no answer"), timings=timings, remote_address=None)
    headers = (("Retry-After", "1200"),) if answer == 503 else ()
    response = HttpResponse(status=answer, headers=headers, body=body, truncated=False)
    return Exchange(response=response, failure=None, timings=timings, remote_address="192.0.2.1")
