"""URLs and addresses that are meant to lead somewhere inside."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from grantwire.addresses import refusal
from grantwire.configurations import parse_webhook
from grantwire.egress import Egress
from grantwire.errors import InvalidWebhookError
from tests.hostile import registry
from tests.hostile.cases import Came, Case
from tests.hostile.world import Peer, World, listening, request, resolving, whole_request, words
from tests.receivers import answer

_REFUSED: Final = r".* resolves to .*: only public addresses may be called"
_UNRESOLVED: Final = "the host name cannot be resolved"

# Spellings of loopback and of the metadata address, as the system's resolver reads them (inet_aton) or does not.
_SPELLINGS: Final = (
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("0177.0.0.01", "127.0.0.1.", "0", "0.0.0.0", "0x0", "127.255.255.254", "localhost", "LOCALHOST", "localhost."),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::127.0.0.1]"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe", "169.254.43518"),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "[fe80::1]", "10.1", "0300.0250.1.1"),
)
# What a name may resolve to. AWS's own addresses are among them: IMDS, ECS and EKS credentials, DNS, time, Lambda's
# runtime API, and the X-Ray daemon of an execution environment.
_ANSWERS: Final = {
    "loopback": ("127.0.0.1",),
    "loopback, IPv6": ("::1",),
    "Lambda's runtime API": ("169.254.100.1",),
    "the runtime API on loopback": ("127.0.0.1",),
    "the X-Ray daemon": ("169.254.79.129",),
    "instance metadata": ("169.254.169.254",),
    "instance metadata, IPv6": ("fd00:ec2::254",),
    "container credentials": ("169.254.170.2",),
    "EKS pod identity": ("169.254.170.23",),
    "EKS pod identity, IPv6": ("fd00:ec2::23",),
    "Amazon's resolver": ("169.254.169.253",),
    "Amazon's time": ("169.254.169.123",),
    "another cloud's metadata": ("100.100.100.200",),
    "a third cloud's metadata": ("192.0.0.192",),
    "10/8": ("10.0.0.1",),
    "172.16/12": ("172.31.255.255",),
    "192.168/16": ("192.168.0.1",),
    "carrier's NAT": ("100.64.0.1",),
    "unique local": ("fd12:3456::1",),
    "link local": ("fe80::1",),
    "link local with a zone": ("fe80::1%eth0",),
    "site local": ("fec0::1",),
    "mapped loopback": ("::ffff:127.0.0.1",),
    "mapped metadata": ("::ffff:169.254.169.254",),
    "compatible loopback": ("::127.0.0.1",),
    "translated loopback": ("::ffff:0:127.0.0.1",),
    "6to4 of 10.0.0.1": ("2002:a00:1::1",),
    "6to4 of metadata": ("2002:a9fe:a9fe::1",),
    "Teredo": ("2001:0:a9fe:a9fe::1",),
    "NAT64 of loopback": ("64:ff9b::7f00:1",),
    "NAT64 of metadata": ("64:ff9b::a9fe:a9fe",),
    "local NAT64 of metadata": ("64:ff9b:1::a9fe:a9fe",),
    "multicast": ("224.0.0.1",),
    "multicast, IPv6": ("ff02::1",),
    "broadcast": ("255.255.255.255",),
    "reserved": ("240.0.0.1",),
    "documentation": ("2001:db8::1",),
    "newer documentation": ("3fff::1",),
    "segment routing": ("5f00::1",),
    "never allocated, 4000::": ("4000::1",),
    "never allocated, 1::": ("1::1",),
    "never allocated, e000::": ("e000::1",),
    "one public, one private": ("93.184.215.14", "10.0.0.1"),
    "one private, one public": ("10.0.0.1", "93.184.215.14"),
    "fifty public, the last inside": (*(f"93.184.215.{last}" for last in range(50)), "169.254.169.254"),
    "public IPv6, private IPv4": ("2606:4700:4700::1111", "192.168.0.1"),
}
_NO_URL: Final = {
    "user info before metadata": "https://hooks.example.com@169.254.169.254/",
    "a password": "https://user:pass@hooks.example.com/",
    "an @ in the port": "https://hooks.example.com:443@169.254.169.254/",
    "a backslash before @": "https://169.254.169.254\\@hooks.example.com/",
    "a backslash for a slash": "https:" + "\\" * 2 + "169.254.169.254/",
    "a tab in the host": "https://hooks.exa\tmple.com/",
    "a line break in the host": "https://hooks.example.com\r\nHost: inside/",
    "a NUL in the host": "https://hooks.example.com\0.inside/",
    "a space in the host": "https://hooks.example.com .inside/",
    "plain http": "http://169.254.169.254/latest/meta-data/",
    "a file": "file:///proc/self/environ",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "no scheme": "//169.254.169.254/",
    "no host": "https:///latest/meta-data/",
    "an empty host": "https://",
    "a percent-encoded host": "https://%31%36%39.254.169.254/",
    "a zone in the host": "https://[fe80::1%25eth0]/",
    "full-width digits": "https://１２７.０.０.１/",
    "circled letters": "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "an ideographic full stop": "https://169。254。169。254/",
    "a soft hyphen": "https://local\u00adhost/",
    "a zero-width space": "https://169.254\u200b.169.254/",
    "a long s in the scheme": "httpſ://169.254.169.254/",
    "port 0": "https://hooks.example.com:0/",
    "port 65536": "https://hooks.example.com:65536/",
    "a port in other digits": "https://hooks.example.com:٤٤٣/",
    "a port in hex": "https://hooks.example.com:0x1bb/",
    "a negative port": "https://hooks.example.com:-1/",
    "brackets around a name": "https://[hooks.example.com]/",
    "half a bracket": "https://[::1/",
    "a climbing path": "https://hooks.example.com/a/../../latest",
    "an encoded climbing path": "https://hooks.example.com/a/%2e%2e/latest",
    "a broken escape": "https://hooks.example.com/%zz",
    "5,000 characters": "https://hooks.example.com/" + "a" * 5000,
}
_NO_HOST: Final = ("https://{{data.id}}/", "https://{{data.id}}.example.com/", "https://hooks.example.com{{data.id}}/")
_HEADERS: Final = (
    *("Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Expect", "Trailer"),
    *("Proxy-Connection", "webhook-id", "webhook-timestamp", "webhook-signature", "Grantwire-Hops"),
)


def cases() -> Iterator[Case]:
    """All of the family."""
    make = partial(Case, family="addresses")
    for host in _SPELLINGS:
        yield make(
            name=f"https://{host}/",
            attack=partial(_spelled, host),
            expects=f"{_REFUSED}|{_UNRESOLVED}",
        )
    for name, addresses in _ANSWERS.items():
        yield make(name=f"resolves to {name}", attack=partial(_resolved, addresses), expects=_REFUSED)
    for name, url in _NO_URL.items():
        yield make(name=f"URL with {name}", attack=partial(_unusable, url), expects="the URL .*")
    for url in _NO_HOST:
        yield make(name=f"URL {url}", attack=partial(_saved, {"url": url}), expects="url .*placeholder in its host.*")
    for header in _HEADERS:
        attack = partial(_saved, {"headers": [{"name": header, "value": "inside.example.com"}]})
        yield make(name=f"own header {header}", attack=attack, expects=r"headers\[0\].name .* is set by Grantwire.*")
    for status in (301, 302, 303, 307, 308):
        attack = partial(_redirected, f"{status} Moved", "Location: https://169.254.169.254/latest/meta-data/")
        yield make(name=f"{status} to the metadata address", attack=attack, expects=f"answered {status} .*")
    attack = partial(_redirected, "200 OK", "Refresh: 0; url=https://169.254.169.254/")
    yield make(name="Refresh to the metadata address", attack=attack, expects="answered 200 .*")
    attack = partial(_redirected, "307 Moved", "Location: /other")
    yield make(name="307 to another path of its own", attack=attack, expects="answered 307 .*")
    for family in (4, 6):
        yield make(
            name=f"IANA's IPv{family} registry", attack=partial(_registry, family), expects="as the registry says"
        )


def _spelled(host: str, world: World) -> Came:
    with world.watched() as called:
        exchange = world.send(Egress(), request(f"https://{host}/"), seconds=2)
    return Came(outcome=words(exchange), harm=f"called {called}" if called else "")


def _resolved(addresses: tuple[str, ...], world: World) -> Came:
    with world.watched() as called:
        egress = Egress(resolve=resolving(*addresses))
        exchange = world.send(egress, request("https://innocent.example.com/"), seconds=2)
    return Came(outcome=words(exchange), harm=f"called {called}" if called else "")


def _unusable(url: str, world: World) -> Came:
    """Refused when it is saved, and when it is sent, should it have come to be stored or rendered."""
    saved = _saved({"url": url}, world)
    with world.watched() as called:
        egress = Egress(resolve=resolving("93.184.215.14"))
        exchange = world.send(egress, request(url), seconds=2)
    harm = f"called {called}" if called else "" if saved.outcome.startswith("url") else "could be saved"
    return Came(outcome=words(exchange), harm=harm)


def _saved(fields: dict[str, object], world: World) -> Came:
    document = {"name": "Torq", "url": "https://hooks.example.com/", "triggers": ["RequestCreated"]} | fields
    try:
        parse_webhook(document, webhook_id="wh_1", now=1795000000.0)
    except InvalidWebhookError as exc:
        return Came(outcome=str(exc))
    return Came(outcome="saved")


def _redirected(status: str, header: str, world: World) -> Came:
    came: list[bytes] = []

    def redirect(peer: Peer) -> None:
        sock = peer.tls()
        while got := whole_request(sock):
            came.append(got)
            sock.sendall(answer(status, b"", header))

    egress = world.egress()
    with listening(redirect, world.context) as receiver:
        exchange = world.send(egress, request(receiver.url), seconds=2)
        egress.close()
    return Came(outcome=words(exchange), harm=f"{len(came)} requests were made" if len(came) != 1 else "")


def _registry(version: int, world: World) -> Came:
    """The first, the middle and the last address of every block, and its neighbours, judged as the registry does."""
    for block in registry.blocks():
        network = block.network
        if network.version != version:
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        for number in (first - 1, first, (first + last) // 2, last, last + 1):
            if number not in range(2**network.max_prefixlen):
                continue
            address = type(network.network_address)(number)
            if registry.is_callable(address) is bool(refusal(str(address))):
                return Came(outcome=f"{address} of {block.name} is judged otherwise")
    return Came(outcome="as the registry says")
