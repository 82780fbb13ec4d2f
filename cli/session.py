"""What every command has at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.api import Api
from cli.terminal import Terminal


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run of the command line.

    as_json      results are JSON
    environment  the environment's variables, for `${NAME}` in files
    ask          puts a question and gives the answer; raises EOFError when nobody is there
    wait         seconds go by
    """

    api: Api
    terminal: Terminal
    as_json: bool
    environment: Mapping[str, str]
    ask: Callable[[str], str]
    wait: Callable[[float], None]
