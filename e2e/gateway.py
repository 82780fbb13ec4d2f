"""The HTTP API in the local AWS, as SAM translates it: each route with its authorizer, its scopes and its function.

ministack makes no routes of a template; it does check tokens, by an implementation that is none of ours. The issuer is
one on loopback, whose tokens the authorizer takes in place of those of the template's.
"""

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from e2e.stack import Stack
from tests.project.documents import translated

AUDIENCE: Final = "grantwire"
SCOPES: Final = ("grantwire/read", "grantwire/test", "grantwire/write")


@dataclass(frozen=True)
class Issuer:
    """Signs tokens (RFC 7519) with a key that it publishes, or with another one."""

    url: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def token(
        self, *, key: rsa.RSAPrivateKey | None = None, header: Mapping[str, object] | None = None, **claims: object
    ) -> str:
        """Good for an hour with every scope, unless `header` or `claims` say otherwise; None leaves a claim out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "iat": now - 10, "exp": now + 3600, "scope": " ".join(SCOPES)}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        signed = f"{_encoded({'alg': 'RS256', 'kid': 'one', **(header or {})})}.{_encoded(said)}"
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"

    def keys(self) -> dict[str, object]:
        """The public key, as the issuer publishes it."""
        numbers = self.key.public_key().public_numbers()
        public = {
            name: _base64(value.to_bytes(256, "big").lstrip(b"\0"))
            for name, value in (("n", numbers.n), ("e", numbers.e))
        }
        return {"keys": [{"kid": "one", "kty": "RSA", "alg": "RS256", "use": "sig", **public}]}


@dataclass(frozen=True)
class Route:
    """A route of the API, with the one scope that it asks for; empty when it asks for no token."""

    method: str
    path: str
    scope: str


@dataclass(frozen=True)
class Gateway:
    """The API, and the issuer whose tokens it takes."""

    stack: Stack
    issuer: Issuer
    api: str
    routes: tuple[Route, ...]

    def status(self, route: Route, authorization: str | None) -> int:
        """What a request without a body is answered with."""
        path = re.sub(r"\{\w+\}", "x", route.path)
        context = ssl.create_default_context(cafile=str(self.stack.aws.ca_file))
        connection = HTTPSConnection("127.0.0.1", self.stack.aws.port, timeout=30, context=context)
        headers = {} if authorization is None else {"Authorization": authorization}
        try:
            connection.request(route.method, f"/_aws/execute-api/{self.api}/$default{path}", headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def gateway(stack: Stack) -> Iterator[Gateway]:
    """The API, made in the local AWS."""
    with _issuer() as issuer:
        document = translated()["Resources"]["Api"]["Properties"]["Body"]
        client = stack.aws.client("apigatewayv2")
        api = client.create_api(Name="grantwire", ProtocolType="HTTP")["ApiId"]
        client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        scheme = document["components"]["securitySchemes"]["SignIn"]["x-amazon-apigateway-authorizer"]
        authorizer = client.create_authorizer(
            ApiId=api,
            Name="SignIn",
            AuthorizerType=scheme["type"].upper(),
            IdentitySource=[scheme["identitySource"]],
            JwtConfiguration={"Issuer": issuer.url, "Audience": [AUDIENCE]},
        )["AuthorizerId"]
        routes = tuple(
            _made(stack, client, api, authorizer, Route(method.upper(), path, _scope(operation["security"])), operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        )
        yield Gateway(stack, issuer, api, routes)


def _scope(security: list[dict[str, list[str]]]) -> str:
    [asked] = security
    if asked == {"NONE": []}:
        return ""
    [scope] = asked["SignIn"]
    return scope


def _made(stack: Stack, client: Any, api: str, authorizer: str, route: Route, operation: Mapping[str, Any]) -> Route:
    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    [function] = re.findall(r"\$\{(\w+)\.Arn\}", uri)
    integration = client.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        PayloadFormatVersion="2.0",
        IntegrationUri=stack.functions[function]["FunctionArn"],
    )["IntegrationId"]
    rights = {"AuthorizationType": "JWT", "AuthorizerId": authorizer, "AuthorizationScopes": [route.scope]}
    client.create_route(
        ApiId=api,
        RouteKey=f"{route.method} {route.path}",
        Target=f"integrations/{integration}",
        **(rights if route.scope else {"AuthorizationType": "NONE"}),
    )
    return route


@contextmanager
def _issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(issuer.keys() if self.path.endswith("/jwks.json") else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
