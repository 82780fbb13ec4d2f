"""moto's DynamoDB with writes that happen one at a time, as AWS's do; moto's own reads, decides and writes in steps."""

import functools
import threading
from collections.abc import Callable
from typing import Any, Final

from moto.dynamodb.responses import DynamoHandler

_WRITES: Final = ("put_item", "update_item", "delete_item", "transact_write_items")
_LOCK: Final = threading.RLock()


@functools.cache
def make_writes_atomic() -> None:
    """For this process; calling it again does nothing."""
    for name in _WRITES:
        setattr(DynamoHandler, name, _locked(getattr(DynamoHandler, name)))


def _locked(write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    def call(*arguments: Any) -> Any:
        with _LOCK:
            return write(*arguments)

    return call
