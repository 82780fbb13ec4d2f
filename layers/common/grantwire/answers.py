"""http.client's reading of an answer, without four holes of it: half an answer is taken for one, or for the next."""

import http.client
from typing import Any, Final, Protocol

_LINE: Final = 16 * 1024
_INTERIM_THAT_ENDS: Final = (http.HTTPStatus.CONTINUE, http.HTTPStatus.SWITCHING_PROTOCOLS)
_BODILESS: Final = (http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED)


class _Lines(Protocol):
    """What a head is read from."""

    def readline(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class _Head:
    """A head's lines, of which the last is empty: the end of the connection is not the end of a head."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        self._began = False
        self.close = lines.close

    def readline(self, size: int = -1, /) -> bytes:
        line = self._lines.readline(size)
        if self._began and not line:
            raise http.client.IncompleteRead(b"")
        self._began = True
        return line


class StrictResponse(http.client.HTTPResponse):
    """An answer on a connection that may be kept."""

    fp: Any

    def begin(self) -> None:
        """The head, which must be whole (RFC 9112, 8).

        A body after a status that has none (RFC 9112, 6.3) is not read, and so the connection is not kept.
        """
        lines, head = self.fp, _Head(self.fp)
        self.fp = head
        try:
            super().begin()
        finally:
            self.fp = lines if self.fp is head else self.fp  # http.client closes it when there is no answer
        if self.status in _BODILESS:
            length = self.headers.get("Content-Length", "0").strip()
            self.will_close = self.will_close or self.chunked or length != "0"
            self.chunked, self.length = False, 0

    def _read_status(self) -> tuple[str, int, str]:
        """Interim answers (103 and its like) are passed over, as RFC 9110, 15.2 asks; the deadline bounds how many."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200 or status in _INTERIM_THAT_ENDS:
                return version, status, reason
            while self.fp.readline(_LINE) not in (b"\r\n", b"\n", b""):
                pass

    def _read_next_chunk_size(self) -> int:
        """A negative size would be read as "everything that comes"."""
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:
            raise http.client.IncompleteRead(b"")
        return size
