"""Reads template.yaml as it is written: nothing resolved, every short tag (`!Ref x`) in its long form."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]


@cache
def template() -> dict[str, Any]:
    """The whole template. It is shared: who changes it changes it for all."""
    with (ROOT / "template.yaml").open(encoding="utf-8") as file:
        read: dict[str, Any] = yaml.load(file, Loader=_Loader)
    return read


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
