"""IANA's special-purpose address registries, as of 2026-07-18.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry-1.csv and
https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry-1.csv; their columns "Address
Block", "Name" and "Globally Reachable", without footnotes, a line for each block. To renew: fetch, compare, replace.
"""

import csv
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
FILE: Final = Path(__file__).with_name("iana_special_purpose.csv")
# Globally reachable by the registries, and refused all the same: they lead to an address that somebody else chooses, or
# are for protocols that no receiver speaks.
STRICTER: Final = tuple(map(ip_network, ("192.0.0.0/24", "64:ff9b::/96", "2001::/23")))
# Outside the registries: multicast, and of IPv6 whatever has not been given out as global unicast.
MULTICAST: Final = tuple(map(ip_network, ("224.0.0.0/4", "ff00::/8")))
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")


@dataclass(frozen=True)
class Block:
    """One line of a registry. What is not applicable, or deprecated, counts as not reachable."""

    network: Network
    name: str
    is_reachable: bool


@cache
def blocks() -> tuple[Block, ...]:
    """Every line, IPv4 first."""
    with FILE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(Block(ip_network(row["block"]), row["name"], row["globally_reachable"] == "True") for row in rows)


def is_callable(address: Address) -> bool:
    """What the registries say, the longest block that holds the address first, and what is stricter here."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return is_callable(address.ipv4_mapped)
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    if any(address in block for block in (*STRICTER, *MULTICAST) if block.version == address.version):
        return False
    holding = [one for one in blocks() if one.network.version == address.version and address in one.network]
    return max(holding, key=lambda one: one.network.prefixlen).is_reachable if holding else True
