"""`addresses`: which addresses may be called, held against IANA's registries."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.addresses import refusal

# Every block that https://www.iana.org/assignments/iana-ipv4-special-registry marks as not globally reachable, and
# 192.88.99.0/24, whose use is deprecated.
IPV4_BLOCKS = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
]
# The same of https://www.iana.org/assignments/iana-ipv6-special-registry: not globally reachable, not applicable (they
# lead to an IPv4 address) or deprecated. ::ffff:0:0/96 is missing: a mapped address is judged as the IPv4 one it is.
IPV6_BLOCKS = [
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
]
# Not in those registries, or globally reachable by them, and still no place to send a request to.
OTHER_BLOCKS = [
    "224.0.0.0/4",  # multicast
    "ff00::/8",  # multicast
    "fec0::/10",  # site-local, RFC 3879
    "::/96",  # IPv4-compatible, RFC 4291
    "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
    "64:ff9b::/96",  # NAT64, RFC 6052
    "64:ff9b::a9fe:a9fe/128",  # NAT64 of the metadata address
    "2002:a9fe:a9fe::/48",  # 6to4 of it
    "2001:0:a9fe:a9fe::/64",  # Teredo by way of it
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "9.9.9.9", "52.94.236.248", "104.16.132.229", "140.82.121.4", "185.199.108.153"),
    *("9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"),  # neighbours
    *("169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255"),
    *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.114.0", "223.255.255.255"),
    *("192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"),  # globally reachable by the registries
    *("2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe", "2a00:1450:4001:81b::200e", "2600:9000::1"),
    *("2001:200::1", "2003::1", "2400::1", "::ffff:8.8.8.8", "::FFFF:0808:0808"),
]


@pytest.mark.parametrize("block", [*IPV4_BLOCKS, *IPV6_BLOCKS, *OTHER_BLOCKS])
def test_special_blocks_are_refused(block: str) -> None:
    """From the first address to the last."""
    network = ip_network(block)
    middle = network.network_address + network.num_addresses // 2
    for address in (network.network_address, middle, network.broadcast_address):
        assert refusal(str(address)), f"{address} of {block} would be called"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """Well-known services, the neighbours of special blocks, and blocks that IANA calls globally reachable."""
    assert refusal(address) == ""


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("169.254.169.254", "a link-local address, where clouds keep credentials"),
        ("fe80::1", "a link-local address, where clouds keep credentials"),
        ("::ffff:169.254.169.254", "a link-local address, where clouds keep credentials"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("10.0.0.1", "a private or reserved address"),
        ("fd00:ec2::254", "a private or reserved address"),
    ],
)
def test_a_refusal_says_what_the_address_is(address: str, reason: str) -> None:
    """In words that continue "resolves to …"."""
    assert reason == refusal(address)


@pytest.mark.parametrize(
    "address", ["fe80::1%eth0", "fe80::1%1", "fec0::1%2", "::1%lo", "::ffff:127.0.0.1%x", "fc00::1%"]
)
def test_a_zone_id_does_not_help(address: str) -> None:
    """It names an interface, and leaves the address what it is."""
    assert refusal(address)


def test_a_public_address_with_a_zone_id_is_read() -> None:
    """No crash: the resolver may give one."""
    assert refusal("2606:4700:4700::1111%eth0") == ""


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
def test_loopback_can_be_permitted(address: str) -> None:
    """For tests and the local stack."""
    assert refusal(address, permit_loopback=True) == ""


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "0.0.0.0", "::", "fe80::1", "fc00::1", "64:ff9b::7f00:1"]
)
def test_permitting_loopback_permits_nothing_else(address: str) -> None:
    """Neither private networks nor what merely leads to loopback."""
    assert refusal(address, permit_loopback=True)


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_has_the_verdict_of_the_address_it_maps(number: int) -> None:
    """::ffff:a.b.c.d is a.b.c.d, in either spelling."""
    address = IPv4Address(number)
    verdict = refusal(str(address))
    assert verdict == refusal(f"::ffff:{address}")
    assert verdict == refusal(str(IPv6Address(0xFFFF_0000_0000 | number)))


@given(st.integers(0, 2**32 - 1))
def test_no_translator_or_relay_is_called(number: int) -> None:
    """Whatever IPv4 address is inside: the translator decides where it leads."""
    for address in ((0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80), (0x20010000 << 96) | number, number):
        assert refusal(str(IPv6Address(address)))


@given(st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)))
def test_nothing_is_called_that_python_knows_to_be_special(address: IPv4Address | IPv6Address) -> None:
    """The standard library's registries are a lower bound."""
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not mapped.is_global or mapped.is_multicast:
        assert refusal(str(address))
    assert refusal(str(address)) == refusal(str(ip_address(str(address))))


@pytest.mark.parametrize("text", ["", "localhost", "2130706433", "0177.0.0.1", "127.1", "1.2.3.4.5", "%eth0"])
def test_what_is_no_address_is_an_error(text: str) -> None:
    """Odd spellings are the resolver's to read; what it answers is an address or nothing is called."""
    with pytest.raises(ValueError, match="IPv4 or IPv6 address"):
        refusal(text)
