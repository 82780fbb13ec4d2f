"""Requests to the HTTP API and its answers; nothing else here knows urllib3. No proxy and no redirect is used: a token
goes to the address that was given, and nowhere else."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from cli.address import LOCAL_STACK, Address
from cli.errors import ApiError, Problem, UnavailableError

_TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)  # seconds; a test takes 25, and API Gateway gives up after 30
_WAITS: Final = (1.0, 2.0, 4.0)  # seconds before a throttled request is made again
_WHERE: Final = re.compile(r"^\w+\(.*?\): ")  # which connection it was, as urllib3 puts it before the reason
_TRY_AGAIN: Final = (429, 502, 503, 504)


class Client:
    """Asks the API. Raises ApiError for each answer that is no success, UnavailableError when there is none."""

    def __init__(self, address: Address, token: str, wait: Callable[[float], None]) -> None:
        self.address = address
        self._headers = {"User-Agent": "grantwire-cli", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._wait = wait
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def close(self) -> None:
        """Close what is open."""
        self._pool.clear()

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """The JSON at a path; parameters that are None or empty are left out."""
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        return self._answered("GET", f"{path}?{urlencode(given)}" if given else path, None, {})

    def send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that answers a request; None when the answer is empty."""
        return self._answered(method, path, body, headers or {})

    def _answered(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> Any:
        """Only a throttled request, which nobody has begun to work on, is made again."""
        for seconds in _WAITS:
            response = self._request(method, path, body, headers)
            if response.status != 429:
                break
            self._wait(seconds)
        else:
            response = self._request(method, path, body, headers)
        return self._read(response)

    def _request(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> urllib3.response.BaseHTTPResponse:
        sent = {**self._headers, **headers}
        data = None
        if body is not None:
            data = json.dumps(body).encode("ascii")
            sent["Content-Type"] = "application/json"
        try:
            return self._pool.request(method, self.address.url + path, body=data, headers=sent, redirect=False)
        except urllib3.exceptions.HTTPError as exc:
            raise UnavailableError(0, self._unreachable(exc)) from exc

    def _unreachable(self, exc: Exception) -> str:
        reason = getattr(exc, "reason", None) or exc
        way_out = (
            "start the local stack with `make run`, or name another API with --url or GRANTWIRE_URL"
            if self.address.url == LOCAL_STACK
            else "check --url or GRANTWIRE_URL, and the way there"
        )
        told = _WHERE.sub("", str(reason)).removeprefix("Failed to establish a new connection: ")
        return f"{self.address.url} cannot be reached: {told}; {way_out}"

    def _read(self, response: urllib3.response.BaseHTTPResponse) -> Any:
        status, text = response.status, response.data
        try:
            document = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            raise self._error(status, None) from None
        if 200 <= status < 300:
            return document
        raise self._error(status, document)

    def _error(self, status: int, document: object) -> ApiError:
        known = document if isinstance(document, dict) else {}
        message = str(known.get("message") or f"{self.address.url} answered {status}, not as Grantwire's API does")
        if status == 404 and message == "Not Found":  # API Gateway's own; Grantwire says what is not there
            message = f"{self.address.url} has no such route: is that the address of Grantwire's API?"
        if status in (401, 403):
            message = f"{message} ({status}): set GRANTWIRE_TOKEN, or --token-file, to an access token that may do this"
        if 300 <= status < 400:
            message = f"{self.address.url} answered {status}: redirects are not followed, name the API's own address"
        kind = UnavailableError if status in _TRY_AGAIN else ApiError
        return kind(status, message, _problems(known.get("problems")))


def _problems(listed: object) -> list[Problem]:
    """Without the values that were given: one that stands in the wrong place may be a secret."""
    rows = listed if isinstance(listed, list) else []
    return [Problem(str(row.get("path", "")), str(row.get("rule", ""))) for row in rows if isinstance(row, dict)]
