"""Which IP addresses may be called: only those that are reachable over the public internet.

Sources: the IANA special-purpose registries (RFC 6890 and its updates) as `ipaddress` knows them, and what it does not
know: multicast, relays and translators that can lead back inside (6to4 RFC 3056, Teredo RFC 4380, NAT64 RFC 6052 and
RFC 8215), and the site-local block that RFC 3879 gave up.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_ALSO_REFUSED: Final = tuple(
    ip_network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments, of which older Pythons know a part
        "192.88.99.0/24",  # 6to4 relay anycast
        "fec0::/10",  # site-local
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "100:0:0:1::/64",  # dummy prefix (RFC 9780)
        "5f00::/16",  # segment routing (RFC 9602)
        "3fff::/20",  # documentation (RFC 9637)
    )
)


def refusal(address: str, *, permit_loopback: bool = False) -> str:
    """Why `address`, as the resolver gave it, may not be called; empty when it may.

    `permit_loopback` is for tests and the local stack: their receivers run on this machine.
    """
    ip = ip_address(address.partition("%")[0])  # a zone id, as in fe80::1%eth0, does not change what the address is
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if permit_loopback and ip.is_loopback:
        return ""
    return _refusal(ip)


def _refusal(ip: IPv4Address | IPv6Address) -> str:
    if ip.is_loopback:
        return "a loopback address"
    if ip.is_link_local:
        return "a link-local address, where clouds keep credentials"
    if ip.is_multicast:
        return "a multicast address"
    if not ip.is_global or any(ip in block for block in _ALSO_REFUSED if block.version == ip.version):
        return "a private or reserved address"
    return ""
