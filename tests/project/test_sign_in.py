"""Who may call the HTTP API: what API Gateway is given, after SAM has translated the template."""

import json
import re
import sys
from typing import Any

import pytest

from tests.project.documents import ROOT, parsed, translated

sys.path.insert(0, str(ROOT / "functions" / "webhooks"))

from operations import SCOPES


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    """The API's definition."""
    body: dict[str, Any] = translated()["Resources"]["Api"]["Properties"]["Body"]
    return body


def test_every_route_asks_for_its_scope(api: dict[str, Any]) -> None:
    """What the function says of each of its routes, and the API gateway has no other but the console's files."""
    secured = {
        (method.upper(), path): operation["security"]
        for path, operations in api["paths"].items()
        for method, operation in operations.items()
    }
    expected = {
        (method, re.sub(r"\{\w+\}", "{id}", path)): [{"SignIn": [f"grantwire/{scope}"]}]
        for (method, path), scope in SCOPES.items()
    }
    files: dict[tuple[str, str], Any] = {
        ("GET", "/"): [{"NONE": []}],
        ("GET", "/console/{version}/{file}"): [{"NONE": []}],
    }
    assert expected | files == secured


def test_a_route_that_says_nothing_asks_for_a_token() -> None:
    """The API denies by default: whoever forgets a route's `Auth` has made one that asks for the strongest scope."""
    template = parsed()
    forgotten = {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Api"}, "Method": "GET", "Path": "/forgotten"}}
    template["Resources"]["WebhooksFunction"]["Properties"]["Events"]["Forgotten"] = forgotten
    paths = translated(template)["Resources"]["Api"]["Properties"]["Body"]["paths"]
    assert paths["/forgotten"]["get"]["security"] == [{"SignIn": ["grantwire/write"]}]


def test_there_is_no_other_way_in() -> None:
    """No URL of a function, no other API, no route for what has none; of AWS, the API and the two rules."""
    resources = translated()["Resources"]
    types = [one["Type"] for one in resources.values()]
    assert types.count("AWS::ApiGatewayV2::Api") == 1
    assert not {"AWS::Lambda::Url", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Route"} & set(types)
    assert "$default" not in json.dumps(resources["Api"]["Properties"]["Body"]["paths"])
    callers = {
        (one["Principal"], next(iter(one["SourceArn"]))) for one in of_type(resources, "AWS::Lambda::Permission")
    }
    assert callers == {("apigateway.amazonaws.com", "Fn::Sub"), ("events.amazonaws.com", "Fn::GetAtt")}


def of_type(resources: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The properties of all resources of a type."""
    return [one["Properties"] for one in resources.values() if one["Type"] == name]


def test_the_console_signs_in_where_the_api_takes_tokens_from() -> None:
    """The same issuer, the pool's client for people or the one that is named; the pool lets people come back to it."""
    resources = translated()["Resources"]
    given = resources["ConsoleFunction"]["Properties"]["Environment"]["Variables"]
    authorizer = resources["Api"]["Properties"]["Body"]["components"]["securitySchemes"]["SignIn"]
    issuer = authorizer["x-amazon-apigateway-authorizer"]["jwtConfiguration"]["issuer"]
    assert issuer == given["SIGN_IN_ISSUER"]
    assert given["SIGN_IN_CLIENT_ID"] == {
        "Fn::If": ["HasUserPool", {"Ref": "UserPoolClient"}, {"Ref": "ConsoleClientId"}]
    }
    assert resources["UserPoolClient"]["Properties"]["CallbackURLs"] == {"Ref": "SignInCallbackUrls"}
    assert resources["UserPoolClient"]["Properties"]["LogoutURLs"] == {"Ref": "SignInCallbackUrls"}


def test_a_token_must_be_of_the_issuer_and_for_us(api: dict[str, Any]) -> None:
    """The user pool's and its two clients', or those that were given; an issuer without an audience is refused."""
    authorizer = api["components"]["securitySchemes"]["SignIn"]["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "jwt"
    assert authorizer["identitySource"] == "$request.header.Authorization"
    pool = {"Fn::GetAtt": ["UserPool", "ProviderURL"]}
    assert {"Fn::If": ["HasUserPool", pool, {"Ref": "JwtIssuer"}]} == authorizer["jwtConfiguration"]["issuer"]
    clients = [{"Ref": "UserPoolClient"}, {"Ref": "UserPoolMachineClient"}]
    assert {"Fn::If": ["HasUserPool", clients, [{"Ref": "JwtAudience"}]]} == authorizer["jwtConfiguration"]["audience"]
    rule = translated()["Rules"]["IssuerWithItsAudience"]
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtAudience"}, ""]}]}


def test_an_audience_is_not_passed_over() -> None:
    """Without its issuer it would be: the stack would make a user pool, whose tokens are for others."""
    rule = translated()["Rules"]["AudienceWithItsIssuer"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtAudience"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}]}


def test_every_route_is_throttled_and_its_log_has_no_address() -> None:
    """A query may hold what somebody searched for; the route, as the template has it, says what was asked."""
    [stage] = [one["Properties"] for one in translated()["Resources"].values() if one["Type"].endswith("V2::Stage")]
    limits = stage["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 100
    logged = set(re.findall(r"\$context\.([\w.]+)", stage["AccessLogSettings"]["Format"]))
    assert logged == {"requestId", "routeKey", "status", "responseLatency", "authorizer.claims.sub"}


def test_nobody_signs_up_by_themselves() -> None:
    """People are added by who runs the stack; a browser's client has no secret, a script's has one and no browser."""
    resources = translated()["Resources"]
    assert resources["UserPool"]["Properties"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]
    people, machines = (resources[name]["Properties"] for name in ("UserPoolClient", "UserPoolMachineClient"))
    assert (people["GenerateSecret"], people["AllowedOAuthFlows"]) == (False, ["code"])
    assert (machines["GenerateSecret"], machines["AllowedOAuthFlows"]) == (True, ["client_credentials"])
