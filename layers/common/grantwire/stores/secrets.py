"""Secrets sealed by KMS, bound to their webhook: one copied to another webhook cannot be opened."""

import base64
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Final

from grantwire.errors import StoreError
from grantwire.frozen import frozen
from grantwire.models import PlainSecret, SealedSecret
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_MOST_KEPT: Final = 1000


@frozen
class KmsSecrets:
    """Seals and opens. What was opened is kept in memory by its ciphertext: a call to KMS costs more than a delivery.

    `key_id` is needed for sealing only: a ciphertext names its key.
    """

    client: "Callable[[], KMSClient]"
    key_id: str = ""
    _opened: dict[tuple[str, SealedSecret], PlainSecret] = field(default_factory=dict, repr=False)

    def seal(self, webhook_id: str, secret: PlainSecret) -> SealedSecret:
        """The secret, encrypted for this webhook. Raises StoreError."""
        with translated("kms Encrypt"):
            answer = self.client().encrypt(
                KeyId=self.key_id, Plaintext=secret.value.encode(), EncryptionContext={"webhook_id": webhook_id}
            )
        return SealedSecret(base64.b64encode(answer["CiphertextBlob"]).decode())

    def open(self, webhook_id: str, secret: SealedSecret) -> PlainSecret:
        """The plain secret. Raises StoreError, also when it was sealed for another webhook."""
        key = (webhook_id, secret)
        opened = self._opened.get(key)  # once: another thread may forget them all meanwhile
        if opened is None:
            with translated("kms Decrypt"):
                answer = self.client().decrypt(
                    CiphertextBlob=_decoded(secret.ciphertext), EncryptionContext={"webhook_id": webhook_id}
                )
            if len(self._opened) >= _MOST_KEPT:
                self._opened.clear()
            opened = self._opened[key] = PlainSecret(answer["Plaintext"].decode())
        return opened


def _decoded(ciphertext: str) -> bytes:
    try:
        return base64.b64decode(ciphertext, validate=True)
    except ValueError as exc:
        raise StoreError("kms Decrypt: the stored secret is not base64") from exc
