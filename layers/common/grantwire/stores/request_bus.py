"""The bus as the producer of request events uses it. `bus` has our own events, which come from another source."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@frozen
class RequestBus:
    """Puts request events. `source` is the one that the deployment listens to."""

    client: "Callable[[], EventBridgeClient]"
    name: str
    source: str

    def put(self, detail_type: str, detail: str) -> str:
        """Put an event on the bus; EventBridge's id of it. Raises StoreError, also when the bus did not take it."""
        entry = {"EventBusName": self.name, "Source": self.source, "DetailType": detail_type, "Detail": detail}
        with translated("events PutEvents"):
            answer = self.client().put_events(Entries=[entry])  # type: ignore[list-item]
        [result] = answer["Entries"]
        if answer["FailedEntryCount"]:
            raise StoreError(f"events PutEvents: {result.get('ErrorCode', 'unknown')}")
        return result["EventId"]
