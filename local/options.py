"""What the commands of this folder have in common on their command lines."""

import argparse
from pathlib import Path
from typing import Final

from local import ROOT

DEFAULT_PORT: Final = 8600
WEBHOOKS: Final = ROOT / "webhooks"
_FOLDER: Final = ROOT / ".local"


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m <module>` that knows --folder."""
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    made.add_argument("--folder", type=Path, default=_FOLDER, help="where the stack keeps its files (default: .local)")
    return made


def add_port(made: argparse.ArgumentParser) -> None:
    """Adds --port."""
    made.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"the API's port (default: {DEFAULT_PORT})")


def add_webhooks(made: argparse.ArgumentParser, *, default: Path = WEBHOOKS) -> None:
    """Adds --webhooks."""
    made.add_argument(
        "--webhooks",
        type=Path,
        default=default,
        help=f"a folder of webhooks, a JSON file each, or one such file (default: {default.relative_to(ROOT)})",
    )


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 (a free one) to 65535")
    return int(text)
