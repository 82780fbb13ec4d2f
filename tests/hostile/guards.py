"""Guards, and what the code is without each: `make hostile` shows that the cases of its family then fall short.

A guard is taken out of a module's source as it is imported, in a process of its own; nothing on disk changes.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Guard:
    """In `module`, `old` is the guard, and `new` is what stands there without it.

    cases      the part of their titles that has those it is shown by
    of_memory  whether they show it by the memory they take
    """

    family: str
    name: str
    module: str
    old: str
    new: str
    cases: str = ""
    of_memory: bool = False

    def without(self, source: str) -> str:
        """The module's source without the guard, which must be there exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.module} holds {source.count(self.old)} times the guard {self.old!r}")
        return source.replace(self.old, self.new)


GUARDS: Final = (
    Guard(
        family="addresses",
        name="addresses are looked at",
        module="grantwire.addresses",
        old='        return ""\n    return _refusal(ip)',
        new='        return ""\n    return ""',
        cases="resolves to",
    ),
    Guard(
        family="addresses",
        name="all addresses of a name",
        module="grantwire.egress",
        old="for *_, sockaddr in addresses:",
        new="for *_, sockaddr in addresses[:1]:",
        cases="resolves to",
    ),
    Guard(
        family="addresses",
        name="IPv6 that was given out",
        module="grantwire.addresses",
        old="ip not in _GLOBAL_UNICAST",
        new="False",
        cases="resolves to",
    ),
    Guard(
        family="addresses",
        name="relays and protocol blocks",
        module="grantwire.addresses",
        old="not ip.is_global or any(",
        new="not ip.is_global or False and any(",
        cases="resolves to",
    ),
    Guard(
        family="addresses",
        name="one reading of a URL",
        module="grantwire.urls",
        old="    match = _URL.fullmatch(url)\n",
        new="    match = re.match(r'https://(?:.*@)?(?P<host>[^/:@]+)(?::(?P<port>[0-9]+))?(?P<target>/.*)?', url)\n",
        cases="URL with",
    ),
    Guard(
        family="addresses",
        name="no user info in a URL",
        module="grantwire.urls",
        old='    if "@" in authority:\n',
        new='    url = re.sub(r"//.*@", "//", url)\n    if False:\n',
        cases="URL with",
    ),
    Guard(
        family="addresses",
        name="no redirect is followed",
        module="grantwire.egress",
        old="        retries=False,\n        redirect=False,\n",
        new="        retries=3,\n        redirect=True,\n",
        cases="30",
    ),
    Guard(
        family="addresses",
        name="headers that are ours",
        module="grantwire.credentials",
        old="if name.lower() in _OURS else",
        new="if False else",
        cases="own header",
    ),
    Guard(
        family="names",
        name="called is what was checked",
        module="grantwire.egress",
        old="        sock = _connected(addresses, trace)\n",
        new="        sock = _connected(trace.egress.resolve(self._dns_host, self.port or 443), trace)\n",
        cases="look-up",
    ),
    Guard(
        family="names",
        name="our own host",
        module="grantwire.egress",
        old="if url.authority == self.own_host:",
        new="if False:",
        cases="our own API",
    ),
    Guard(family="names", name="hops are counted", module="grantwire.hops", old="if hops <= MOST:", new="if True:"),
    Guard(
        family="names",
        name="no proxy is asked",
        module="grantwire.egress",
        old="        pools = PoolManager(",
        new="        import os\n\n        found = [os.environ[one] for one in os.environ if 'proxy' in one.lower()]\n"
        "        proxied = {'ssl_context': self._tls, 'retries': False}\n"
        "        pools = urllib3.ProxyManager(found[0], **proxied) if found else PoolManager(",
        cases="HTTPS_PROXY",
    ),
    Guard(
        family="names",
        name="the list of allowed hosts",
        module="grantwire.egress",
        old="if not host_is_allowed(url.host, self.allowed_hosts):",
        new='if not any(one.strip("*.") in url.host + url.target for one in self.allowed_hosts or ("",)):',
        cases="allowed host",
    ),
    Guard(
        family="receivers",
        name="an answer's head is whole",
        module="grantwire.answers",
        old="if self._began and not line:",
        new="if False:",
        cases="closed within",
    ),
    Guard(
        family="receivers",
        name="one deadline for every read",
        module="grantwire.egress",
        old="        self.settimeout(trace.remaining())\n        count",
        new="        self.settimeout(1.0)\n        count",
        cases="a byte every 10 ms",
    ),
    Guard(
        family="receivers",
        name="one deadline for the handshake",
        module="grantwire.egress",
        old="            sock.settimeout(trace.remaining())  # the handshake's bound\n",
        new="            sock.settimeout(3.0)\n",
        cases="handshake, a byte",
    ),
    Guard(
        family="receivers",
        name="the head's length",
        module="grantwire.egress",
        old="if trace.head_bytes > MAX_HEAD_BYTES:",
        new="if False:",
        cases="head: an endless",
    ),
    Guard(
        family="receivers",
        name="the body's length",
        module="grantwire.egress",
        old="while len(body) <= MAX_RESPONSE_BYTES and",
        new="while len(body) <= MAX_RESPONSE_BYTES * 1000 and",
        cases="1 GB",
        of_memory=True,
    ),
    Guard(
        family="receivers",
        name="certificates are verified",
        module="grantwire.egress",
        old="        context.sslsocket_class = _DeadlineSocket\n",
        new="        context.sslsocket_class = _DeadlineSocket\n        context.check_hostname = False\n"
        "        context.verify_mode = ssl.CERT_NONE\n",
        cases="certif",
    ),
    Guard(
        family="receivers",
        name="TLS 1.2 at least",
        module="grantwire.egress",
        old="        context.minimum_version = ssl.TLSVersion.TLSv1_2\n",
        new="        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED\n"
        '        context.set_ciphers("DEFAULT:@SECLEVEL=0")\n',
        cases="TLS 1",
    ),
    Guard(
        family="receivers",
        name="answers are read strictly",
        module="grantwire.egress",
        old="    response_class = StrictResponse\n",
        new="    response_class = StrictResponse.__bases__[0]\n",
        cases="late body",
    ),
    Guard(
        family="receivers",
        name="bytes nobody asked for",
        module="grantwire.egress",
        old="return super().is_connected and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending())",
        new="return self.sock is not None",
        cases="answer",
    ),
    Guard(
        family="events",
        name="numbers that JSON has",
        module="grantwire.spelling",
        old='    if not math.isfinite(value):\n        return "null"\n',
        new="    if not math.isfinite(value):\n        return repr(value)\n",
    ),
    Guard(
        family="events",
        name="half a surrogate pair is escaped",
        module="grantwire.spelling",
        old='quoted.encode("utf-8", "backslashreplace").decode("utf-8")',
        new="quoted",
    ),
    Guard(
        family="events",
        name="how deep a value may nest",
        module="grantwire.spelling",
        old="    if depth == MAX_DEPTH:\n",
        new="    if False:\n",
    ),
    Guard(
        family="events",
        name="an event nobody can use is kept",
        module="grantwire.dispatching",
        old="        except InvalidEventError as exc:\n",
        new="        except ZeroDivisionError as exc:\n",
    ),
    Guard(
        family="events",
        name="how long a dead letter is",
        module="grantwire.stores.dead_letters",
        old="    if len(letter.encode()) <= MAX_LETTER_BYTES:\n",
        new="    if True:\n",
        cases="dead letter",
    ),
    Guard(
        family="events",
        name="what SQS does not take is escaped",
        module="grantwire.stores.dead_letters",
        old="    return re.sub(_REFUSED_BY_SQS, ",
        new='    return re.sub("(?!)", ',
        cases="dead letter",
    ),
    Guard(
        family="events",
        name="how much is rendered",
        module="grantwire.templates",
        old="            if self.size > MAX_OUTPUT_CHARACTERS:\n",
        new="            if False:\n",
    ),
    Guard(
        family="configurations",
        name="how many steps a template takes",
        module="grantwire.templates",
        old="        if self.steps > MAX_STEPS:\n",
        new="        if self.steps > MAX_STEPS * 50:\n",
        cases="rendering",
    ),
    Guard(
        family="configurations",
        name="the grammar of paths",
        module="grantwire.validators",
        old="        compiled: _Path = parse(normalise(path))\n",
        new="        compiled: _Path = parse(path)\n",
        cases="path",
    ),
    Guard(
        family="configurations",
        name="one descent in a path",
        module="grantwire.validators",
        old='    if path.count("..") > 1:',
        new="    if False:",
        cases="path",
    ),
    Guard(
        family="configurations",
        name="how deep an answer a path is followed in",
        module="grantwire.validators",
        old="        if depth > MAX_DEPTH:\n",
        new="        if False:\n",
        cases="50 validators",
    ),
    Guard(
        family="configurations",
        name="one bound of work for all validators",
        module="grantwire.validators",
        old="        if self.work_left < 0:\n",
        new="        if False:\n",
        cases="50 validators",
    ),
    Guard(
        family="configurations",
        name="patterns take time in proportion",
        module="grantwire.filters",
        old='        first, *rest = pattern.split("*")\n',
        new='        import fnmatch\n\n        backtracking = fnmatch.translate(pattern).replace("(?>", "(?:")\n'
        '        self.match = re.compile(backtracking).fullmatch\n        first, *rest = pattern.split("*")\n',
        cases="stars that backtrack",
    ),
    Guard(
        family="configurations",
        name="text is folded piece by piece",
        module="grantwire.filters",
        old="_LEAST_PIECE, _MOST_PIECE = 32, 64",
        new="_LEAST_PIECE, _MOST_PIECE = 1_000, 2_000",
        cases="marks",
    ),
    Guard(
        family="configurations",
        name="how many placeholders a template has",
        module="grantwire.tags",
        old="MAX_TAGS: Final = 2000",
        new="MAX_TAGS: Final = 2000000",
        cases="template",
    ),
    Guard(
        family="injection",
        name="no line break in a header",
        module="grantwire.spelling",
        old="    if _LINE_BREAK.search(text):\n",
        new='    text = _LINE_BREAK.sub(" ", text)\n    if False:\n',
        cases="header value",
    ),
    Guard(
        family="injection",
        name="no control character in a header",
        module="grantwire.spelling",
        old="    if _CONTROL.search(text):\n",
        new="    if False:\n",
        cases="header value",
    ),
    Guard(
        family="injection",
        name="values in a URL are encoded",
        module="grantwire.spelling",
        old='    return quote(plain_text(value), safe="", errors="replace")\n',
        new="    return plain_text(value)\n",
        cases="URL",
    ),
    Guard(
        family="injection",
        name="values in a form are encoded",
        module="grantwire.spelling",
        old='    return quote_plus(plain_text(value), errors="replace")\n',
        new="    return plain_text(value)\n",
        cases="form",
    ),
    Guard(
        family="injection",
        name="names of headers",
        module="grantwire.credentials",
        old="    if not _HEADER_NAME.fullmatch(name):\n",
        new="    if False:\n",
        cases="header",
    ),
    Guard(
        family="injection",
        name="access tokens are one word",
        module="grantwire.authentication",
        old="not isinstance(token, str) or not _TOKEN.fullmatch(token)",
        new="False",
        cases="access token",
    ),
    Guard(
        family="injection",
        name="an exception's text is not logged",
        module="grantwire.dispatching",
        old="return str(fault) if isinstance(fault, StoreError) else type(fault).__name__",
        new="return str(fault)",
        cases="log",
    ),
    Guard(
        family="injection",
        name="an event's text is not logged",
        module="grantwire.reporting",
        old='"trigger": event.trigger}',
        new='"trigger": event.trigger, "data": str(event.payload.get("data"))}',
        cases="log",
    ),
)


def named(name: str) -> Guard:
    """The guard of that name."""
    return next(one for one in GUARDS if one.name == name)


def source_of(guard: Guard) -> str:
    """The module's source as it is."""
    spec = find_spec(guard.module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def take_out(guard: Guard) -> None:
    """From now on the guard's module is imported without it. It must not have been imported yet."""
    if guard.module in sys.modules:
        raise RuntimeError(f"{guard.module} was imported before its guard was taken out")
    sys.meta_path.insert(0, _Finder({guard.module: guard}))


class _Finder(MetaPathFinder):
    def __init__(self, guards: Mapping[str, Guard]) -> None:
        self.guards = guards

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        guard = self.guards.get(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if guard else None
        if spec and spec.origin and guard:
            spec.loader = _Loader(fullname, spec.origin, guard)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, guard: Guard) -> None:
        super().__init__(fullname, path)
        self.guard = guard

    def get_code(self, fullname: str) -> CodeType:
        source = self.guard.without(Path(self.path).read_text(encoding="utf-8"))
        return compile(source, f"{self.path} (without: {self.guard.name})", "exec")
