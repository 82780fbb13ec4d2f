"""Reads a request event as EventBridge hands it over, and gives it its identity."""

import json
from collections.abc import Mapping
from datetime import datetime

from grantwire import hops
from grantwire.errors import InvalidEventError
from grantwire.identifiers import event_id
from grantwire.models import TRIGGERS, RequestEvent

EARLIEST, LATEST = 0.0, 4102444800.0  # 1970 to 2100: a time outside is a mistake, and would upset the sort key


def trigger_of(detail_type: object) -> str | None:
    """The trigger a detail-type names, with or without the prefix `Access`; None when it names none."""
    name = detail_type.removeprefix("Access") if type(detail_type) is str else None
    return name if name in TRIGGERS else None


def request_id_in(payload: Mapping[str, object] | None) -> str | None:
    """The id of the access request that people see, as in AR-123; None when it is not known."""
    data = payload.get("data") if payload else None
    found = data.get("friendly_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def parse(event: object) -> RequestEvent | None:
    """The request event in an EventBridge event; None for an event of another type, which is not ours to handle.

    Raises InvalidEventError, with a reason a person can act on, for an event that nobody can use.
    The envelope: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """
    if not isinstance(event, dict):
        raise InvalidEventError(f"the event is {_kind(event)}, not a JSON object as EventBridge sends it")
    if "detail-type" not in event:
        raise InvalidEventError("the event has no 'detail-type'; it must come through an EventBridge rule")
    trigger = trigger_of(event["detail-type"])
    if trigger is None:
        return None
    detail = event.get("detail")
    if not isinstance(detail, dict):
        raise InvalidEventError(
            f"'detail' is {_kind(detail)}, not an object with 'event_type', 'event_time' and 'data'"
        )
    data = detail.get("data")
    if not isinstance(data, dict):
        raise InvalidEventError(f"'detail.data' is {_kind(data)}, not an object that describes the access request")
    if problem := hops.problem(hops.hops_of(detail)):
        raise InvalidEventError(problem)
    payload = detail if detail.get("event_type") else {**detail, "event_type": event["detail-type"]}
    return RequestEvent(id=_identity(event, trigger, data), trigger=trigger, time=_time(event), payload=payload)


def _identity(event: Mapping[str, object], trigger: str, data: Mapping[str, object]) -> str:
    """The same for a producer's retry, which has a new EventBridge id; another for a replay from an archive."""
    replay = _text(event.get("replay-name"))
    request_id, event_time = data.get("id"), event["detail"].get("event_time")  # type: ignore[attr-defined]
    if request_id in (None, "") or event_time in (None, ""):
        if type(event.get("id")) is not str:
            raise InvalidEventError(
                "the event has neither 'detail.data.id' with 'detail.event_time' nor an EventBridge 'id'"
            )
        return event_id(trigger, _text(event["id"]), replay)
    return event_id(trigger, _text(request_id), _text(event_time), replay)


def _time(event: Mapping[str, object]) -> float:
    """When it happened: the payload's `event_time`, or EventBridge's own time when that is unusable."""
    seconds = event["detail"].get("event_time")  # type: ignore[attr-defined]
    if type(seconds) not in (int, float) or not EARLIEST <= seconds <= LATEST:
        try:
            seconds = datetime.fromisoformat(_text(event.get("time"))).timestamp()
        except (ValueError, OverflowError):
            seconds = EARLIEST
    return min(max(float(seconds), EARLIEST), LATEST)


def _text(value: object) -> str:
    return value if type(value) is str else "" if value is None else json.dumps(value, sort_keys=True)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return "missing" if value is None else names.get(type(value), type(value).__name__)
