"""Every exception Grantwire raises, in one tree.

GrantwireError
├── SettingsError            the deployment is misconfigured; nothing can run
├── InvalidEventError        an event nobody can use: it goes to the dead-letter queue with this reason
├── InvalidBodyError         the body of a request is no JSON object
│   └── BodyTooLargeError    it has more bytes than a body may have
├── InvalidWebhookError      a webhook, or a request about one, that is not valid: every wrong field
│   ├── NameTakenError       another webhook has the name
│   └── UnreadableWebhookError  what is stored is no valid webhook: it was changed by hand, or the rules have changed
├── TemplateError            a template that cannot work, or cannot be rendered for this event: line, column, hint
├── InvalidCommandError      a command to `operate` that is not understood: what is right
├── JsonPathError            a path of a response validator that is not accepted
└── StoreError               our own fault: table, queue or key unreachable; AWS hands the event in again
    ├── StaleVersionError    the webhook was changed by someone else meanwhile
    ├── UnstoredEventError   the event is too large to be stored, so its next attempt needs AWS to hand it in again
    └── OutOfTimeError       the function would be stopped in the middle of the delivery; another one sends it

What a receiver does (a 500, a timeout, a refused connection) is never an exception: it is a value, see `models`.
"""

from collections.abc import Sequence
from typing import Final

from grantwire.frozen import frozen

MOST_PROBLEMS: Final = 100  # an answer of Lambda's ends at 6 MB


class GrantwireError(Exception):
    """The root: whoever catches this catches everything Grantwire raises on purpose."""


class SettingsError(GrantwireError):
    """An environment variable is missing or wrong."""


class InvalidEventError(GrantwireError):
    """The event cannot be used by anyone; `str()` says why and what would help."""


class InvalidBodyError(GrantwireError):
    """The body of a request cannot be understood; `str()` says why and what would be right."""


class BodyTooLargeError(InvalidBodyError):
    """The body of a request has more bytes than it may have."""


@frozen(kw_only=False)
class Problem:
    """One wrong field: where (`filters[0].operator`), the value as it was given (none when secret), the way out.

    `line` and `column`: in the field's own text, from 1; both are 0 when it is not a place in a text that is wrong.
    """

    path: str
    value: str
    rule: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        shown = f" is {self.value}" if self.value else ""
        return f"{self.path}{shown}: {self.rule}"

    @property
    def document(self) -> dict[str, str | int]:
        """The problem as an answer shows it."""
        place = {"line": self.line, "column": self.column} if self.line else {}
        return {"path": self.path, "value": self.value, "rule": self.rule, **place}


class InvalidWebhookError(GrantwireError):
    """A webhook that is not valid. `problems` lists every wrong field, never only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        left_out = len(problems) - MOST_PROBLEMS
        more = [Problem("", "", f"and {left_out} more problems")] if left_out > 0 else []
        self.problems = (*problems[:MOST_PROBLEMS], *more)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class NameTakenError(InvalidWebhookError):
    """Another webhook has the name."""


class UnreadableWebhookError(InvalidWebhookError):
    """What is stored is no valid webhook."""


class TemplateError(GrantwireError):
    """A template that cannot work. `line` and `column` count from 1; both are 0 when the place is not known."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0, hint: str = "") -> None:
        self.message, self.line, self.column, self.hint = message, line, column, hint
        place = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{place}{message}{f' ({hint})' if hint else ''}")


class InvalidCommandError(GrantwireError):
    """A command that cannot be carried out; `str()` says what would be right."""


class JsonPathError(GrantwireError):
    """A JSONPath outside the accepted grammar; `str()` says which part and what is accepted."""


class StoreError(GrantwireError):
    """A table, queue or key could not be used. The message holds the operation and AWS's error code, never data."""


class StaleVersionError(StoreError):
    """The stored webhook has another version than the one that was to be replaced."""


class UnstoredEventError(StoreError):
    """A delivery must be tried again, and its event is too large to be stored: Lambda's own retries carry it."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"event {event_id} is too large to be stored: its next attempt is left to Lambda's own retries"
        )


class OutOfTimeError(StoreError):
    """Too little of the function's time is left to send a delivery; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("too little of the function's time is left to begin this delivery")
