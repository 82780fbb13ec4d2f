"""Puts request events on the bus, as their producer does: how a product gets in that can only call webhooks."""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from grantwire import hops, request_events
from grantwire.errors import InvalidWebhookError, Problem
from grantwire.frozen import frozen
from grantwire.models import TRIGGERS, RequestEvent
from grantwire.reading import NOTHING, shown
from grantwire.request_events import EARLIEST, LATEST

MAX_ENTRY_BYTES: Final = 256 * 1024  # of one event on a bus


class RequestBus(Protocol):
    """The bus on which request events arrive, see `stores.request_bus`."""

    def put(self, detail_type: str, detail: str) -> str:
        """Put an event on the bus; EventBridge's id of it."""
        ...


@frozen
class EventProducer:
    """Puts request events on the bus, as their producer does."""

    bus: RequestBus
    size_of_source: int = 0

    def put(self, document: Mapping[str, Any], *, hops_header: str | None = None) -> RequestEvent:
        """The event as `dispatch` will read it. Raises InvalidWebhookError with every problem, StoreError.

        `hops_header`: the value of `Grantwire-Hops` in the request that brought the event.
        """
        payload = {name: value for name, value in document.items() if name != "trigger"}
        payload["event_type"] = document.get("event_type") or document.get("trigger")
        problems = [
            *(*_type_problems(document), *_time_problems(payload)),
            *(*_data_problems(payload), *_hop_problems(payload, hops_header)),
        ]
        if problems:
            raise InvalidWebhookError(problems)
        detail_type = str(payload["event_type"])
        found = self.bus.put(detail_type, self._detail(detail_type, payload))
        event = request_events.parse({"detail-type": detail_type, "id": found, "detail": payload})
        assert event is not None  # noqa: S101 - its type was checked
        return event

    def _detail(self, detail_type: str, payload: Mapping[str, Any]) -> str:
        try:
            detail = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
            size = len(detail.encode()) + len(detail_type) + self.size_of_source
        except (UnicodeEncodeError, RecursionError) as exc:
            rule = "holds half of a surrogate pair, which is no character"
            deep = "nests too deep"
            raise InvalidWebhookError([Problem("", "", deep if isinstance(exc, RecursionError) else rule)]) from exc
        if size > MAX_ENTRY_BYTES:
            rule = f"the event has {size} bytes; EventBridge takes at most {MAX_ENTRY_BYTES}"
            raise InvalidWebhookError([Problem("", "", rule)])
        return detail


def _hop_problems(payload: dict[str, Any], header: str | None) -> list[Problem]:
    """Writes into the payload how often the event was sent on, as its request says or itself, whichever is more."""
    try:
        count = max(hops.hops_in(header), hops.hops_of(payload))
    except ValueError as exc:
        return [Problem(hops.HEADER, shown(header), str(exc))]
    if count:
        payload[hops.FIELD] = count
    problem = hops.problem(count)
    return [Problem(hops.HEADER, str(count), problem)] if problem else []


def _type_problems(document: Mapping[str, Any]) -> list[Problem]:
    given = {name: document[name] for name in ("event_type", "trigger") if document.get(name) is not None}
    rule = f"must be one of {', '.join(TRIGGERS)}, or that with Access before it"
    if not given:
        return [Problem("event_type", "", f"is required and {rule}")]
    wrong = [Problem(name, shown(one), rule) for name, one in given.items() if not request_events.trigger_of(one)]
    if not wrong and len({request_events.trigger_of(one) for one in given.values()}) > 1:
        return [Problem("trigger", shown(given["trigger"]), "must mean the same as event_type; give one of the two")]
    return wrong


def _time_problems(payload: Mapping[str, Any]) -> list[Problem]:
    """Of a time that would be passed over for the moment at which the event came."""
    time = payload.get("event_time")
    if time is None or (type(time) in (int, float) and EARLIEST <= time <= LATEST):
        return []
    rule = "must be epoch seconds from 1970 to 2100, not milliseconds, or left out"
    return [Problem("event_time", shown(time), rule)]


def _data_problems(payload: Mapping[str, Any]) -> list[Problem]:
    data = payload.get("data")
    if isinstance(data, dict):
        return []
    value = NOTHING if data is None else data
    return [Problem("data", "" if value is NOTHING else shown(value), "must be an object: the access request")]
