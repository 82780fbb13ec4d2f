"""Identifiers: time-ordered for what we create, a hash for what must come out the same twice."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from grantwire.models import RequestEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that looks like something else


def new_webhook_id(now: float, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """`wh_` and 26 characters that sort by age."""
    return "wh_" + _time_ordered(now, random_bytes)


def new_job_id(now: float, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """`job_` and 26 characters that sort by age."""
    return "job_" + _time_ordered(now, random_bytes)


def _time_ordered(now: float, random_bytes: Callable[[int], bytes]) -> str:
    """48 bits of milliseconds, then 80 random ones."""
    number = (int(now * 1000) << 80) | int.from_bytes(random_bytes(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def event_id(*identity: str) -> str:
    """`evt_` and 32 hexadecimal digits: the same for the same identity."""
    return "evt_" + hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def delivery_id(webhook_id: str, event: RequestEvent) -> str:
    """`dlv_`, then the webhook's id, the event's time in microseconds and its id: where the row is can be read from it.

    It is the `webhook-id` that the receiver sees, the same for every attempt.
    """
    return f"dlv_{webhook_id.removeprefix('wh_')}_{_microseconds(event.time):x}_{event.id.removeprefix('evt_')}"


def sort_key(event: RequestEvent) -> str:
    """`<the event's time>#<its id>`: a webhook's deliveries in the order in which things happened."""
    return f"{moment(event.time)}#{event.id}"


def moment(time: float) -> str:
    """`2026-11-18T11:06:40.123457Z`: sorts as text as it does as time."""
    return (_EPOCH + timedelta(microseconds=_microseconds(time))).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _microseconds(time: float) -> int:
    return round(time * 1e6)
