"""The command line's own grammar."""

import argparse
import math
from pathlib import Path
from typing import Final, TypeAlias

from cli.address import LOCAL_STACK
from cli.commands import keeping, moving_in, trying, watching

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
STATES: Final = ("delivering", "waiting", "succeeded", "failed")
_ENDING: Final = (
    "Exit codes: 0 done; 1 refused or failed; 2 the command line or its settings are wrong; 130 Ctrl-C. "
    "A token comes from GRANTWIRE_TOKEN or --token-file. docs/cli.md is the guide."
)


def parser() -> argparse.ArgumentParser:
    """A parser whose result has the function of a command as `command`."""
    made = argparse.ArgumentParser(prog="grantwire", description="Grantwire's webhooks over its API.", epilog=_ENDING)
    _add_common(made, first=True)
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _add_keeping(commands)
    _add_trying(commands)
    _add_watching(commands)
    return made


def _command(commands: Commands, name: str, function: object, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=description, description=description)
    made.set_defaults(command=function)
    _add_common(made, first=False)
    return made


def _add_common(made: argparse.ArgumentParser, *, first: bool) -> None:
    """Options that stand before the command or behind it; what stands behind it counts."""
    made.add_argument(
        "--url",
        default=None if first else argparse.SUPPRESS,
        help=f"the API's address (default: GRANTWIRE_URL, else {LOCAL_STACK})",
    )
    made.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        default=None if first else argparse.SUPPRESS,
        help="a file with the token (default: GRANTWIRE_TOKEN)",
    )
    made.add_argument(
        "--output",
        choices=("table", "json"),
        default="table" if first else argparse.SUPPRESS,
        help="how results are written (default: table)",
    )


def _add_keeping(commands: Commands) -> None:
    listed = _command(commands, "list", keeping.list_webhooks, "list webhooks by name")
    listed.add_argument("--search", default="", metavar="TEXT", help="only those with this in their name")
    listed.add_argument("--status", default="", choices=("active", "inactive"), help="only these")
    _add_webhook(_command(commands, "show", keeping.show, "show a webhook's document"))
    applied = _command(commands, "apply", keeping.apply, "make what is stored like a file or a folder of files")
    applied.add_argument("path", type=Path, metavar="PATH", help="a webhook's JSON file, or a folder of them")
    _add_changing(applied)
    applied.add_argument("--prune", action="store_true", help="delete webhooks that no file names, after asking")
    applied.add_argument("--yes", action="store_true", help="do not ask before deleting")
    exported = _command(commands, "export", keeping.export, "write all webhooks, without their secrets")
    exported.add_argument("file", type=Path, nargs="?", metavar="FILE", help="where to (default: standard output)")
    imported = _command(commands, "import", keeping.import_, "bring an export in")
    imported.add_argument("file", type=Path, metavar="FILE", help="what `export` wrote")
    _add_changing(imported)
    moved = _command(commands, "move-in", moving_in.move_in, "write files for `apply` from another system's export")
    moved.add_argument("system", choices=moving_in.SYSTEMS, help="whose export it is")
    moved.add_argument("files", type=Path, nargs="+", metavar="FILE", help="what was exported, as JSON")
    moved.add_argument("--into", type=Path, default=Path("moved-in"), metavar="FOLDER", help="default: moved-in")
    moved.add_argument("--map", action="append", default=[], metavar="TYPE=TRIGGER", help="what an event type means")


def _add_changing(made: argparse.ArgumentParser) -> None:
    made.add_argument("--dry-run", action="store_true", help="change nothing, tell what would be done")
    made.add_argument("--keep-secrets", action="store_true", help="leave stored secrets as they are")
    made.add_argument(
        "--signing-secrets", type=Path, metavar="FILE", help="where signing secrets are written that Grantwire makes"
    )


def _add_trying(commands: Commands) -> None:
    tested = _command(commands, "test", trying.try_out, "send a test event to a saved webhook, or to a draft")
    _add_webhook(tested, nargs="?")
    tested.add_argument("--file", type=Path, metavar="FILE", help="a draft")
    _add_event(tested)
    previewed = _command(commands, "preview", trying.preview, "show what a draft would send")
    previewed.add_argument("--file", type=Path, metavar="FILE", required=True, help="the draft")
    _add_event(previewed)
    put = _command(commands, "put-event", trying.put_event, "put an event on the bus")
    put.add_argument("file", type=Path, metavar="FILE", help="a payload, or an event as EventBridge has it")


def _add_watching(commands: Commands) -> None:
    listed = _command(commands, "deliveries", watching.list_deliveries, "list a webhook's deliveries, newest first")
    _add_webhook(listed)
    listed.add_argument("--state", choices=STATES, help="only these")
    listed.add_argument("--trigger", metavar="TRIGGER", help="only those of this trigger")
    listed.add_argument("--since", metavar="TIME", help="ISO 8601 or epoch seconds: only events from then on")
    listed.add_argument("--limit", type=_count, default=50, metavar="COUNT", help="how many at most (default: 50)")
    listed.add_argument("--follow", action="store_true", help="go on with what is new or has changed, until Ctrl-C")
    _add_interval(listed, 2)
    shown = _command(commands, "delivery", watching.show_delivery, "show a delivery and its attempts")
    shown.add_argument("delivery", metavar="ID", help="dlv_…, the webhook-id that the receiver sees")
    replayed = _command(commands, "replay", watching.replay, "send a delivery again, or what failed in a time range")
    replayed.add_argument("target", metavar="DELIVERY|WEBHOOK|JOB", help="dlv_…, a webhook's name or id, or job_…")
    replayed.add_argument("--since", metavar="TIME", help="of a webhook: from this event time on")
    replayed.add_argument("--until", metavar="TIME", help="of a webhook: up to this event time")
    replayed.add_argument("--per-minute", type=int, metavar="COUNT", help="how fast, 1 to 600 (default: 60)")
    replayed.add_argument("--dry-run", action="store_true", help="only count")
    replayed.add_argument("--cancel", action="store_true", help="stop a job")
    _add_interval(replayed, 5)


def _add_webhook(made: argparse.ArgumentParser, nargs: str | None = None) -> None:
    made.add_argument("webhook", metavar="NAME|ID", nargs=nargs, help="a webhook")


def _add_event(made: argparse.ArgumentParser) -> None:
    made.add_argument("--trigger", metavar="TRIGGER", help="whose sample is used (default: the webhook's first)")
    made.add_argument(
        "--event", type=Path, metavar="FILE", help="the event to use: a payload, or as EventBridge has it"
    )


def _add_interval(made: argparse.ArgumentParser, default: float) -> None:
    what = f"seconds between two looks (default: {default})"
    made.add_argument("--interval", type=_seconds, default=default, metavar="SECONDS", help=what)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 to 3600")
    return seconds
