"""Which IP addresses may be called: only those that are reachable over the public internet.

Sources: the IANA special-purpose registries (RFC 6890 and its updates) as `ipaddress` knows them, and what it does not
know, or not in every version. Of IPv6 only 2000::/3 has been given out as global unicast
(https://www.iana.org/assignments/ipv6-address-space); all else, NAT64 (RFC 6052, RFC 8215) and addresses that stand for
IPv4 ones included, is refused whole. Within it relays are refused that can lead back inside: 6to4 (RFC 3056) and Teredo
(RFC 4380).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_ALSO_REFUSED: Final = tuple(
    ip_network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments, of which older Pythons know a part
        "192.88.99.0/24",  # 6to4 relay anycast
        "2001::/23",  # protocol assignments: Teredo, ORCHID and their like, no receivers
        "2002::/16",  # 6to4
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
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return "a private or reserved address"
    return ""
