"""`redaction`: what a receiver sends back holds no secret."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.redaction import Redactor
from tests.unit.conftest import texts

WORD = 'p\u00e4ssw\u00f6rd-"hemligt'
# A mask in a secret would let a secret be put together from what is left around another mask.
SECRETS = texts(40).filter(lambda text: len(text) >= 4 and "•" not in text)


@given(SECRETS, texts(), texts())
def test_after_redaction_the_secret_is_not_in_the_text(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, however often it is there."""
    redactor = Redactor([secret])
    assert secret not in redactor.text(before + secret + after)
    assert secret not in redactor.text(secret + secret + before + secret[1:] + secret)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.lists(texts(), min_size=5, max_size=5))
def test_no_secret_of_several_is_left(secrets: list[str], around: list[str]) -> None:
    """Even where one is part of another."""
    text = "".join(part for pair in zip(around, [*secrets, ""], strict=False) for part in pair)
    redacted = Redactor(secrets).text(text)
    assert [secret for secret in secrets if secret in redacted] == []


def test_a_secret_that_begins_with_another_is_masked_whole() -> None:
    """Nothing of the longer one is left behind the mask of the shorter."""
    for secrets in (["abcd", "abcdefgh"], ["abcdefgh", "abcd"]):
        assert Redactor(secrets).text("got abcdefgh and abcd") == "got •••• and ••••"


@given(texts(60))
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    """No secret, no change; and a secret that is not there changes nothing."""
    assert text == Redactor([]).text(text)
    assert text == Redactor(["a secret that is not in any text here"]).text(text)


SECRET = 'tök"en/+a b\\c\n'


@pytest.mark.parametrize(
    "echoed",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        json.dumps({"headers": {"X-Api-Key": SECRET}}),
    ],
    ids=["plain", "JSON", "JSON in UTF-8", "percent", "form", "base64", "JSON document"],
)
def test_the_spellings_of_an_echo_are_masked(echoed: str) -> None:
    """A receiver that sends back what it got seldom sends it as it was."""
    redacted = Redactor([SECRET]).text(f"got {echoed}!")
    assert "••••" in redacted
    assert not any(part in redacted for part in ("t\u00f6k", "en/", "en%2F", "b\\c", "dMO2"))
    assert redacted.startswith(("got ", 'got "'))


@pytest.mark.parametrize(
    ("secret", "echoed"),
    [
        ("c2VjcmV0/Zm9v+YmFy==", "c2VjcmV0\\/Zm9v+YmFy=="),
        ("c2VjcmV0/Zm9v+YmFy==", "c2VjcmV0%2fZm9v%2bYmFy%3d%3d"),
        ("c2VjcmV0/Zm9v+YmFy==", "c2VjcmV0/Zm9v%2BYmFy%3D%3D"),
    ],
    ids=["PHP's JSON", "percent in lower case", "percent with slashes"],
)
def test_the_spellings_of_common_servers_are_masked(secret: str, echoed: str) -> None:
    """PHP's json_encode escapes every slash; some encoders write %2f where others write %2F, or leave slashes alone."""
    assert Redactor([secret]).text(f"got {echoed}") == "got ••••"


@pytest.mark.parametrize(
    ("secret", "text", "expected"),
    [
        ("Bearer s3cr3t-token", "the token s3cr3t-token is wrong", "the token •••• is wrong"),
        ("Bearer s3cr3t-token", "got Bearer s3cr3t-token", "got ••••"),
        ("Bearer s3cr3t-token", "Bearer tokens only", "Bearer tokens only"),
        ("Basic dXNlcjpoZW1saWdo", "dXNlcjpoZW1saWdo", "••••"),
        ("Basic dXNlcjpoZW1saWdo", "who: user, password: hemligh", "who: ••••, password: ••••"),
        ("Basic not-base64!", "not-base64!", "••••"),
        ("Basic /////w==", "a /////w== b", "a •••• b"),
        ("abc", "an abc is too short to be hidden", "an abc is too short to be hidden"),
        ("", "nothing", "nothing"),
        ("a.*c", "abbc a.*c", "abbc ••••"),
    ],
)
def test_the_parts_of_a_secret_are_secret(secret: str, text: str, expected: str) -> None:
    """The token without its scheme, what Basic encodes; a scheme's name is none, nor is a part of three letters."""
    assert expected == Redactor([secret]).text(text)


@pytest.mark.parametrize(
    ("secret", "echoed"),
    [
        (WORD, WORD.encode().decode("latin-1")),
        (WORD, json.dumps(WORD.encode().decode("latin-1"))[1:-1]),
        (WORD, json.dumps(WORD.encode().decode("latin-1"), ensure_ascii=False)[1:-1]),
        (WORD, html.escape(WORD.encode().decode("latin-1"))),
        (WORD, str(WORD.encode())[2:-1]),
        (WORD, json.dumps(WORD)[1:-1].replace("00e4", "00E4").replace("00f6", "00F6")),
        ("abc+def&ghi<jkl", r"abc\u002bdef\u0026ghi\u003cjkl"),
        ("abc+def&ghi<jkl", r"abc\u002Bdef\u0026ghi\u003Cjkl"),
        ("abc&def<ghi", "abc&amp;def&lt;ghi"),
        ("session=abcdefgh123; theme=dark", "abcdefgh123"),
        ("ApiKey=abcdefgh1234", "abcdefgh1234"),
        ('Digest response="6629fae49393a053", nc=1', "6629fae49393a053"),
        (" abcd1234 ", "abcd1234"),
    ],
    ids=[
        *("header bytes", "header bytes as JSON", "header bytes as JSON in UTF-8", "header bytes as HTML", "bytes"),
        *("JSON in capitals", "escapes", "escapes in capitals", "HTML", "cookie", "scheme", "digest", "spaces"),
    ],
)
def test_parts_and_odd_spellings_are_masked(secret: str, echoed: str) -> None:
    """What frameworks make of what they send back."""
    assert echoed not in Redactor([secret]).text(f"got [{echoed}]")


def test_thousands_of_secrets_are_found_as_a_few_are() -> None:
    """What a pattern would try one by one is looked up; what is found is the same, the longest first."""
    secrets = tuple(f"secret-{number:05d}-{'x' * (number % 7)}" for number in range(400))
    text = " ".join([*secrets, "secret-00007-xxxxxxx", "secret-0000", "nothing"])
    few = text
    for start in range(0, 400, 10):
        few = Redactor(secrets[start : start + 10]).text(few)
    many = Redactor(secrets).text(text)
    assert few == many
    assert many.endswith("secret-0000 nothing")
    assert not any(secret in many for secret in secrets)
