"""HTTP: a request event is put on the bus, as its producer would."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from answering import json_answer, json_object
from grantwire.producing import EventProducer
from grantwire.settings import webhooks_settings
from grantwire.stores import clients
from grantwire.stores.request_bus import RequestBus

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]
Hops = Annotated[
    str | None, Header(alias="grantwire-hops", description="set by Grantwire on what it sends; ends loops")
]


@cache
def producer() -> EventProducer:
    """Wired together at the first event, and kept while the process is warm."""
    settings = webhooks_settings()
    source = settings.event_source
    bus = RequestBus(client=clients.events, name=settings.event_bus, source=source)
    return EventProducer(bus=bus, size_of_source=len(source))


@router.post("/api/events", status_code=202)
def put_event(hops: Hops = None) -> Response[Any]:
    """Put an event on the bus; the answer has the id under which its deliveries are found."""
    event = producer().put(json_object(router.current_event), hops_header=hops)
    return json_answer({"event_id": event.id, "trigger": event.trigger}, 202)
