"""An EventBridge connection's credentials, and what it adds to each request. Its secrets are not in the answer."""

from typing import Final

from cli import Document
from cli.moving.draft import Draft, object_in, objects_in

_ADDED: Final = "HeaderParameters", "QueryStringParameters", "BodyParameters"


def read_connection(draft: Draft, connection: Document | None) -> None:
    """The webhook's authentication and headers."""
    if connection is None:
        draft.leave("ConnectionArn", "its describe-connection is in no file: set authentication by hand")
        return
    parameters = object_in(connection, "AuthParameters")
    if basic := object_in(parameters, "BasicAuthParameters"):
        draft.document["authentication"] = {
            "kind": "basic",
            "username": basic.get("Username", ""),
            "password": draft.secret("password", "the password of the connection"),
        }
        _set_alone(draft, "Authorization")
    elif key := object_in(parameters, "ApiKeyAuthParameters"):
        name = key.get("ApiKeyName", "")
        value = draft.secret("api key", f"the value of header {name}")
        draft.document["authentication"] = {"kind": "api_key", "header": name, "value": value}
        _set_alone(draft, name)
    elif oauth := object_in(parameters, "OAuthParameters"):
        _read_oauth(draft, oauth)
        _set_alone(draft, "Authorization")
    _read_added(draft, object_in(parameters, "InvocationHttpParameters"))
    if parameters.get("ConnectivityParameters") or connection.get("InvocationConnectivityParameters"):
        draft.leave("ConnectivityParameters", "a private endpoint cannot be called: only public addresses are")


def _set_alone(draft: Draft, name: str) -> None:
    """What the connection sets takes the place of what the target sets."""
    draft.drop_header(name, f"HttpParameters.HeaderParameters.{name}")


def _read_oauth(draft: Draft, oauth: Document) -> None:
    client = object_in(oauth, "ClientParameters")
    authentication = {
        "kind": "oauth2_client_credentials",
        "token_url": oauth.get("AuthorizationEndpoint", ""),
        "client_id": client.get("ClientID", ""),
        "client_secret": draft.secret("client secret", f"the secret of client {client.get('ClientID')}"),
        "client_authentication": "body",
    }
    if oauth.get("HttpMethod", "POST") != "POST":
        draft.leave("OAuthParameters.HttpMethod", f"{oauth['HttpMethod']}: a token is asked for by POST")
    for kind in _ADDED:
        for row in objects_in(object_in(oauth, "OAuthHttpParameters"), kind):
            if kind == "BodyParameters" and row.get("Key") in ("scope", "audience") and not row.get("IsValueSecret"):
                authentication[row["Key"]] = row.get("Value", "")
            elif row.get("Key") != "grant_type":
                draft.leave(f"OAuthParameters.{kind}.{row.get('Key')}", "a token is asked for without it")
    draft.document["authentication"] = authentication


def _read_added(draft: Draft, added: Document) -> None:
    for row in objects_in(added, "HeaderParameters"):
        name = str(row.get("Key"))
        path = f"InvocationHttpParameters.HeaderParameters.{name}"
        draft.add_header(name, row.get("Value"), path, secret=bool(row.get("IsValueSecret")))
    for row in objects_in(added, "QueryStringParameters"):
        draft.leave(f"QueryStringParameters.{row.get('Key')}", "put it into url, if it is no secret: a URL is none")
    for row in objects_in(added, "BodyParameters"):
        draft.leave(f"BodyParameters.{row.get('Key')}", "put it into body_template, if it is no secret")
