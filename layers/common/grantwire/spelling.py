"""How a JSON value is spelled in each place a template can put it.

Every function takes any JSON value and returns text; None (null, missing) is nothing, except as a bare JSON value.
ValueError, with a clause that continues "'<field>' …", when the value cannot stand there. Numbers are spelled as
JavaScript does (ECMA-262, Number::toString), since the receivers are mostly such; whole numbers keep every digit.
"""

import math
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final
from urllib.parse import quote, quote_plus

MAX_DEPTH: Final = 100
_LINE_BREAK = re.compile("[\r\n]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")  # RFC 9110, 5.5: a field value has none but the tab


def json_text(value: object) -> str:
    """A bare JSON value: compact, valid, fit for UTF-8; what is no JSON number (infinity) is null, as in JavaScript."""
    return _json(value, 0)


def inside_json_string(value: object) -> str:
    """The value as text between the quotes of a JSON string."""
    return _json_string(plain_text(value))[1:-1]


def plain_text(value: object) -> str:
    """The value as text: a string as it is, anything else its JSON spelling."""
    if value is None:
        return ""
    return value if type(value) is str else json_text(value)


def url_text(value: object) -> str:
    """Percent-encoded for one segment of a URL's path or one value of its query (RFC 3986, 2.1)."""
    return quote(plain_text(value), safe="", errors="replace")


def form_text(value: object) -> str:
    """Encoded for application/x-www-form-urlencoded."""
    return quote_plus(plain_text(value), errors="replace")


def header_text(value: object) -> str:
    """As it is, when it is one line."""
    text = plain_text(value)
    if _LINE_BREAK.search(text):
        raise ValueError("holds a line break, which a header cannot carry")
    if _CONTROL.search(text):
        raise ValueError("holds a control character, which a header cannot carry")
    return text


def _json(value: object, depth: int) -> str:
    kind = type(value)
    if kind is str:
        return _json_string(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return _number(value)  # type: ignore[arg-type]
    if depth == MAX_DEPTH:
        raise ValueError(f"nests deeper than {MAX_DEPTH} levels")
    if kind is list:
        return "[" + ",".join([_json(item, depth + 1) for item in value]) + "]"  # type: ignore[attr-defined]
    if kind is dict:
        members = [f"{_json_string(key)}:{_json(item, depth + 1)}" for key, item in value.items()]  # type: ignore[attr-defined]
        return "{" + ",".join(members) + "}"
    raise ValueError(f"is a {kind.__name__}, which is no JSON value")


def _json_string(text: str) -> str:
    """Quoted and escaped; half a surrogate pair, which UTF-8 cannot carry, as its escape."""
    quoted = encode_basestring(text)
    return quoted if quoted.isascii() else quoted.encode("utf-8", "backslashreplace").decode("utf-8")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        text = repr(value)
        plain = format(Decimal(text), "f") if "e" in text else text
        return plain.removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
