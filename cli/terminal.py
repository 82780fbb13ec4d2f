"""What people read: lines on the terminal, in which no secret that this command knows is ever written."""

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from cli import MASK

_SHORTEST: Final = 4  # characters; what is shorter stands in every other text by chance
_SHORTEST_WORD: Final = 8  # of a secret of several words, as in `Bearer …`
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # an answer's body must not steer the terminal


@dataclass
class Terminal:
    """Where results (`out`) and complaints (`err`) go."""

    out: TextIO
    err: TextIO
    _secrets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on the mask stands for these, and for the long words in them."""
        for secret in secrets:
            words = [word for word in secret.split() if len(word) >= _SHORTEST_WORD]
            self._secrets |= {one for one in (secret.strip(), *words) if len(one) >= _SHORTEST and one != MASK}

    def say(self, text: str = "") -> None:
        """Writes lines of a result, at once."""
        self._write(self.out, self._safe(text))

    def complain(self, text: str) -> None:
        """Writes what went wrong, or what is going on."""
        self._write(self.err, self._safe(text))

    def show(self, document: object) -> None:
        """Writes a JSON document."""
        self._write(self.out, _escaped(json.dumps(self._masked(document), ensure_ascii=False, indent=2)))

    def show_line(self, document: object) -> None:
        """Writes a JSON document in one line."""
        self._write(self.out, _escaped(json.dumps(self._masked(document), ensure_ascii=False)))

    def _safe(self, text: str) -> str:
        return _escaped(self._without_secrets(text))

    def _without_secrets(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._without_secrets(value)
        if isinstance(value, list):
            return [self._masked(one) for one in value]
        if isinstance(value, dict):
            return {self._without_secrets(str(name)): self._masked(one) for name, one in value.items()}
        return value

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        stream.write(text + "\n")
        stream.flush()


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
