"""Identifiers: time-ordered for what we create, a hash for what must come out the same twice."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from grantwire.models import RequestEvent, Webhook
from grantwire.urls import host_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that looks like something else
_WEBHOOK_ID: Final = re.compile(r"wh_[0-9a-z]{1,64}", re.ASCII)
_JOB_ID: Final = re.compile(rf"job_[{_ALPHABET}]{{26}}", re.ASCII)
_EVENT_ID: Final = re.compile(r"evt_[0-9a-f]{1,64}", re.ASCII)
_DELIVERY_ID: Final = re.compile(r"dlv_([0-9a-z]{1,64})_([0-9a-f]{1,14})_([0-9a-f]{1,64})", re.ASCII)


def new_webhook_id(now: float, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """`wh_` and 26 characters that sort by age."""
    return "wh_" + _time_ordered(now, random_bytes)


def new_job_id(now: float, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """`job_` and 26 characters that sort by age."""
    return "job_" + _time_ordered(now, random_bytes)


def made_at(identifier: str) -> float:
    """When a webhook or job was given its id, to the millisecond. Raises ValueError for what is no such id."""
    characters = identifier.rpartition("_")[2]
    return sum(_ALPHABET.index(one) << 5 * place for place, one in enumerate(reversed(characters))) // 2**80 / 1000


def is_webhook_id(text: str) -> bool:
    """Whether a text can be the id of a webhook at all."""
    return _WEBHOOK_ID.fullmatch(text) is not None


def is_event_id(text: str) -> bool:
    """Whether a text can be the id of an event at all."""
    return _EVENT_ID.fullmatch(text) is not None


def is_job_id(text: str) -> bool:
    """Whether a text can be the id of a replay job at all."""
    return _JOB_ID.fullmatch(text) is not None


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
    return _delivery_id(webhook_id, _microseconds(event.time), event.id)


def receiver_id(webhook: Webhook) -> str:
    """`<host> <the webhook's id>`: another one once the webhook leads elsewhere."""
    return f"{host_of(webhook.url)} {webhook.id}"


def host_in(receiver_id: str) -> str:
    """The host of a receiver's id."""
    return receiver_id.partition(" ")[0]


def delivery_id_of(webhook_id: str, sort_key: str) -> str:
    """The id of the delivery in that row, as `delivery_id` makes it of the webhook and the event."""
    written, _, event = sort_key.rpartition("#")
    return _delivery_id(webhook_id, (datetime.fromisoformat(written) - _EPOCH) // timedelta(microseconds=1), event)


def _delivery_id(webhook_id: str, microseconds: int, event_id: str) -> str:
    return f"dlv_{webhook_id.removeprefix('wh_')}_{microseconds:x}_{event_id.removeprefix('evt_')}"


def row_of(delivery_id: str) -> tuple[str, str] | None:
    """The webhook's id and the sort key that a delivery's id was made of; None for what is no such id."""
    match = _DELIVERY_ID.fullmatch(delivery_id)
    if match is None:
        return None
    webhook_id, sort_key = f"wh_{match[1]}", f"{_written(int(match[2], 16))}#evt_{match[3]}"
    return (webhook_id, sort_key) if delivery_id_of(webhook_id, sort_key) == delivery_id else None


def sort_key(event: RequestEvent) -> str:
    """`<the event's time>#<its id>`: a webhook's deliveries in the order in which things happened."""
    return f"{moment(event.time)}#{event.id}"


def moment(time: float) -> str:
    """`2026-11-18T11:06:40.123457Z`: sorts as text as it does as time."""
    return _written(_microseconds(time))


def _microseconds(time: float) -> int:
    return round(time * 1e6)


@lru_cache(maxsize=64)  # each of an event's deliveries asks
def _written(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
