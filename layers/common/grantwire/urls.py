"""The one reading of a URL, strict on purpose: two readings of one URL are how checks are got around."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from grantwire.frozen import frozen

MAX_URL_CHARACTERS: Final = 4096
_URL: Final = re.compile(
    r"https://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<target>[/?][^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}+")
_SAFE: Final = "%/:?[]@!$&'()*+,;=~-._"  # what may stand in a path or query as it is (RFC 3986, appendix A)


@frozen(kw_only=False)
class Url:
    """An https URL: `host` in lower case without brackets, `port`, and the request target (path and query, ASCII)."""

    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host as a URL spells it, without a dot at its end, and the port unless it is 443."""
        host = f"[{self.host}]" if ":" in self.host else self.host.rstrip(".")
        return host if self.port == 443 else f"{host}:{self.port}"


@lru_cache(maxsize=256)  # the same URL is looked at twice for each delivery, before it is sent and as it was sent
def parse_url(url: str) -> Url:
    """Read `url`. Raises ValueError with a clause that continues "the URL …"."""
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"is longer than {MAX_URL_CHARACTERS} characters")
    if any(character <= " " or character == "\x7f" or character == "\\" for character in url):
        raise ValueError("holds a space, a backslash or a control character; write spaces as %20")
    if not url.lower().startswith("https://"):
        raise ValueError("does not start with https://")
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        raise ValueError("holds a '%' that is not followed by two hexadecimal digits; write it as %25")
    path = re.split(r"[?#]", url[8:], maxsplit=1)[0]
    segments = re.split(r"[/\\]", unquote(path))[1:]  # receivers decode before or after they split
    if any(segment.partition(";")[0] in (".", "..") for segment in segments):
        raise ValueError("has a path with a segment '.' or '..', which would climb in it")
    authority = re.split(r"[/?#]", url[8:], maxsplit=1)[0]
    if "@" in authority:
        raise ValueError("holds a user name or password before '@'; put credentials into a secret header")
    if not authority.isascii():
        raise ValueError("has a host with letters outside ASCII; write it in its xn-- form")
    match = _URL.fullmatch(url)
    if not match:
        raise ValueError("has no usable host name; it looks like https://hooks.torq.io/v1/webhooks/…")
    port = int(match["port"] or 443)
    if not 0 < port < 65536:
        raise ValueError("has a port outside 1 to 65535")
    target = match["target"] or "/"
    host = match["host"].lower().strip("[]")
    return Url(host, port, quote(target if target.startswith("/") else "/" + target, safe=_SAFE, errors="replace"))


def fragment_problem(url: str) -> str:
    """Why a webhook's URL cannot have its fragment, with the way out; empty without one. `{{#` begins a section."""
    rule = "the URL has a fragment, which no request carries; leave # and what follows away, or write %23 for a #"
    if len(url) > MAX_URL_CHARACTERS:  # it is refused for that, and placeholders never closed would take long
        return ""
    return rule if "#" in _PLACEHOLDER.sub("", url) else ""


def as_sent(url: str, *, mask: str) -> str:
    """The URL, in which `mask` stands for secrets, spelled as on the wire; unchanged when it cannot be sent."""
    try:
        parse_url(url)
    except ValueError:
        return url
    return mask.join([quote(part, safe=_SAFE, errors="replace") for part in url.partition("#")[0].split(mask)])


@lru_cache(maxsize=2048)
def host_of(url: str) -> str:
    """What a webhook's URL leads to, whatever its placeholders become: the host, and the port unless it is 443."""
    try:
        return parse_url(_PLACEHOLDER.sub("x", url)).authority
    except ValueError:
        return ""


def host_is_allowed(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a host fits a pattern (`hooks.torq.io`, or `*.example.com` for all below it); no pattern allows all."""
    host = host.rstrip(".")
    fits = (host.endswith(one[1:]) if one.startswith("*.") else host == one for one in patterns)
    return not patterns or any(fits)
