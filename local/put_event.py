"""Puts an event from a file on the bus of `make run`: `python -m local.put_event events/request_granted.json`."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from local.environment import local_environment, set_environment
from local.errors import EventFileError, LocalError, NotRunningError
from local.options import add_port, parser
from local.running import RunningStack

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


def read_event(path: Path) -> dict[str, object]:
    """The EventBridge event in a file. Raises EventFileError."""
    try:
        event = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise EventFileError(f"{path}: is not JSON: {error}") from error
    fields = event if isinstance(event, dict) else {}
    missing = [name for name in ("source", "detail-type", "detail") if not fields.get(name)]
    if missing:
        raise EventFileError(f"{path}: is not an event as EventBridge delivers it: it lacks {', '.join(missing)}")
    return fields


def put_event(events: "EventBridgeClient", bus: str, event: Mapping[str, object]) -> str:
    """Puts an event's source, detail-type and detail on the bus. Returns EventBridge's id of it."""
    entry: PutEventsRequestEntryTypeDef = {
        "EventBusName": bus,
        "Source": str(event["source"]),
        "DetailType": str(event["detail-type"]),
        "Detail": json.dumps(event["detail"]),
    }
    (result,) = events.put_events(Entries=[entry])["Entries"]
    if "EventId" not in result:
        raise EventFileError(f"EventBridge refuses the event: {result.get('ErrorCode')}: {result.get('ErrorMessage')}")
    return result["EventId"]


def happening_now(event: Mapping[str, object]) -> dict[str, object]:
    """The event with the present time as its `event_time`: another event, and no repetition of the one before."""
    detail = event["detail"]
    return {**event, "detail": {**detail, "event_time": time.time()} if isinstance(detail, dict) else detail}


def main(arguments: list[str]) -> int:
    """Exit status: 0 when the event is on the bus, 2 when the file or the stack is not usable."""
    options = _parser().parse_args(arguments)
    try:
        event = read_event(options.file)
        stack = RunningStack.read(options.folder, options.port)
        with set_environment(local_environment(os.environ, endpoint=stack.aws_endpoint)):
            event_id = _put(stack, happening_now(event) if options.now else event)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 2
    print(f'{event["detail-type"]} is on the bus "{stack.bus}" as {event_id}; `make run` shows what comes of it.')
    return 0


def _put(stack: RunningStack, event: Mapping[str, object]) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import EndpointConnectionError

    client: EventBridgeClient = boto3.client("events", config=Config(retries={"total_max_attempts": 1}))
    try:
        return put_event(client, stack.bus, event)
    except EndpointConnectionError as error:
        raise NotRunningError(f"{stack.aws_endpoint} does not answer; start the local stack: make run") from error
    finally:
        client.close()


def _parser() -> argparse.ArgumentParser:
    made = parser("local.put_event", __doc__)
    add_port(made)
    made.add_argument("file", type=Path, help="an event as EventBridge delivers it, see events/")
    made.add_argument("--now", action="store_true", help="set its event_time to the present: a new event each time")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
