"""Lambda functions as they are called from here: asynchronously."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from grantwire.frozen import frozen
from grantwire.stores.clients import translated
from grantwire.stores.dead_letters import written

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@frozen
class AsynchronousFunction:
    """A function that AWS calls on our behalf, with its own retries and its own dead letters."""

    client: "Callable[[], LambdaClient]"
    name: str

    def invoke(self, event: object) -> None:
        """Hand an event in, as long as it was: Lambda takes a megabyte. Raises StoreError."""
        with translated("lambda Invoke"):
            self.client().invoke(FunctionName=self.name, InvocationType="Event", Payload=written(event).encode())
