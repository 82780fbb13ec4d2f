"""The page's files as HTTP answers: compressed, kept by browsers for as long as they stay the same, and under a policy
that lets the page run its own code and call its own API, nothing else."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from grantwire.settings import ConsoleSettings

FOLDER: Final = "/console"
_PAGE: Final = "index.html"
_SCRIPT_TYPE, _PAGE_TYPE = "text/javascript; charset=utf-8", "text/html; charset=utf-8"
_FOR_EVER, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
# What every answer carries. https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
_HEADERS: Final = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Site:
    """The page at `/` and its modules below FOLDER. Their URLs hold a digest of all: none is ever stale."""

    def __init__(self, static: Path, settings: ConsoleSettings) -> None:
        scripts = {path.name: path.read_bytes() for path in sorted(static.glob("*.js"))}
        style = "".join(path.read_text(encoding="utf-8") for path in sorted(static.glob("*.css")))
        self._version = hashlib.sha256(b"\0".join(scripts.values())).hexdigest()[:12]
        self._scripts = {name: _Text(content, _SCRIPT_TYPE) for name, content in scripts.items()}
        page = (
            (static / _PAGE)
            .read_text(encoding="utf-8")
            .format(
                style=style,
                folder=f"{FOLDER}/{self._version}",
                sign_in=escape(json.dumps(_sign_in(settings)), quote=True),
            )
        )
        self._page = _Text(page.encode(), _PAGE_TYPE)
        self._policy = _policy(style, settings)

    def answer(self, path: str, *, accept_encoding: str) -> dict[str, Any]:
        """The answer of a function in payload format 2.0 for a path; 404 for a path that leads to no file."""
        if path == "/":
            headers = {"Cache-Control": _ASK_AGAIN, "Content-Security-Policy": self._policy}
            return self._page.answer(headers, accept_encoding=accept_encoding)
        folder, _, name = path.rpartition("/")
        script = self._scripts.get(name)
        if script is None or not folder.startswith(f"{FOLDER}/"):
            return _Text(b"There is no such file.", "text/plain").answer({}, HTTPStatus.NOT_FOUND)
        # A page that was opened before an update still asks by its own digest: it gets what there is, for this once.
        current = folder == f"{FOLDER}/{self._version}"
        return script.answer({"Cache-Control": _FOR_EVER if current else "no-store"}, accept_encoding=accept_encoding)


class _Text:
    """A file as it came and compressed."""

    def __init__(self, content: bytes, content_type: str) -> None:
        self._content, self._content_type = content, content_type
        self._compressed = base64.b64encode(gzip.compress(content, mtime=0)).decode()

    def answer(
        self, headers: Mapping[str, str], status: HTTPStatus = HTTPStatus.OK, *, accept_encoding: str = ""
    ) -> dict[str, Any]:
        sent = {"Content-Type": self._content_type, "Vary": "Accept-Encoding", **_HEADERS, **headers}
        if "gzip" not in accept_encoding:
            return {"statusCode": status.value, "headers": sent, "body": self._content.decode()}
        sent["Content-Encoding"] = "gzip"
        return {"statusCode": status.value, "headers": sent, "body": self._compressed, "isBase64Encoded": True}


def _sign_in(settings: ConsoleSettings) -> dict[str, str] | None:
    """What the page needs to sign somebody in; None where the API asks for no token, on the local stack."""
    if not settings.sign_in_issuer:
        return None
    return {
        "issuer": settings.sign_in_issuer,
        "client_id": settings.sign_in_client_id,
        "audience": settings.sign_in_audience,
    }


def _policy(style: str, settings: ConsoleSettings) -> str:
    """https://www.w3.org/TR/CSP3/, and Trusted Types, without which a script could make elements of text."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    issuer = urlsplit(settings.sign_in_issuer)
    origins = [f"{issuer.scheme}://{issuer.netloc}", settings.sign_in_origin] if settings.sign_in_issuer else []
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "connect-src": " ".join(["'self'", *filter(None, origins)]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
