"""What ends a command, each as a sentence that helps.

CliError                 exit code 1
├── UsageError           exit code 2: the command line, an environment variable or a token file
├── FileError            a file that cannot be read or written, with each problem
└── ApiError             the API refused, with its message and problems
    └── UnavailableError it cannot be reached, or not now: asked again later it may answer
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a path of a document (`headers[0].value`; empty: the whole), and what would be right."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}" if self.path else self.rule


class CliError(Exception):
    """A command cannot go on."""

    exit_code = 1


class UsageError(CliError):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class FileError(CliError):
    """A file that is not what it should be."""


class ApiError(CliError):
    """The API's answer to what it does not do; `status` 0: there was no answer."""

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__("\n".join(map(str, problems)) or message)
        self.status = status
        self.message = message
        self.problems = tuple(problems) or (Problem("", message),)

    @property
    def is_about_the_request(self) -> bool:
        """Whether another request may well succeed: this one was at fault, and neither caller nor server."""
        return self.status in (400, 404, 409, 412, 413, 422, 428)


class UnavailableError(ApiError):
    """No answer, or one that says to come again."""
