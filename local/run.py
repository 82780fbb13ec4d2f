"""`make run`: the local stack, one event through it, and then whatever you send, until Ctrl-C."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from grantwire.models import SealedSecret
from local import ROOT, show
from local.api import Answered
from local.asynchronous import Handled
from local.errors import LocalError
from local.event_source import BatchHandled
from local.foreground import own_foreground
from local.options import DEFAULT_PORT, add_port, add_webhooks, parser
from local.put_event import put_event, read_event
from local.rows import DeadLetters, Deliveries, keys_in
from local.running import RunningStack
from local.schedule import Ran
from local.stack import DEAD_LETTERS, DELIVERIES_TABLE, WEBHOOKS_TABLE, Happening, Stack, local_stack
from local.terminal import Terminal
from local.torq import Received

FIRST_EVENT: Final = ROOT / "events" / "request_created.json"


class Watcher:
    """Tells on the terminal what happens in a stack, and keeps Torq's record in a file."""

    def __init__(self, stack: Stack, terminal: Terminal) -> None:
        names, clients = stack.aws.template.names, stack.aws.clients
        self._names = {file.webhook.id: file.webhook.name for file in stack.webhooks}
        self._deliveries = Deliveries(clients.dynamodb, names[DELIVERIES_TABLE], list(self._names))
        self._dead_letters = DeadLetters(clients.sqs, names[DEAD_LETTERS])
        self._secret = {
            header.name
            for file in stack.webhooks
            for header in file.webhook.headers
            if isinstance(header.value, SealedSecret)
        }
        self._terminal = terminal
        self._record = stack.folder / "torq.jsonl"
        self._record.write_text("", encoding="utf-8")

    def tell(self, happening: Happening) -> None:
        """Tells one happening."""
        if told := self._told(happening):
            self._terminal.say(told)

    def _told(self, happening: Happening) -> str:
        match happening:
            case Received():
                return self._received(happening)
            case Handled():
                rows = self._deliveries.changed(self._deliveries.keys_of(happening.event))
                return show.handled(happening, rows, self._dead_letters.new(), names=self._names)
            case BatchHandled():
                rows = self._deliveries.changed(keys_in([message.body for message in happening.messages]))
                return show.redelivered(happening, rows, names=self._names)
            case Ran():
                return show.ran(happening)
            case Answered():
                return show.answered(happening)

    def _received(self, one: Received) -> str:
        with self._record.open("a", encoding="utf-8") as file:
            print(show.record(one, secret=self._secret), file=file)
        return "\n" + show.received(one, secret=self._secret)


def main(arguments: list[str]) -> int:
    """Exit status: 0 after Ctrl-C or SIGTERM, 2 when the webhooks or the port cannot be used."""
    made = parser("local.run", __doc__)
    add_webhooks(made)
    add_port(made)
    made.add_argument("--pace", type=float, default=1.0, help="how many times faster minutes go by (default: 1)")
    options = made.parse_args(arguments)
    terminal = Terminal.on(sys.stdout)
    happenings: SimpleQueue[Happening | None] = SimpleQueue()
    _stop_on_signals(happenings)
    terminal.say("Grantwire's local stack starts, all of it on 127.0.0.1.")
    try:
        with (
            own_foreground(),
            local_stack(
                webhooks=options.webhooks,
                folder=options.folder,
                port=options.port,
                terminal=terminal,
                happenings=happenings,
                pace=options.pace,
            ) as stack,
        ):
            _run(stack, terminal, happenings)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    terminal.say("Stopped.")
    return 0


def _run(stack: Stack, terminal: Terminal, happenings: "SimpleQueue[Happening | None]") -> None:
    watcher = Watcher(stack, terminal)
    names = stack.aws.template.names
    tables = (names[WEBHOOKS_TABLE], names[DELIVERIES_TABLE])
    running = RunningStack(
        aws_endpoint=stack.aws.endpoint, bus=stack.bus, tables=tables, environments=stack.aws.template.environments()
    )
    with running.announced(stack.folder):
        terminal.say(f'\n{_relative(FIRST_EVENT)} goes on the bus "{stack.bus}".')
        put_event(stack.aws.clients.events, stack.bus, read_event(FIRST_EVENT))
        guided = False
        while (happening := happenings.get()) is not None:
            watcher.tell(happening)
            if isinstance(happening, Handled) and not guided:
                guided = True
                terminal.say(_guide(stack))
        terminal.say("\nStopping ...")
        _draft_file(stack).unlink(missing_ok=True)


def _stop_on_signals(happenings: "SimpleQueue[Happening | None]") -> None:
    """The first Ctrl-C or SIGTERM ends the watching, in the order of things; a second one ends the process."""
    signals = 0

    def stop(_number: int, _frame: object) -> None:
        nonlocal signals
        signals += 1
        if signals > 1:
            os._exit(130)
        happenings.put(None)  # SimpleQueue's put may interrupt another one

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _guide(stack: Stack) -> str:
    """Where to look and what to try."""
    url = f"http://127.0.0.1:{stack.api_port}"
    other_port = stack.api_port if stack.api_port != DEFAULT_PORT else 0
    make, python = (f" PORT={other_port}", f" --port {other_port}") if other_port else ("", "")
    tests = [f"  curl -sS -X POST {url}/api/webhooks/{file.webhook.id}/test" for file in stack.webhooks]
    draft = f"-H 'Content-Type: application/json' -d @{shlex.quote(_write_draft(stack))}"
    lines = [
        "",
        "Open the console:",
        f"  {url}/",
        "Send another event:",
        f"  make event EVENT=events/request_granted.json{make}",
        f"  make event NOW=1{make}  (the one above as of now; sent again as it is, it is a duplicate and dropped)",
        "Test a stored webhook, or a draft:",
        *tests,
        f"  curl -sS {draft} {url}/api/webhooks/test",
        "Look at",
        f"  {url}/api/docs, the HTTP API",
        f"  {_relative(stack.folder / 'torq.jsonl')}, what Torq received",
        f"  {_relative(stack.folder / 'functions.log')}, the functions' log",
        f"  the tables: {_relative(Path(sys.executable))} -m local.tables{python}",
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)


def _write_draft(stack: Stack) -> str:
    """A test's body: the first webhook as its file has it, and so with its secrets; nobody else may read it."""
    path = _draft_file(stack)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"webhook": stack.webhooks[0].document, "trigger": "RequestGranted"}, indent=2))
    return _relative(path)


def _draft_file(stack: Stack) -> Path:
    return stack.folder / "draft.json"


def _relative(path: Path) -> str:
    """As short as it can be typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
