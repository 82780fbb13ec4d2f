"""What `sam local invoke` is given, as the SAM CLI itself reads it. A container needs Docker; this does not."""

import json
from pathlib import Path

import pytest
import yaml
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.lambdafn.env_vars import EnvironmentVariables

from local.running import RunningStack
from local.sam_local import TEMPLATE_FILE, VARIABLES_FILE, commands, variables, write
from local.template import Template
from tests.project.documents import ROOT, template

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture
def stack() -> RunningStack:
    """As `make run` announces it."""
    names = {
        "WebhooksTable": "webhooks",
        "DeliveriesTable": "deliveries",
        "SecretsKey": "key-1",
        "Wakeups": "https://q/w",
    }
    names |= {
        "DispatchDeadLetters": "https://q/d",
        "Api": "a",
        "UserPoolClient": "c",
        "UserPoolDomain": "d",
        "UserPool.ProviderURL": "u",
    }
    found = Template.read().naming(names).environments()
    return RunningStack(aws_endpoint=ENDPOINT, bus="default", tables=(), environments=found)


@pytest.fixture
def build(tmp_path: Path, stack: RunningStack) -> Path:
    """What `make sam-local` leaves: the template, and in it folders instead of code."""
    (tmp_path / "template.yaml").write_text((ROOT / "template.yaml").read_text())
    (tmp_path / "ca.pem").write_text("certificates")
    for name in stack.environments:
        (tmp_path / name).mkdir()
    write(tmp_path, stack, tmp_path / "ca.pem")
    return tmp_path


FUNCTIONS = [key for key, one in template()["Resources"].items() if one["Type"] == "AWS::Serverless::Function"]


def test_the_file_names_every_variable_of_every_function(stack: RunningStack) -> None:
    """Of the template, whether in Globals or in the function."""
    given = variables(stack)
    assert set(given) == set(FUNCTIONS)
    shared = template()["Globals"]["Function"]["Environment"]["Variables"].keys()
    for name in FUNCTIONS:
        own = template()["Resources"][name]["Properties"]["Environment"]["Variables"].keys()
        assert shared | own <= given[name].keys(), name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SAM CLI's own affair
def test_a_function_is_given_all_of_them(build: Path, stack: RunningStack) -> None:
    """The SAM CLI hands over what the template declares and no more: what leads to the local AWS is declared too."""
    stacks, _ = SamLocalStackProvider.get_stacks(str(build / TEMPLATE_FILE))
    provider, values = SamFunctionProvider(stacks), json.loads((build / VARIABLES_FILE).read_text())
    for name in FUNCTIONS:
        handed = EnvironmentVariables(
            variables=provider.get(name).environment["Variables"],
            override_values=values[name],
            aws_creds={"key": "real", "secret": "real", "sessiontoken": "real", "region": "eu-west-1"},
        ).resolve()
        assert handed.items() >= variables(stack)[name].items()
        assert handed["AWS_ENDPOINT_URL"] == ENDPOINT
        assert "real" not in handed.values()


def test_the_certificates_are_where_the_container_looks(build: Path, stack: RunningStack) -> None:
    assert {given["SSL_CERT_FILE"] for given in variables(stack).values()} == {"/var/task/trust.pem"}
    assert (build / "DispatchFunction" / "trust.pem").read_text() == "certificates"


def test_there_is_a_command_for_each_event(build: Path) -> None:
    """Of a function that the template has."""
    told = [line.split() for line in commands(build)]
    files = {str(file.relative_to(ROOT)) for file in (ROOT / "events").rglob("*.json")}
    assert {line[line.index("-e") + 1] for line in told} == files
    assert {line[3] for line in told} <= set(FUNCTIONS)


def test_the_template_is_yaml(build: Path) -> None:
    assert yaml.safe_load((build / TEMPLATE_FILE).read_text())["Transform"] == "AWS::Serverless-2016-10-31"
