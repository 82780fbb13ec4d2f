"""`failures`: what went wrong on the wire, in a kind and a sentence."""

import ssl
from http.client import BadStatusLine, IncompleteRead, LineTooLong, RemoteDisconnected

import pytest
from urllib3.exceptions import IncompleteRead as Urllib3IncompleteRead
from urllib3.exceptions import ProtocolError, SSLError

from grantwire.failures import failure_of
from grantwire.models import Failure, FailureKind


def certificate_error(words: str) -> ssl.SSLCertVerificationError:
    """As OpenSSL raises it."""
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message = words
    return error


def tls_error(reason: str | None) -> ssl.SSLError:
    """As OpenSSL raises it."""
    error = ssl.SSLError(1, "[SSL]")
    error.reason = reason  # type: ignore[assignment]
    return error


def caused(outer: BaseException, cause: BaseException) -> BaseException:
    """`raise outer from cause`."""
    outer.__cause__ = cause
    return outer


def failure(exc: BaseException, *, answered: bool = False) -> Failure:
    return failure_of(exc, answered=answered, timeout_seconds=10.0)


LOST = "the receiver closed the connection before an answer came"
CUT = "the receiver closed the connection before the answer was complete"


@pytest.mark.parametrize(
    ("exc", "answered", "kind", "sentence"),
    [
        (TimeoutError(), False, FailureKind.TIMEOUT, "no answer came within 10 seconds"),
        (TimeoutError(), True, FailureKind.TIMEOUT, "the answer was not complete within 10 seconds"),
        (certificate_error("certificate has expired"), False, FailureKind.TLS, "certificate has expired"),
        (
            tls_error("WRONG_VERSION_NUMBER"),
            False,
            FailureKind.TLS,
            "no secure connection: nothing at that port speaks TLS",
        ),
        (tls_error(None), False, FailureKind.TLS, "no secure connection: tls failed"),
        (tls_error("BAD_RECORD_MAC"), True, FailureKind.CONNECTION_LOST, CUT),
        (ssl.SSLEOFError(8, "EOF"), False, FailureKind.CONNECTION_LOST, LOST),
        (ConnectionResetError(104, "reset"), False, FailureKind.CONNECTION_LOST, LOST),
        (ConnectionResetError(104, "reset"), True, FailureKind.CONNECTION_LOST, CUT),
        (BrokenPipeError(), False, FailureKind.CONNECTION_LOST, LOST),
        (RemoteDisconnected("no response"), False, FailureKind.CONNECTION_LOST, LOST),
        (IncompleteRead(b"12", 3), True, FailureKind.CONNECTION_LOST, CUT),
        (Urllib3IncompleteRead(2, 3), True, FailureKind.CONNECTION_LOST, CUT),
        (BadStatusLine("garbage"), True, FailureKind.PROTOCOL, "the answer is not HTTP/1.1"),
        (LineTooLong("header line"), True, FailureKind.PROTOCOL, "a line of the answer is longer than 64 KB"),
        (ValueError("anything else"), False, FailureKind.CONNECTION_LOST, LOST),
    ],
)
def test_what_went_wrong_is_named(exc: BaseException, answered: bool, kind: FailureKind, sentence: str) -> None:
    """A kind for machines, a sentence for people."""
    found = failure(exc, answered=answered)
    assert kind is found.kind
    assert found.sentence.endswith(sentence)


@pytest.mark.parametrize(
    "wrapped",
    [
        ProtocolError("Connection aborted.", TimeoutError()),
        caused(ProtocolError("Connection aborted."), TimeoutError()),
        caused(ValueError(), caused(OSError(), TimeoutError())),
        SSLError(TimeoutError("the handshake timed out")),
        caused(ConnectionResetError(), TimeoutError()),
    ],
)
def test_the_cause_is_found_however_it_is_wrapped(wrapped: BaseException) -> None:
    """urllib3 keeps it among the arguments, or raises from it; a timeout outweighs what it led to."""
    assert failure(wrapped).kind is FailureKind.TIMEOUT


def test_the_exception_that_was_being_handled_counts() -> None:
    """`raise` inside an `except` without `from`."""
    outer = OSError()
    outer.__context__ = certificate_error("self-signed certificate")
    assert failure(outer) == Failure(
        FailureKind.TLS, "the receiver's certificate is not valid: self-signed certificate"
    )


def test_a_certificate_is_named_before_the_connection_that_it_ended() -> None:
    """The more helpful of two causes."""
    assert failure(caused(SSLError("x"), certificate_error("hostname mismatch"))).kind is FailureKind.TLS


def test_causes_that_go_in_a_circle_end() -> None:
    """Python allows it."""
    one, other = OSError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert failure(one).kind is FailureKind.CONNECTION_LOST


def test_no_text_of_an_exception_is_repeated() -> None:
    """It may hold a URL, a header, or a piece of the answer."""
    for exc in (BadStatusLine("s3cr3t"), ValueError("s3cr3t"), ConnectionError("s3cr3t"), ProtocolError("s3cr3t")):
        for answered in (False, True):
            assert "s3cr3t" not in failure(exc, answered=answered).sentence
