"""Reads template.yaml as it is written, short tags (`!Ref x`) in their long form, nothing resolved; or as SAM does."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT: Final = Path(__file__).parents[2]


@cache
def template() -> dict[str, Any]:
    """The whole template. It is shared: who changes it changes it for all."""
    with (ROOT / "template.yaml").open(encoding="utf-8") as file:
        read: dict[str, Any] = yaml.load(file, Loader=_Loader)
    return read


def parsed() -> dict[str, Any]:
    """Our template, as SAM reads it."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    template["Resources"]["CommonLayer"]["Properties"]["ContentUri"] = "s3://bucket/key"
    return template


def translated(template: dict[str, Any] | None = None) -> dict[str, Any]:
    """The CloudFormation template that SAM makes of ours, or of one that was changed."""
    result: dict[str, Any] = Translator({}, Parser()).translate(template or parsed(), {})
    return result


class _Loader(yaml.SafeLoader):
    """A loader of its own, so that the tags are known here and nowhere else."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = str(node.value)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)
