"""Reads a CloudFormation document and resolves the references in it. Raises for whatever it does not know."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml


class UnknownTemplateError(Exception):
    """The template uses something that is not known here; the message says what, and where."""


@dataclass(frozen=True)
class Document:
    """A CloudFormation document, and the names under which its resources are known.

    content  as read, short tags (`!Ref x`) in their long form (`{"Ref": "x"}`)
    names    what `Ref` and `Fn::GetAtt` give: {"Queue": url, "Queue.Arn": arn, "AWS::Region": "us-east-1"}; parameters
             that are not among them have their defaults
    """

    content: Mapping[str, object]
    names: Mapping[str, str]

    @classmethod
    def read(cls, path: Path, names: Mapping[str, str]) -> Self:
        """The document in `path`. Raises yaml.YAMLError, with line and column, for a tag it does not know."""
        with path.open(encoding="utf-8") as file:
            return cls(mapping(yaml.load(file, Loader=_Loader), str(path)), names)  # a SafeLoader with three more tags

    def naming(self, names: Mapping[str, str]) -> Self:
        """The same document, knowing these names too."""
        return replace(self, names={**self.names, **names})

    def section(self, *path: str) -> Mapping[str, object]:
        """The mapping at `path`, empty when the document has none there. Nothing in it is resolved."""
        found: Mapping[str, object] = self.content
        for key in path:
            found = mapping(found.get(key, {}), ".".join(path))
        return found

    def logical_ids(self, resource_type: str) -> tuple[str, ...]:
        """The logical ids of all resources of a type, in the document's order, whose condition (if any) holds."""
        resources = self.section("Resources")
        found = (key for key in resources if self.section("Resources", key)["Type"] == resource_type)
        return tuple(key for key in found if self._is_made(key))

    def _is_made(self, logical_id: str) -> bool:
        condition = self.section("Resources", logical_id).get("Condition")
        return condition is None or self._holds(self.section("Conditions", str(condition)))

    def properties(self, logical_id: str, resource_type: str) -> Mapping[str, object]:
        """The properties of a resource of this type, nothing in them resolved."""
        resource = self.section("Resources", logical_id)
        if resource.get("Type") != resource_type:
            raise UnknownTemplateError(f"{logical_id} is {resource.get('Type', 'no resource')}, not {resource_type}")
        return mapping(resource.get("Properties", {}), logical_id)

    def resolve(self, value: object) -> object:
        """`value` with every Ref, Fn::GetAtt, Fn::Sub and Fn::If in it replaced by what it stands for."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        functions = [key for key in value if key == "Ref" or key.startswith("Fn::")]
        if functions:
            return self._call(functions[0], value[functions[0]])
        return {key: self.resolve(item) for key, item in value.items()}

    def _call(self, function: str, argument: object) -> object:
        if function == "Ref" and isinstance(argument, str):
            return self._named(argument)
        if function == "Fn::GetAtt" and isinstance(argument, list):
            return self._named(".".join(argument))
        if function == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{(!?)([^}]+)\}", self._substitute, argument)
        if function == "Fn::If" and isinstance(argument, list):
            condition, then, otherwise = argument
            return self.resolve(then if self._holds(self.section("Conditions", condition)) else otherwise)
        raise UnknownTemplateError(f"{function} of {argument!r} is not known here")

    def _holds(self, condition: Mapping[str, object]) -> bool:
        match condition:
            case {"Fn::Equals": [one, other]}:
                return text(self.resolve(one)) == text(self.resolve(other))
            case {"Fn::Not": [dict(inner)]}:
                return not self._holds(inner)
        raise UnknownTemplateError(f"the condition {condition!r} is not known here")

    def _substitute(self, match: re.Match[str]) -> str:
        literal, name = match.groups()
        return "${" + name + "}" if literal else text(self._named(name.strip()))

    def _named(self, name: str) -> object:
        if name in self.names:
            return self.names[name]
        parameter = self.section("Parameters", name)
        if "Default" not in parameter:
            raise UnknownTemplateError(f"nothing is known by the name {name}, and no parameter has it with a default")
        return parameter["Default"]


def mapping(value: object, where: str) -> Mapping[str, object]:
    """`value`, which has to be a mapping."""
    if not isinstance(value, Mapping):
        raise UnknownTemplateError(f"{where} is not a mapping")
    return value


def text(value: object) -> str:
    """How CloudFormation spells a value where a string is wanted; a policy becomes its JSON text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is eight times as fast


class _Loader(_SafeLoader):  # type: ignore[misc]
    """A loader of its own, so that the tags below are known here and nowhere else, and those of others not here."""

    yaml_multi_constructors: ClassVar[dict[str | None, Any]] = {}


def _ref(loader: _Loader, node: yaml.ScalarNode) -> dict[str, object]:
    return {"Ref": loader.construct_scalar(node)}


def _get_att(loader: _Loader, node: yaml.ScalarNode) -> dict[str, object]:
    return {"Fn::GetAtt": str(loader.construct_scalar(node)).split(".", 1)}


def _sub(loader: _Loader, node: yaml.ScalarNode) -> dict[str, object]:
    return {"Fn::Sub": loader.construct_scalar(node)}


def _condition(loader: _Loader, node: yaml.SequenceNode, *, suffix: str) -> dict[str, object]:
    """`Fn::Equals`, `Fn::Not` and `Fn::If`, in their long form."""
    return {f"Fn::{suffix}": loader.construct_sequence(node, deep=True)}


for _name in ("Equals", "If", "Not"):
    _Loader.add_constructor(f"!{_name}", partial(_condition, suffix=_name))
_Loader.add_constructor("!Ref", _ref)
_Loader.add_constructor("!GetAtt", _get_att)
_Loader.add_constructor("!Sub", _sub)
