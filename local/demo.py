"""`make demo`: one event of each trigger through the local stack, and whether Torq received exactly what it should.

The expected bodies are written out here. Were they rendered, a fault of the renderer would be expected too.
"""

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final
from urllib.parse import urlsplit

from local import ROOT, show
from local.asynchronous import Handled
from local.errors import LocalError
from local.options import WEBHOOKS, add_webhooks, parser
from local.put_event import put_event, read_event
from local.rows import Deliveries, plain
from local.stack import DELIVERIES_TABLE, Happening, Stack, local_stack
from local.terminal import Terminal
from local.torq import Received

EXPECTED: Final[Mapping[str, str]] = {
    "request_created.json": '{"body": {"event": "New Apono RequestCreated request made by Ana Lima"}}',
    "request_approved.json": '{"body": {"event": "New Apono RequestApproved request made by Ana Lima"}}',
    "request_granted.json": '{"body": {"event": "New Apono RequestGranted request made by Ana Lima"}}',
    "request_expired.json": '{"body": {"event": "New Apono AccessRequestExpired request made by Ana Lima"}}',
    "request_failed.json": '{"body": {"event": "New Apono RequestFailed request made by Ana Lima"}}',
    "request_rejected.json": '{"body": {"event": "New Apono AccessRequestRejected request made by Ana Lima"}}',
}
# A name that breaks JSON when it is pasted, and text when it is escaped for HTML.
AWKWARD_NAME: Final = 'Ana "Q" O\'Neil\n<b>'
AWKWARD_TEXT: Final = 'New Apono RequestCreated request made by Ana "Q" O\'Neil\n<b>'
SECONDS: Final = 20.0  # for one event, retries included; it takes about a tenth of one


@dataclass(frozen=True, kw_only=True)
class Case:
    """An event to send, and what Torq must receive: a body to the byte, or the text at `body.event` in its JSON."""

    name: str
    event: Mapping[str, object]
    body: bytes | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a case: all that Torq received for it, the delivery's state, and what is not as it should be."""

    case: Case
    received: Sequence[Received]
    state: str
    differences: Sequence[str]


def cases() -> Iterator[Case]:
    """The six triggers, and then the name."""
    for name, body in EXPECTED.items():
        yield Case(name=name, event=read_event(ROOT / "events" / name), body=body.encode())
    event = json.loads(json.dumps(read_event(ROOT / "events" / "request_created.json")))
    event["detail"]["data"] |= {"id": "a-request-of-its-own", "requester": {"name": AWKWARD_NAME}}
    yield Case(name="an awkward name", event=event, text=AWKWARD_TEXT)


def differences(case: Case, received: Sequence[Received], *, path: str, token: str) -> list[str]:
    """What is not as it should be, one line each; the token itself is never shown."""
    if len(received) != 1:
        return [f"Torq received {len(received)} requests instead of one"]
    request = received[0].request
    found = []
    if (request.method, request.target) != ("POST", path):
        found.append(f"the request is {request.method} {request.target} instead of POST {path}")
    if [value for name, value in request.headers if name.lower() == "authorization"] != [f"Bearer {token}"]:
        found.append("the header Authorization is not the one that was configured")
    if case.body is not None and request.body != case.body:
        found.append(f"the body is\n      {request.body!r}\n    instead of\n      {case.body!r}")
    if case.text is not None and _event_text(request.body) != case.text:
        found.append(f"body.event is not {case.text!r} in\n      {request.body!r}")
    if received[0].status != 202:
        found.append(f"Torq answered with {received[0].status} instead of 202")
    return found


def _event_text(body: bytes) -> object:
    try:
        return json.loads(body)["body"]["event"]
    except (ValueError, LookupError, TypeError):
        return None


class Demo:
    """Plays cases on a running stack."""

    def __init__(self, stack: Stack, happenings: "SimpleQueue[Happening | None]") -> None:
        names, clients = stack.aws.template.names, stack.aws.clients
        ids = [file.webhook.id for file in stack.webhooks]
        self._stack = stack
        self._happenings = happenings
        self._deliveries = Deliveries(clients.dynamodb, names[DELIVERIES_TABLE], ids)
        self._earlier: set[str] = set()

    def play(self, case: Case) -> Result:
        """Puts the event on the bus, waits until dispatch is done with it, and compares."""
        torq = self._stack.torq
        put_event(self._stack.aws.clients.events, self._stack.bus, case.event)
        received, handled = self._until_handled()
        keys = self._deliveries.keys_of(case.event)
        states = [str(plain(row["state"])) for row in self._deliveries.changed(keys)]
        found = differences(case, received, path=urlsplit(torq.url).path, token=torq.token)
        if handled is None:
            found.append(f"dispatch did not end within {SECONDS:g} seconds")
        elif handled.error is not None:
            found.append(f"dispatch raised {type(handled.error).__name__}: {handled.error}")
        if states != ["succeeded"]:
            found.append(f"the deliveries are {states} instead of one that succeeded")
        return Result(case=case, received=received, state=", ".join(states), differences=found)

    def _until_handled(self) -> tuple[list[Received], Handled | None]:
        """What came of this event, further attempts of earlier ones left out, and what dispatch made of it."""
        received, handled = self._heard()
        own = [one for one in received if one.request.header("webhook-id") not in self._earlier]
        self._earlier.update(one.request.header("webhook-id") for one in own)
        return own, handled

    def _heard(self) -> tuple[list[Received], Handled | None]:
        received: list[Received] = []
        deadline = time.monotonic() + SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                happening = self._happenings.get(timeout=left)
            except Empty:
                break
            if isinstance(happening, Handled):
                return received, happening
            if isinstance(happening, Received):
                received.append(happening)
        return received, None


def main(arguments: list[str]) -> int:
    """Exit status: 0 when all came as expected, 1 when anything differs, 2 when the webhooks cannot be used."""
    made = parser("local.demo", __doc__)
    add_webhooks(made, default=WEBHOOKS / "torq.json")
    options = made.parse_args(arguments)
    terminal = Terminal.on(sys.stdout)
    happenings: SimpleQueue[Happening | None] = SimpleQueue()
    terminal.say("Grantwire's demo: a local stack, an event of each trigger, and what its Torq receives.")
    try:
        with local_stack(
            webhooks=options.webhooks, folder=options.folder, port=0, terminal=terminal, happenings=happenings
        ) as stack:
            failed = _play_all(Demo(stack, happenings), terminal)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if failed:
        log = stack.folder / "functions.log"
        terminal.say(f"\n{failed} of {len(EXPECTED) + 1} are not as they should be. The functions' log is {log}.")
        return 1
    shutil.rmtree(stack.folder)
    terminal.say("\nTorq received every body as expected, byte for byte.")
    return 0


def _play_all(demo: Demo, terminal: Terminal) -> int:
    """Plays all cases, a line for each. Returns how many differ."""
    terminal.say(f"\n  {'event':24}{'delivery':12}{'answer':8}what Torq received")
    failed = 0
    for case in cases():
        result = demo.play(case)
        terminal.say(_line(result))
        for difference in result.differences:
            terminal.say(f"    {difference}")
        failed += bool(result.differences)
    return failed


def _line(result: Result) -> str:
    mark = "✗" if result.differences else "✓"
    answers = ", ".join(str(one.status) for one in result.received)
    bodies = ", ".join(show.printable(one.request.body.decode(errors="backslashreplace")) for one in result.received)
    return f"{mark} {result.case.name:24}{result.state or '-':12}{answers or '-':8}{bodies or '-'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
