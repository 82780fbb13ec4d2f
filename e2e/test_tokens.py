"""The API denies by default: every route of the template, without a token and with every kind of wrong one."""

import time
from collections.abc import Iterator, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from e2e.gateway import SCOPES, Gateway, Issuer, gateway
from e2e.stack import Stack

PUBLIC = {("GET", "/"), ("GET", "/console/{version}/{file}")}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Gateway]:
    """The API with all its routes."""
    with gateway(stack) as made:
        yield made


def wrong_tokens(issuer: Issuer) -> Mapping[str, str | None]:
    """What is refused with 401, whatever the route."""
    now, stranger = int(time.time()), rsa.generate_private_key(65537, 2048)
    good = issuer.token()
    head, claims, signature = good.split(".")
    others = issuer.token(sub="somebody else").split(".")[1]
    unsigned = issuer.token(header={"alg": "none"}).rpartition(".")[0]
    tokens = {
        "an empty one": "",
        "no token at all": "grantwire",
        "expired": issuer.token(exp=now - 1),
        "not good yet": issuer.token(nbf=now + 600),
        "another issuer": issuer.token(iss="https://issuer.example.com"),
        "another audience": issuer.token(aud="another"),
        "no audience": issuer.token(aud=None),
        "another client": issuer.token(aud=None, client_id="another"),
        "another's signature": issuer.token(key=stranger),
        "a key nobody knows": issuer.token(header={"kid": "two"}),
        "no signature, and alg none": f"{unsigned}.",
        "other claims under a good signature": f"{head}.{others}.{signature}",
        "no signature": f"{head}.{claims}.",
    }
    return {"none": None} | {name: f"Bearer {token}" for name, token in tokens.items()}


def test_every_route_but_the_consoles_files_refuses_a_wrong_token(api: Gateway) -> None:
    """Whatever is wrong with it."""
    guarded = [route for route in api.routes if (route.method, route.path) not in PUBLIC]
    assert len(guarded) == len(api.routes) - len(PUBLIC)
    let_in = [
        (route.method, route.path, name)
        for name, authorization in wrong_tokens(api.issuer).items()
        for route in guarded
        if api.status(route, authorization) != 401
    ]
    assert let_in == []


def test_every_route_refuses_a_token_without_its_scope(api: Gateway) -> None:
    """One with all other scopes, and one with none."""
    for route in api.routes:
        if route.scope:
            others = " ".join(one for one in SCOPES if one != route.scope)
            assert api.status(route, f"Bearer {api.issuer.token(scope=others)}") == 403, route
            assert api.status(route, f"Bearer {api.issuer.token(scope=None)}") == 403, route


def test_a_token_with_the_scope_alone_is_let_in(api: Gateway) -> None:
    """To the function, whatever that says of a request without a body; the console's files need none."""
    for route in api.routes:
        authorization = f"Bearer {api.issuer.token(scope=route.scope)}" if route.scope else None
        assert api.status(route, authorization) in (200, 400, 404, 422, 428), route
