"""`make restore`: the two files with which CloudFormation makes a stack of what outlived another one.

Tables, key, user pool and dead letters are kept when a stack is deleted, or are restored from a point in time. A new
stack takes them in by an import, with a template that has nothing else; then `make deploy` adds the rest.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local import ROOT
from local.template import Template

_IDENTIFIERS: Final = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Key": "KeyId",
    "AWS::SQS::Queue": "QueueUrl",
    "AWS::Cognito::UserPool": "UserPoolId",
}
NEEDED: Final = ("WebhooksTable", "DeliveriesTable", "SecretsKey")
OWN_KEY: Final = "SecretsKeyArn"  # the parameter: a key of one's own is in no stack, and none is imported


def kept(template: Template) -> dict[str, dict[str, Any]]:
    """The resources of the template that outlive their stack, by logical id."""
    resources: dict[str, dict[str, Any]] = {
        key: dict(template.section("Resources", key)) for key in template.section("Resources")
    }
    return {key: one for key, one in resources.items() if one.get("DeletionPolicy") == "Retain"}


def import_template(template: Template, names: Mapping[str, str]) -> dict[str, Any]:
    """A template of nothing but the resources that have a name. An import takes no conditions and no outputs."""
    resources = {key: one for key, one in kept(template).items() if key in names}
    for one in resources.values():
        one.pop("Condition", None)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def resources_to_import(template: Template, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Which resource is meant by each logical id."""
    return [
        {
            "ResourceType": one["Type"],
            "LogicalResourceId": key,
            "ResourceIdentifier": {_IDENTIFIERS[one["Type"]]: names[key]},
        }
        for key, one in kept(template).items()
        if key in names
    ]


def main(arguments: list[str]) -> int:
    """Exit status: 0, or 2 for a name that is missing or that nothing has."""
    template = Template.read()
    usage = 'make restore NAMES="WebhooksTable=… DeliveriesTable=… SecretsKey=… (or SecretsKeyArn=…)"'
    made = argparse.ArgumentParser(prog="make restore", usage=usage, description=__doc__)
    made.add_argument("names", nargs="+", metavar="LOGICAL_ID=NAME", help=", ".join(kept(template)))
    made.add_argument("--into", type=Path, default=ROOT / ".aws-sam" / "restore")
    options = made.parse_args(arguments)
    given = dict(one.split("=", 1) for one in options.names if "=" in one)
    names = {key: name for key, name in given.items() if key != OWN_KEY}
    needed = set(NEEDED) - ({"SecretsKey"} if OWN_KEY in given else set())
    if needed - names.keys() or names.keys() - kept(template).keys() or len(given) < len(options.names):
        made.error(f"needs {', '.join(NEEDED)} and may have {', '.join(kept(template))}, each as LOGICAL_ID=NAME")
    options.into.mkdir(parents=True, exist_ok=True)
    files = {"template.json": import_template(template, names), "resources.json": resources_to_import(template, names)}
    for name, content in files.items():
        (options.into / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
    print(f"Written: {', '.join(str(options.into / name) for name in files)}. docs/deploy.md says how to go on.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
