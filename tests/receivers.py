"""HTTPS receivers on loopback for what goes over the wire: scripted ones, byte for byte, well-behaved or hostile."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme

Script = Callable[["Received"], None]


@dataclass
class Received:
    """One connection as the receiver sees it: read whole requests from it, write any bytes to it."""

    sock: ssl.SSLSocket
    receiver: "Receiver"

    def request(self) -> bytes:
        """The next whole request, head and body; empty when the client has closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.sock.recv(65536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while len(body) < (int(lengths[0]) if lengths else 0):
            body += self.sock.recv(65536)
        with self.receiver.arrived:
            self.receiver.requests.append(head + b"\r\n\r\n" + body)
            self.receiver.arrived.notify_all()
        return head + b"\r\n\r\n" + body

    def write(self, data: bytes) -> None:
        """Send bytes as they are; a client that has gone away is no error of the receiver's."""
        with contextlib.suppress(OSError):
            self.sock.sendall(data)


@dataclass
class Receiver:
    """A TLS server that runs `script` for each connection."""

    script: Script
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens; its certificate is for this name."""
        return f"https://localhost:{self.port}/hook"

    @property
    def bodies(self) -> list[bytes]:
        """The bodies that came, in order."""
        return [request.partition(b"\r\n\r\n")[2] for request in self.requests]


def answer(status: str = "202 Accepted", body: bytes = b'{"status":"accepted"}', *headers: str) -> bytes:
    """A whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answering(*answers: bytes) -> Script:
    """A script that answers each request of a connection with the next of `answers`, the last one for ever."""
    waiting = list(answers)
    lock = threading.Lock()

    def script(connection: Received) -> None:
        while connection.request():
            with lock:
                reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            connection.write(reply)

    return script


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.file))

    def server_context(self, *names: str, **options: object) -> ssl.SSLContext:
        """A server's TLS context with a certificate for `names` (default: localhost)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("localhost", "hooks.example.com")), **options).configure_cert(context)  # type: ignore[arg-type]
        return context


@contextlib.contextmanager
def receiving(script: Script, context: ssl.SSLContext) -> Iterator[Receiver]:
    """A receiver that runs `script`, closed with all its connections at the end."""
    receiver = Receiver(script)
    open_sockets: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]

        def serve(raw: socket.socket) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as sock:
                open_sockets.append(sock)
                script(Received(sock, receiver))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    receiver.connections += 1
                    open_sockets.append(raw)
                    threads.append(threading.Thread(target=serve, args=(raw,), daemon=True))
                    threads[-1].start()

        threads = [threading.Thread(target=accept, daemon=True)]
        threads[0].start()
        try:
            yield receiver
        finally:
            receiver.closing.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for sock in open_sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(timeout=5)
            for sock in open_sockets:
                sock.close()
