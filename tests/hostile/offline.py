"""Keeps this process on this machine, whatever guard is taken out of the code."""

import socket
from typing import Any

_connect = socket.socket.connect


def only_loopback() -> None:
    """From now on this process reaches nothing beyond this machine, whatever guard is taken out."""

    def connect(sock: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if sock.family != socket.AF_UNIX and not (host.startswith("127.") or host == "::1"):
            raise ConnectionRefusedError(111, f"the test would have reached {host}")
        _connect(sock, address)

    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
