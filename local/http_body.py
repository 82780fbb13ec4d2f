"""Reads the body of an HTTP/1.1 request to its end, whatever its length: a connection that is closed on unread bytes is
reset, and the client then may lose the answer.
"""

from collections.abc import Iterator
from email.message import Message
from typing import Final, Protocol

_PIECE: Final = 64 * 1024


class Stream(Protocol):
    """What a socket's file offers."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, fewer only at the end."""

    def readline(self, size: int, /) -> bytes:
        """A line with its end."""


class BodyTooLargeError(Exception):
    """The body, which was read to its end and dropped, is longer than the limit."""


class MalformedBodyError(Exception):
    """Where the body ends cannot be known; the connection is of no further use."""


def read_body(headers: Message, stream: Stream, *, limit: int) -> bytes:
    """The body that `headers` announce, by length or in chunks (RFC 9112, section 6).

    Raises BodyTooLargeError, MalformedBodyError, and ConnectionError when the client stopped before the end.
    """
    pieces = _chunks(stream) if _is_chunked(headers) else _counted(stream, _length(headers))
    body = bytearray()
    length = 0
    for piece in pieces:
        length += len(piece)
        if length <= limit:
            body += piece
    if length > limit:
        raise BodyTooLargeError(f"{length} bytes, and the limit is {limit}")
    return bytes(body)


def _is_chunked(headers: Message) -> bool:
    coding = headers.get("Transfer-Encoding", "").strip().lower()
    if coding not in ("", "chunked"):
        raise MalformedBodyError(f"the transfer coding {coding} is not known")
    return coding == "chunked"


def _length(headers: Message) -> int:
    text = headers.get("Content-Length", "0").strip()
    if not text.isascii() or not text.isdigit():
        raise MalformedBodyError(f"Content-Length is {text!r}")
    return int(text)


def _counted(stream: Stream, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            raise ConnectionAbortedError("the client stopped in the middle of a body")
        length -= len(piece)
        yield piece


def _chunks(stream: Stream) -> Iterator[bytes]:
    while size := _chunk_size(stream.readline(1024)):
        yield from _counted(stream, size)
        stream.readline(2)
    while stream.readline(_PIECE).strip():  # trailers, up to the empty line
        continue


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise MalformedBodyError(f"a chunk's size is {digits!r}")
    return int(digits, 16)
