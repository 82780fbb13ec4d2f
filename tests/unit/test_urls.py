"""`urls`: one strict reading of a URL, and the hosts that may be called."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grantwire.urls import MAX_URL_CHARACTERS, Url, as_sent, host_is_allowed, host_of, parse_url
from tests.unit.conftest import texts


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.torq.io/v1/webhooks/1/", Url("hooks.torq.io", 443, "/v1/webhooks/1/")),
        ("https://hooks.torq.io", Url("hooks.torq.io", 443, "/")),
        ("HTTPS://Hooks.Torq.IO/A", Url("hooks.torq.io", 443, "/A")),
        ("https://hooks.torq.io:8443/a?b=c&d=%20", Url("hooks.torq.io", 8443, "/a?b=c&d=%20")),
        ("https://hooks.torq.io?b=c", Url("hooks.torq.io", 443, "/?b=c")),
        ("https://hooks.torq.io#part", Url("hooks.torq.io", 443, "/")),
        ("https://hooks.torq.io/a#part/?b", Url("hooks.torq.io", 443, "/a")),
        ("https://hooks.torq.io/größe|{x}", Url("hooks.torq.io", 443, "/gr%C3%B6%C3%9Fe%7C%7Bx%7D")),
        ("https://hooks.torq.io/a@b:c", Url("hooks.torq.io", 443, "/a@b:c")),
        ("https://xn--bcher-kva.example/", Url("xn--bcher-kva.example", 443, "/")),
        ("https://[2606:4700::1111]:444/a", Url("2606:4700::1111", 444, "/a")),
        ("https://8.8.8.8/", Url("8.8.8.8", 443, "/")),
        ("https://under_score.example/", Url("under_score.example", 443, "/")),
    ],
)
def test_a_url_is_read(url: str, expected: Url) -> None:
    """Host in lower case, port, and a target that can go on the wire as it is."""
    assert expected == parse_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.torq.io/a%20b?c=d&e=(f)", "https://hooks.torq.io/a%20b?c=d&e=(f)"),
        ("https://hooks.torq.io:8443/größe|", "https://hooks.torq.io:8443/gr%C3%B6%C3%9Fe%7C"),
        ("https://hooks.torq.io/••••?ü=••••#part", "https://hooks.torq.io/••••?%C3%BC=••••"),
        ("https://hooks.torq.io/ü a", "https://hooks.torq.io/ü a"),
        ("https://ü.example/ü", "https://ü.example/ü"),
    ],
)
def test_a_url_is_shown_as_it_is_sent(url: str, expected: str) -> None:
    """A mask stays one; what cannot be sent is shown as it is, since that is what is wrong with it."""
    assert expected == as_sent(url, mask="••••")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "does not start with https://"),
        ("hooks.torq.io", "does not start with https://"),
        ("//hooks.torq.io/", "does not start with https://"),
        ("http://hooks.torq.io/", "does not start with https://"),
        ("ftp://hooks.torq.io/", "does not start with https://"),
        ("file:///etc/passwd", "does not start with https://"),
        ("httpſ://hooks.torq.io/", "does not start with https://"),
        (" https://hooks.torq.io/", "space, a backslash or a control character"),
        ("https://hooks.torq.io/a b", "space, a backslash or a control character"),
        ("https://hooks.torq.io/\r\nX: y", "space, a backslash or a control character"),
        ("https://hooks.torq.io/\t", "space, a backslash or a control character"),
        ("https://hooks.torq.io\\@evil.example/", "space, a backslash or a control character"),
        ("https://hooks.torq.io/\x7f", "space, a backslash or a control character"),
        ("https://user@hooks.torq.io/", "user name or password"),
        ("https://user:pass@hooks.torq.io/", "user name or password"),
        ("https://@hooks.torq.io/", "user name or password"),
        ("https://hooks.torq.io@169.254.169.254/", "user name or password"),
        ("https://bücher.example/", "letters outside ASCII"),
        ("https://①②⑦.0.0.1/", "letters outside ASCII"),
        ("https://hooks。torq.io/", "letters outside ASCII"),
        ("https://ſ.example/", "letters outside ASCII"),
        ("https:///path", "no usable host"),
        ("https://", "no usable host"),
        ("https://?a=b", "no usable host"),
        ("https://:443/", "no usable host"),
        ("https://hooks.torq.io:/", "no usable host"),
        ("https://hooks.torq.io:4a/", "no usable host"),
        ("https://hooks.torq.io:-1/", "no usable host"),
        ("https://hooks.torq.io:443:443/", "no usable host"),
        ("https://hooks.torq.io%2eevil.example/", "no usable host"),
        ("https://[::1%25eth0]/", "no usable host"),
        ("https://[::1/", "no usable host"),
        ("https://::1/", "no usable host"),
        ("https://[v1.x]/", "no usable host"),
        ("https://a,b/", "no usable host"),
        ("https://hooks.torq.io:0/", "port outside 1 to 65535"),
        ("https://hooks.torq.io:65536/", "port outside 1 to 65535"),
        ("https://hooks.torq.io/" + "a" * MAX_URL_CHARACTERS, "longer than 4096 characters"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(url: str, message: str) -> None:
    """The message continues "the URL …" and says what would help."""
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_url(url)


PARTS = st.sampled_from(
    [
        *"/?#@:\\[]%.-_ \t\n\0",
        "https",
        "://",
        "a.example",
        "8.8.8.8",
        "::1",
        "443",
        "%2f",
        "..",
        "é",
        "\u2028",
        "\ud800",
    ]
)


@settings(max_examples=300)
@given(st.one_of(texts(30), st.lists(PARTS, max_size=10).map("".join)))
def test_any_text_is_a_url_or_a_value_error(rest: str) -> None:
    """What is accepted is read by the standard library in the same way, and is fit to be sent."""
    try:
        url = parse_url(f"https://{rest}")
    except ValueError:
        return
    other = urlsplit(f"https://{rest}")
    assert (url.host, url.port) == (other.hostname, other.port or 443)
    assert url.target.startswith("/")
    assert url.target.isascii()
    assert not set(url.target) & set("#\\ \r\n\t\0")


@pytest.mark.parametrize(
    ("host", "patterns", "allowed"),
    [
        ("hooks.torq.io", (), True),
        ("hooks.torq.io", ("hooks.torq.io",), True),
        ("hooks.torq.io.", ("hooks.torq.io",), True),
        ("hooks.torq.io", ("other.example", "hooks.torq.io"), True),
        ("hooks.torq.io", ("*.torq.io",), True),
        ("a.b.torq.io", ("*.torq.io",), True),
        ("torq.io", ("*.torq.io",), False),
        ("eviltorq.io", ("*.torq.io",), False),
        ("hooks.torq.io.evil.example", ("hooks.torq.io", "*.torq.io"), False),
        ("evil.example", ("hooks.torq.io",), False),
        ("xhooks.torq.io", ("hooks.torq.io",), False),
        ("hooksxtorq.io", ("hooks.torq.io",), False),
        ("169.254.169.254", ("*.torq.io",), False),
    ],
)
def test_the_allow_list(host: str, patterns: tuple[str, ...], allowed: bool) -> None:
    """A name itself, or everything below `*.`; without a pattern every host."""
    assert allowed is host_is_allowed(host, patterns)


@pytest.mark.parametrize(
    "path", ["/a/../b", "/./b", "/..", "/a/%2e%2E/b", "/a/.%2e?x=1", "/a/..%2F..%2Fb", "/a/..%5cb", "/a/..;v=1/b"]
)
def test_a_path_cannot_be_climbed(path: str) -> None:
    """A segment that is a dot or two, escaped or not, would lead to another path; in a query it is only text."""
    with pytest.raises(ValueError, match="would climb"):
        parse_url(f"https://a.example{path}")
    assert parse_url("https://a.example/a..b/.c?d=..").target == "/a..b/.c?d=.."


@pytest.mark.parametrize("url", ["https://a.example/100%/x", "https://a.example/%zz", "https://a.example/?q=%"])
def test_a_stray_percent_is_refused(url: str) -> None:
    """It would make every escape after it be escaped once more."""
    with pytest.raises(ValueError, match="write it as %25"):
        parse_url(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hooks.Torq.io./v1/{{data.id}}", "hooks.torq.io"),
        ("https://a.example:8443/", "a.example:8443"),
        ("https://[2606:4700::1]/", "[2606:4700::1]"),
        ("https://[2606:4701::9]:8443/?q={{x}}", "[2606:4701::9]:8443"),
        ("https://[2606:4701::9:8443]/", "[2606:4701::9:8443]"),
        ("no url", ""),
    ],
)
def test_what_a_url_leads_to(url: str, host: str) -> None:
    """The host as it is called, and its port unless it is the usual one."""
    assert host_of(url) == host
