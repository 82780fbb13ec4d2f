"""The API's address, and whether a token may be sent there."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cli.errors import UsageError

LOCAL_STACK: Final = "http://127.0.0.1:8600"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is: https, or plain http on this machine; without a slash at its end."""

    url: str


def read_address(text: str) -> Address:
    """The address in a text. Raises UsageError for one to which a token would go in clear, or that is none."""
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise UsageError(f"the API's address is no URL: {exc}") from exc
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"the API's address must be an https URL, as in https://api.example.com; local: {LOCAL_STACK}")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("the API's address must have no user name, query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(f"the API's address must be https: {host} is not this machine, and a token would go in clear")
    return Address(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1. No name is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
