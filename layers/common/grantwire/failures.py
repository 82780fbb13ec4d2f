"""Names what went wrong on the wire, in words for people: one place where exceptions of sockets and urllib3 end."""

import ssl
from http.client import (
    BadStatusLine,
    HTTPException,
    IncompleteRead,
    LineTooLong,
    RemoteDisconnected,
    UnknownProtocol,
)
from typing import Final

from grantwire.models import Failure, FailureKind

_TLS_WORDS: Final = {  # for what OpenSSL says in a way that only its authors understand
    "WRONG_VERSION_NUMBER": "nothing at that port speaks TLS",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the receiver has no TLS 1.2 or newer",
    "UNSUPPORTED_PROTOCOL": "the receiver has no TLS 1.2 or newer",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the receiver accepts none of the ciphers that are still safe",
}


def failure_of(exc: BaseException, *, answered: bool, timeout_seconds: float) -> Failure:
    """The failure an exception of one exchange stands for. `answered`: whether any byte of the answer had come."""
    causes = _causes(exc)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        waited = "the answer was not complete" if answered else "no answer came"
        unit = "second" if timeout_seconds == 1 else "seconds"
        return Failure(FailureKind.TIMEOUT, f"{waited} within {timeout_seconds:g} {unit}")
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure(FailureKind.TLS, f"the receiver's certificate is not valid: {cause.verify_message}")
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError) and not answered:
            reason = cause.reason or "TLS failed"
            words = _TLS_WORDS.get(reason, reason.replace("_", " ").lower())
            return Failure(FailureKind.TLS, f"no secure connection: {words}")
    if any(
        isinstance(cause, RemoteDisconnected | IncompleteRead | ConnectionError | ssl.SSLEOFError) for cause in causes
    ):
        return _lost(answered)
    return _protocol(causes) or _lost(answered)


def _protocol(causes: list[BaseException]) -> Failure | None:
    """What is wrong with an answer that http.client gives up; None when it is not that."""
    for kinds, words in (
        ((BadStatusLine, UnknownProtocol), "the answer is not HTTP/1.1"),
        ((LineTooLong,), "a line of the answer is longer than 64 KB"),
        ((HTTPException,), "the answer's head is malformed or has more than 100 headers"),
    ):
        if any(isinstance(cause, kinds) for cause in causes):
            return Failure(FailureKind.PROTOCOL, words)
    return None


def _lost(answered: bool) -> Failure:
    when = "before the answer was complete" if answered else "before an answer came"
    return Failure(FailureKind.CONNECTION_LOST, f"the receiver closed the connection {when}")


def _causes(exc: BaseException) -> list[BaseException]:
    """The exception and what it was made from: urllib3 keeps the first cause among the arguments."""
    found: list[BaseException] = []
    waiting = [exc]
    while waiting and len(found) < 20:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            waiting += [argument for argument in one.args if isinstance(argument, BaseException)]
            waiting += [cause for cause in (one.__cause__, one.__context__) if cause]
    return found
