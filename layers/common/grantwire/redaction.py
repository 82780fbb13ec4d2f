"""Takes secrets out of what is shown or kept: a receiver may send back what it was sent."""

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from grantwire.models import MASK

_ESCAPE = re.compile("%[0-9A-F]{2}")
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
        self._pattern = re.compile("|".join(re.escape(one) for one in longest_first)) if longest_first else None

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _parts(secret: str) -> set[str]:
    """The whole value, each word after a scheme (`Bearer abc`: the token alone is secret too), what Basic encodes."""
    words = secret.split()
    if len(words) == 2 and words[0].lower() == "basic":
        words += _decoded(words[1]).split(":", 1)
    return {part for part in (secret, *words[1:], *(words if len(words) == 1 else ())) if len(part) >= _SHORTEST}


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _spellings(part: str) -> set[str]:
    encoded = base64.b64encode(part.encode("utf-8", "replace")).decode().rstrip("=")
    escaped = {json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1]}
    percent = {
        quote(part, safe="", errors="replace"),
        quote(part, safe="/", errors="replace"),
        quote_plus(part, errors="replace"),
    }
    lower = {_ESCAPE.sub(lambda match: match.group().lower(), one) for one in percent}
    slashed = {one.replace("/", "\\/") for one in escaped}  # as PHP writes JSON
    return {part, encoded, *escaped, *slashed, *percent, *lower}
