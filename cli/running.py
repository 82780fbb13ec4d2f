"""One run of the command line, from its arguments to its exit code."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.address import LOCAL_STACK, read_address
from cli.api import Api
from cli.client import Client
from cli.errors import CliError, UsageError
from cli.options import parser
from cli.session import Session
from cli.terminal import Terminal

INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    terminal: Terminal,
    ask: Callable[[str], str],
    wait: Callable[[float], None],
) -> int:
    """The exit code. Raises SystemExit for --help, and for arguments that argparse refuses."""
    options = parser().parse_args(arguments)
    try:
        address = read_address(options.url or environment.get("GRANTWIRE_URL") or LOCAL_STACK)
        token = _token(options.token_file, environment)
        terminal.hide([token])
        client = Client(address, token, wait)
        session = Session(
            api=Api(client),
            terminal=terminal,
            as_json=options.output == "json",
            environment=environment,
            ask=ask,
            wait=wait,
        )
        try:
            return int(options.command(session, options))
        finally:
            client.close()
    except CliError as exc:
        terminal.complain(str(exc))
        return exc.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _token(file: Path | None, environment: Mapping[str, str]) -> str:
    """The token of a file, else of the environment; empty when there is none, as the local stack needs none."""
    where = "GRANTWIRE_TOKEN" if file is None else str(file)
    try:
        token = (environment.get("GRANTWIRE_TOKEN", "") if file is None else file.read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{where}: the token cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    if file is not None and not token:
        raise UsageError(f"{where}: holds no token")
    if token and not _TOKEN.fullmatch(token):
        raise UsageError(f"{where}: a token is ASCII characters without a space, and without the word Bearer")
    return token
