"""Our own events on the bus: whoever runs Grantwire can have a rule for them; our own rule never matches."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE: Final = "grantwire"


@frozen
class EventBus:
    """The bus on which the request events arrive."""

    client: "Callable[[], EventBridgeClient]"
    name: str

    def tell(self, what: str, facts: Mapping[str, object]) -> None:
        """Put an event of ours on the bus. Raises StoreError."""
        entry = {"EventBusName": self.name, "Source": SOURCE, "DetailType": what, "Detail": json.dumps(facts)}
        with translated("events PutEvents"):
            answer = self.client().put_events(Entries=[entry])  # type: ignore[list-item]
        if answer["FailedEntryCount"]:
            raise StoreError(f"events PutEvents: {answer['Entries'][0].get('ErrorCode', 'unknown')}")
