"""What the person at the terminal can mend. The commands print the message and end with status 2."""

from collections.abc import Sequence


class LocalError(Exception):
    """The root of them."""


class WebhookFilesError(LocalError):
    """Files that cannot be used. `problems` has a line for each: the file, the field, and what is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["These webhooks cannot be used; nothing was stored.", *problems]))


class PortTakenError(LocalError):
    """Another program listens on the port that the API was to have."""


class EventFileError(LocalError):
    """A file without a usable event."""


class NotRunningError(LocalError):
    """No stack runs where one was looked for."""
