"""Takes secrets out of what is shown or kept: a receiver may send back what it was sent."""

import base64
import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from grantwire.models import MASK

_ESCAPE = re.compile("%[0-9A-F]{2}")
_NO_WORD = re.compile(r"[^A-Za-z0-9_. -]")
_SHORTEST_PIECE = 8
_MOST_IN_A_PATTERN = 300
_SHORTEST = 4  # a shorter part would be found in ordinary text, and give away more by where it is masked


@lru_cache(maxsize=256)
def redactor(secrets: tuple[str, ...]) -> "Redactor":
    """The redactor of these secrets, kept: making one costs more than using it."""
    return Redactor(secrets)


class Redactor:
    """Replaces every secret, in the spellings a receiver is likely to echo it in, by the mask."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for part in _parts(secret) for spelling in _spellings(part)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self.longest = len(longest_first[0]) if longest_first else 0
        self._pattern = re.compile("|".join(re.escape(one) for one in longest_first[:_MOST_IN_A_PATTERN]))
        self._by_start: dict[str, list[str]] = {}
        if len(longest_first) > _MOST_IN_A_PATTERN:
            for one in longest_first:
                self._by_start.setdefault(one[:_SHORTEST], []).append(one)

    def text(self, text: str) -> str:
        """`text` without secrets."""
        if self._by_start:
            return self._indexed(text)
        return self._pattern.sub(MASK, text) if self.longest else text

    def _indexed(self, text: str) -> str:
        """The same for thousands of spellings, of which a pattern would try every one at every character."""
        written: list[str] = []
        position = kept = 0
        while position < len(text):
            candidates = self._by_start.get(text[position : position + _SHORTEST], ())
            found = next((one for one in candidates if text.startswith(one, position)), "")
            if found:
                written += (text[kept:position], MASK)
                kept = position + len(found)
            position += len(found) or 1
        return "".join(written) + text[kept:]


def _parts(secret: str) -> set[str]:
    """The whole value, each word after a scheme (`Bearer abc`: the token alone is secret too), what Basic encodes.

    Of cookies and the like (`session=abc; theme=dark`) also each value, when it is too long to be a word.
    """
    words = secret.split()
    if len(words) == 2 and words[0].lower() == "basic":
        words += _decoded(words[1]).split(":", 1)
    whole = {secret, secret.strip(), *words[1:], *(words if len(words) == 1 else ())}
    pieces = {piece.strip(" \"'") for piece in re.split(r"[;,\s]|(?<=\w)=(?!=|$)", secret)}
    return {part for part in whole if len(part) >= _SHORTEST} | {one for one in pieces if len(one) >= _SHORTEST_PIECE}


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _spellings(part: str) -> set[str]:
    """Of the part itself, and of what a server has of it that reads a header's bytes as Latin-1."""
    sent = part.encode("utf-8", "replace")
    return {*_written(part), *_written(sent.decode("latin-1")), repr(sent)[2:-1]}


def _written(text: str) -> set[str]:
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode().rstrip("=")
    escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    percent = {
        quote(text, safe="", errors="replace"),
        quote(text, safe="/", errors="replace"),
        quote_plus(text, errors="replace"),
    }
    lower = {_ESCAPE.sub(lambda match: match.group().lower(), one) for one in percent}
    unicode = _NO_WORD.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    upper = {re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda m: m.group().upper(), one) for one in (unicode, *escaped)}
    slashed = {one.replace("/", "\\/") for one in escaped}  # as PHP writes JSON
    return {text, encoded, html.escape(text), unicode, *upper, *escaped, *slashed, *percent, *lower}
