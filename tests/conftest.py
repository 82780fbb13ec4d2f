"""What every test has: no credentials, no network past loopback, and a certificate authority of its own."""

import os
import socket
from typing import Any

import pytest

from tests.receivers import Authority

os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Grantwire",
    "POWERTOOLS_SERVICE_NAME": "tests",
}
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
    os.environ.pop(name, None)

_connect = socket.socket.connect


def _only_loopback(sock: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not (
        host.startswith("127.") or host in ("::1", "localhost")
    ):
        raise AssertionError(f"a test tried to reach {host}: tests stay on loopback")
    _connect(sock, address)


@pytest.fixture(autouse=True)
def _network_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches beyond loopback."""
    monkeypatch.setattr(socket.socket, "connect", _only_loopback)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs the receivers' certificates."""
    return Authority(tmp_path_factory.mktemp("ca"))
