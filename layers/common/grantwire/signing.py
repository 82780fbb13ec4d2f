"""Signs requests as Standard Webhooks describes, symmetric scheme `v1`: https://www.standardwebhooks.com."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from grantwire.models import HttpRequest, PlainSecret, Signing

PREFIX: Final = "whsec_"
SIGNATURE: Final = "webhook-signature"
ROTATION_SECONDS: Final = 24 * 3600.0  # how long the secret before still signs
_FEWEST_BYTES, _MOST_BYTES, _MADE_BYTES = 24, 64, 32


def make_secret(random_bytes: Callable[[int], bytes]) -> PlainSecret:
    """A new secret: `whsec_` and the base64 of 32 random bytes."""
    return PlainSecret(PREFIX + base64.b64encode(random_bytes(_MADE_BYTES)).decode())


def secret_problem(secret: str) -> str:
    """Why the text is no signing secret; empty when it is one."""
    try:
        key = _key(secret)
    except ValueError:
        key = b""
    if _FEWEST_BYTES <= len(key) <= _MOST_BYTES and secret == PREFIX + base64.b64encode(key).decode():
        return ""
    size = f"{_FEWEST_BYTES} to {_MOST_BYTES} random bytes"
    return f"must be {PREFIX} and the base64 of {size}; when it is left out, one is made"


def rotate(signing: Signing, *, new_secret: PlainSecret, now: float) -> Signing:
    """Signing with the new secret, and for 24 hours more with the one before; a still older one is used no more."""
    return Signing(secret=new_secret, previous_secret=signing.secret, previous_until=now + ROTATION_SECONDS)


def is_rotating(signing: Signing, now: float) -> bool:
    """Whether the secret before the present one signs too."""
    return signing.previous_secret is not None and now < signing.previous_until


def signature(secret: str, *, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def signed(request: HttpRequest, secrets: Sequence[str]) -> HttpRequest:
    """The request with its `webhook-signature`: one signature for each secret, in their order; none without secrets."""
    if not secrets:
        return request
    headers = dict(request.headers)
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    signatures = (
        signature(secret, message_id=message_id, timestamp=timestamp, body=request.body) for secret in secrets
    )
    return replace(request, headers=(*request.headers, (SIGNATURE, " ".join(signatures))))


def _key(secret: str) -> bytes:
    """Raises ValueError when it is not base64."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
