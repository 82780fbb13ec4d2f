"""A console that asks for a sign-in, an API that asks for its token, and the issuer that gives it: all on loopback."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from grantwire.settings import ConsoleSettings
from local import ROOT
from site_files import Site

CLIENT = "console"


@dataclass
class Issuer:
    """An OpenID Connect issuer that knows one client and signs everybody in at once.

    codes        what may be exchanged: the code, and the challenge and redirect URI that it was given for
    tokens       the access tokens that are good at the moment
    lives        seconds for which a token is good, by its own word
    refuses      whether it signs nobody in; `refuses_refresh`: whether it renews no token
    words        why it refuses
    named        what its description says it is, when that is not what it was asked as
    authorized   the query of each authorization request
    """

    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    lives: int = 3600
    refuses: bool = False
    refuses_refresh: bool = False
    words: str = "not for you"
    named: str = ""
    authorized: list[dict[str, str]] = field(default_factory=list)
    signed_out: list[dict[str, str]] = field(default_factory=list)

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        self.authorized.append(query)
        if self.refuses:
            answer = {"error": "access_denied", "error_description": self.words, "state": query["state"]}
            return f"{query['redirect_uri']}?{urlencode(answer)}"
        code = secrets.token_urlsafe(8)
        self.codes[code] = (query["code_challenge"], query["redirect_uri"])
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Tokens for a code that was given for this verifier (RFC 7636, 4.6), or for a refresh token; None: refused."""
        if form.get("grant_type") == "refresh_token":
            good = form["refresh_token"] in self.refresh_tokens and not self.refuses_refresh
        else:
            challenge, redirect_uri = self.codes.pop(form["code"], ("", ""))
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            verified = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
            good = verified and form["redirect_uri"] == redirect_uri
        if not good or form["client_id"] != CLIENT:
            return None
        access, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.tokens = {access}
        self.refresh_tokens = {refresh}
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": self.lives}


@contextmanager
def signed_console(issuer: Issuer) -> Iterator[tuple[str, str]]:
    """The URLs of the console and of the issuer, each a host of its own, while entered."""
    with _serving(_issuing(issuer)) as issuing:
        settings = ConsoleSettings(
            sign_in_issuer=issuing, sign_in_client_id=CLIENT, sign_in_audience="api", sign_in_origin=""
        )
        site = Site(ROOT / "functions" / "console" / "static", settings)
        with _serving(_answering(issuer, site)) as console:
            yield console, issuing


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def reply(self, status: int, document: object = None, **headers: str) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _issuing(issuer: Issuer) -> type[_Quiet]:
    class Handler(_Quiet):
        def do_GET(self) -> None:
            url, own = urlsplit(self.path), f"http://{self.headers['Host']}"
            if url.path == "/.well-known/openid-configuration":
                endpoints = {
                    "issuer": issuer.named or own,
                    "authorization_endpoint": f"{own}/authorize",
                    "token_endpoint": f"{own}/token",
                    "end_session_endpoint": f"{own}/logout",
                }
                self.reply(200, endpoints, Access_Control_Allow_Origin="*")
            elif url.path == "/authorize":
                self.reply(302, Location=issuer.authorize(_flat(url.query)))
            elif url.path == "/logout":
                issuer.signed_out.append(_flat(url.query))
                self.reply(200, "You are signed out.")
            else:
                self.reply(404)

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            tokens = issuer.token(form)
            document = tokens or {"error": "invalid_grant"}
            self.reply(200 if tokens else 400, document, Access_Control_Allow_Origin="*")

    return Handler


def _answering(issuer: Issuer, site: Site) -> type[_Quiet]:
    class Handler(_Quiet):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/api/"):
                good = self.headers.get("Authorization", "").removeprefix("Bearer ") in issuer.tokens
                self.reply(
                    200 if good else 401, {"items": [], "next_cursor": None} if good else {"message": "Unauthorized"}
                )
                return
            answered = site.answer(path, accept_encoding="")
            body = answered["body"].encode()
            self.send_response(answered["statusCode"])
            for name, value in answered["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
