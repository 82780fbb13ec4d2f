"""The functions' local environment: theirs, and no way to a real account."""

import os
import ssl
from pathlib import Path

import pytest

from local.environment import functions_environment, local_environment, set_environment, write_trust_file
from local.template import Function


def function(logical_id: str, **environment: str) -> Function:
    return Function(
        logical_id=logical_id,
        environment=environment,
        timeout_seconds=3,
        memory_mb=128,
        maximum_retries=2,
        on_failure=None,
        rules=(),
        routes=(),
        sources=(),
        schedules=(),
    )


def test_nothing_of_aws_and_no_proxy_is_left_of_the_outer_environment() -> None:
    outer = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.us-east-1.amazonaws.com",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/token",
        "https_proxy": "http://proxy:3128",
        "HTTP_PROXY": "http://proxy:3128",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
    }
    environment = local_environment(outer, endpoint="http://127.0.0.1:1")
    assert environment["PATH"] == "/bin"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"] == "/dev/null"
    assert "real" not in environment.values()
    assert not {name for name in outer if name in environment} - {"PATH", "AWS_SECRET_ACCESS_KEY"}


def test_the_functions_variables_come_together_and_loopback_is_permitted() -> None:
    functions = [
        function("A", TABLE="t", SHARED="same", POWERTOOLS_SERVICE_NAME="a"),
        function("B", QUEUE="q", SHARED="same", POWERTOOLS_SERVICE_NAME="b"),
    ]
    assert functions_environment(functions, trust_file=Path("/tmp/trust.pem")) == {
        "TABLE": "t",
        "QUEUE": "q",
        "SHARED": "same",
        "POWERTOOLS_SERVICE_NAME": "local",
        "PERMIT_LOOPBACK": "true",
        "SSL_CERT_FILE": "/tmp/trust.pem",
    }


def test_a_variable_with_two_values_is_an_error() -> None:
    functions = [function("A", TABLE="one"), function("B", TABLE="two")]
    with pytest.raises(ValueError, match="TABLE is 'one' for one function and 'two' for B"):
        functions_environment(functions, trust_file=Path("trust.pem"))


def test_the_environment_is_set_while_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "1")
    monkeypatch.setenv("CHANGED", "before")
    with set_environment({"CHANGED": "within", "PATH": os.environ["PATH"]}):
        assert dict(os.environ) == {"CHANGED": "within", "PATH": os.environ["PATH"]}
    assert (os.environ["OUTER"], os.environ["CHANGED"]) == ("1", "before")


def test_the_trust_file_has_the_usual_authorities_and_the_given_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, own = tmp_path / "usual.pem", tmp_path / "own.pem"
    usual.write_text("usual\n")
    own.write_text("own\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(usual))
    assert ssl.get_default_verify_paths().cafile == str(usual)
    assert write_trust_file(tmp_path / "both.pem", own).read_text().split() == ["usual", "own"]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    assert write_trust_file(tmp_path / "both.pem", own).read_text().split() == ["own"]
