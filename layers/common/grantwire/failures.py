"""Names what went wrong on the wire, in words for people: one place where exceptions of sockets and urllib3 end."""

import ssl
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

from grantwire.models import Failure, FailureKind


def failure_of(exc: BaseException, *, answered: bool, timeout_seconds: float) -> Failure:
    """The failure an exception of one exchange stands for. `answered`: whether any byte of the answer had come."""
    causes = _causes(exc)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        waited = "the answer was not complete" if answered else "no answer came"
        return Failure(FailureKind.TIMEOUT, f"{waited} within {timeout_seconds:g} seconds")
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure(FailureKind.TLS, f"the receiver's certificate is not valid: {cause.verify_message}")
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError) and not answered:
            return Failure(
                FailureKind.TLS, f"no secure connection: {(cause.reason or 'TLS failed').replace('_', ' ').lower()}"
            )
    if any(
        isinstance(cause, RemoteDisconnected | IncompleteRead | ConnectionError | ssl.SSLEOFError) for cause in causes
    ):
        return _lost(answered)
    if any(isinstance(cause, BadStatusLine) for cause in causes):
        return Failure(FailureKind.PROTOCOL, "the answer is not HTTP")
    if any(isinstance(cause, HTTPException) for cause in causes):
        return Failure(FailureKind.PROTOCOL, "the answer's head is too long or malformed")
    return _lost(answered)


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
