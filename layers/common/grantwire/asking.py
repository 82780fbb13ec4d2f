"""How the API is asked for deliveries and replays: filters, cursors, times. What is wrong is named with the way out.

A cursor is the sort key of the last delivery that was looked at, bound by a checksum to the webhook and the filters it
was given for. It opens nothing that its bearer could not ask for anyway, so it is no secret and carries no signature.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final

from grantwire.errors import InvalidWebhookError, Problem
from grantwire.frozen import frozen
from grantwire.identifiers import moment
from grantwire.models import TRIGGERS, State
from grantwire.reading import NOTHING, Reader, shown
from grantwire.replaying import MAX_RATE
from grantwire.request_events import EARLIEST, LATEST

MAX_ITEMS: Final = 100
DEFAULT_ITEMS: Final = 50
DEFAULT_RATE: Final = 60
_CHECKSUM_CHARACTERS: Final = 16
_SPAN: Final = "must be from 1970 to 2100; epoch times are in seconds, not milliseconds"
_TIME: Final = "must be epoch seconds or a time with a time zone, as in 1795000000 or 2026-11-18T11:06:40Z"


@frozen
class Selection:
    """Which deliveries of a webhook: events that happened from `since` to `until` (epoch seconds). None: any."""

    since: float = EARLIEST
    until: float = LATEST
    state: State | None = None
    trigger: str | None = None

    @property
    def takes_all(self) -> bool:
        """Whether every delivery of the time range is wanted."""
        return self.state is None and self.trigger is None

    @property
    def sort_keys(self) -> tuple[str, str]:
        """The first and the last sort key that a delivery of the time range can have."""
        return moment(self.since), f"{moment(self.until)}~"


@frozen
class ReplayWish:
    """What a job is asked to replay; a dry run only counts."""

    selection: Selection
    per_minute: int
    dry_run: bool


@frozen
class Question:
    """What a page of deliveries is asked for."""

    selection: Selection
    limit: int
    cursor: str


def read_question(asked: Mapping[str, str]) -> Question:
    """The question in a query. Raises InvalidWebhookError with every wrong parameter."""
    reader = Reader()
    reader.known("", asked, "state", "trigger", "since", "until", "limit", "cursor")
    since, until = _range(reader, asked)
    state = _choice(reader, asked, "state", tuple(State))
    trigger = _choice(reader, asked, "trigger", TRIGGERS)
    limit = _whole(reader, asked, "limit", DEFAULT_ITEMS, MAX_ITEMS)
    _refuse_problems(reader)
    selection = Selection(since=since, until=until, state=None if state is None else State(state), trigger=trigger)
    return Question(selection=selection, limit=limit, cursor=asked.get("cursor", ""))


def read_wish(body: Mapping[str, object]) -> ReplayWish:
    """The wish in the body of a request. Raises InvalidWebhookError with every wrong field."""
    reader = Reader()
    reader.known("", body, "since", "until", "per_minute", "dry_run")
    for name in ("since", "until"):
        if body.get(name) is None:
            reader.refuse(name, NOTHING, f"is required: {_TIME}")
    since, until = _range(reader, body)
    per_minute = _whole(reader, body, "per_minute", DEFAULT_RATE, MAX_RATE)
    dry_run = reader.boolean(body, "dry_run", default=False)
    _refuse_problems(reader)
    selection = Selection(since=since, until=until, state=State.FAILED)
    return ReplayWish(selection=selection, per_minute=per_minute, dry_run=dry_run)


def write_cursor(position: str, webhook_id: str, selection: Selection) -> str:
    """A text that `read_cursor` reads, for the same webhook and filters only."""
    bound = json.dumps([position, webhook_id, *asdict(selection).values()])
    checksum = hashlib.sha256(bound.encode()).hexdigest()[:_CHECKSUM_CHARACTERS]
    return base64.urlsafe_b64encode(f"{checksum}{position}".encode()).decode().rstrip("=")


def read_cursor(cursor: str, webhook_id: str, selection: Selection) -> str:
    """The sort key in a cursor, empty for no cursor. Raises InvalidWebhookError for one that was not given for this."""
    if not cursor:
        return ""
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")[_CHECKSUM_CHARACTERS:]
    except ValueError:
        position = ""
    first, last = selection.sort_keys
    if write_cursor(position, webhook_id, selection) != cursor or not first <= position <= last:
        rule = "is no cursor of this webhook with these filters: pass on next_cursor as it came, or begin without one"
        raise InvalidWebhookError([Problem("cursor", shown(cursor), rule)])
    return position


def _range(reader: Reader, given: Mapping[str, object]) -> tuple[float, float]:
    since, until = _time(reader, given, "since", EARLIEST), _time(reader, given, "until", LATEST)
    if since > until:
        reader.refuse("since", given["since"], f"is later than until, {shown(given['until'])}")
    return since, until


def _time(reader: Reader, given: Mapping[str, object], name: str, default: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    seconds = _seconds(value)
    if seconds is not None and EARLIEST <= seconds <= LATEST:
        return seconds
    reader.refuse(name, value, _TIME if seconds is None else _SPAN)
    return default


def _seconds(value: object) -> float | None:
    """Epoch seconds of a time as JSON or a query has it; None for what is none."""
    if type(value) in (int, float):
        return float(str(value))  # beyond every float it is infinite, where `float()` of it would raise
    if not isinstance(value, str):
        return None
    try:
        return float(value) if value.replace(".", "", 1).isdecimal() else _timestamp(value)
    except (ValueError, OverflowError):
        return None


def _timestamp(text: str) -> float:
    """Of an ISO 8601 text with a time zone; a query that was not encoded has made a space of its `+`."""
    time = datetime.fromisoformat(text[:-6] + text[-6:].replace(" ", "+"))
    if time.tzinfo is None:
        raise ValueError("it has no time zone")
    return time.timestamp()


def _choice(reader: Reader, asked: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = asked.get(name)
    if value is not None and value not in choices:
        reader.refuse(name, value, f"must be one of {', '.join(choices)}")
        return None
    return value


def _whole(reader: Reader, given: Mapping[str, object], name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`, in JSON or, as text, in a query."""
    value = given.get(name, default)
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9 else value
    if type(number) is not int or not 1 <= number <= most:
        reader.refuse(name, value, f"must be a whole number from 1 to {most}")
        return default
    return number


def _refuse_problems(reader: Reader) -> None:
    if reader.problems:
        raise InvalidWebhookError(reader.problems)
