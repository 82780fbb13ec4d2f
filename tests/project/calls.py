"""Which AWS calls each function can come to make: what its code reaches, as mypy's types see it.

Followed are references, called or not: to functions, to classes, and to methods of the type that mypy found. Where that
type is a Protocol, the method of every class counts that the function makes and that has what the Protocol asks for. It
ends at the methods of AWS's typed clients, which are the calls.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final

from mypy import build
from mypy.config_parser import parse_config_file
from mypy.modulefinder import BuildSource
from mypy.nodes import (
    CallExpr,
    ClassDef,
    Decorator,
    DictExpr,
    Expression,
    FuncDef,
    MemberExpr,
    MypyFile,
    Node,
    OverloadedFuncDef,
    RefExpr,
    StrExpr,
    TupleExpr,
    TypeInfo,
    Var,
)
from mypy.options import Options
from mypy.server.subexpr import get_subexpressions
from mypy.subtypes import is_subtype
from mypy.types import AnyType, CallableType, Instance, Type, TypeType, TypeVarType, UnionType, get_proper_type
from mypy.typevars import fill_typevars

from tests.project.documents import ROOT

LAYER: Final = ROOT / "layers" / "common"
FUNCTIONS: Final = ROOT / "functions"
# What an item of a transaction is, IAM asks for by the name of the call that does the same alone.
_ITEMS: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_ACTIONS: Final = {"lambda:Invoke": "lambda:InvokeFunction", "sqs:SendMessageBatch": "sqs:SendMessage"}


@dataclass(frozen=True, order=True)
class Call:
    """An action as IAM names it, the class that makes the call, and the table's index that a query asks."""

    action: str
    by: str
    index: str = ""


class _References:
    """What a piece of code refers to: nodes, members of types; and the queries and transactions it spells out."""

    def __init__(self, code: Iterable[Node], types: dict[Expression, Type]) -> None:
        self.nodes: list[Node] = []
        self.members: list[tuple[TypeInfo, str]] = []
        self.unknown: list[str] = []  # members of what has no known type
        self.queries: set[str] = set()
        self.items: set[str] = set()
        for one in code:
            for expression in get_subexpressions(one):
                self._read(expression, types)

    def _read(self, o: Expression, types: dict[Expression, Type]) -> None:
        if isinstance(o, RefExpr) and o.node is not None:
            self.nodes.append(o.node)
        if isinstance(o, MemberExpr):
            kind = get_proper_type(types.get(o.expr))
            self.members += [(owner, o.name) for owner in _owners(kind)]
            self.unknown += [o.name] if isinstance(kind, AnyType) else []
        elif isinstance(o, CallExpr):
            self._arguments(dict(zip(o.arg_names, o.args, strict=True)))
        elif isinstance(o, DictExpr):
            named = {key.value: value for key, value in o.items if isinstance(key, StrExpr)}
            self._arguments(named)
            self.items |= named.keys() & _ITEMS.keys()
        elif isinstance(o, TupleExpr):
            self.items |= {one.value for one in o.items[:1] if isinstance(one, StrExpr)} & _ITEMS.keys()

    def _arguments(self, named: dict[Any, Expression]) -> None:
        if "KeyConditionExpression" in named:
            index = named.get("IndexName")
            assert index is None or isinstance(index, StrExpr), "an index is named where it is queried"
            self.queries.add(index.value if index else "")


def _owners(kind: Type | None) -> Iterator[TypeInfo]:
    """The classes whose members a value of this type has."""
    proper = get_proper_type(kind)
    if isinstance(proper, Instance):
        yield proper.type
    elif isinstance(proper, UnionType):
        for one in proper.items:
            yield from _owners(one)
    elif isinstance(proper, TypeVarType):
        yield from _owners(proper.upper_bound)
    elif isinstance(proper, TypeType):
        yield from _owners(proper.item)
    elif isinstance(proper, CallableType) and proper.is_type_obj():
        yield from _owners(proper.ret_type)


@dataclass
class _Reach:
    """Everything that is reached from `pending`."""

    program: build.BuildResult
    pending: list[Node]
    seen: set[Node] = field(default_factory=set)
    made: set[TypeInfo] = field(default_factory=set)  # classes
    asked: set[tuple[TypeInfo, str]] = field(default_factory=set)  # members of Protocols
    calls: dict[str, set[str]] = field(default_factory=dict)  # by the class that makes them
    found: list[tuple[str, _References]] = field(default_factory=list)  # with the class they stand in

    def follow(self) -> None:
        while self.pending:
            self._node(self.pending.pop())
            if not self.pending:
                self.pending = [one for one in self._implementations() if one not in self.seen]

    def _implementations(self) -> Iterator[Node]:
        for protocol, name in self.asked:
            for one in self.made:
                if not one.is_protocol and is_subtype(fill_typevars(one), fill_typevars(protocol)):
                    yield from _methods(one, name)

    def _node(self, node: Node) -> None:
        if node in self.seen:
            return
        self.seen.add(node)
        if isinstance(node, OverloadedFuncDef):
            self.pending += node.items
        elif isinstance(node, Decorator):
            self.pending.append(node.func)
        elif isinstance(node, FuncDef) and self._is_ours(node.fullname):
            self._read(node.info, [node])
            self.pending += self._tree(node.fullname)
        elif isinstance(node, TypeInfo) and self._is_ours(node.fullname):
            self.made.add(node)
            self.pending += [one.node for one in node.names.values() if one.node and _is_implicit(one.node)]
            self.pending += self._tree(node.fullname)
        elif isinstance(node, Var) and not node.info and self._is_ours(node.fullname):
            self.pending += self._tree(node.fullname)
        elif isinstance(node, MypyFile) and self._is_ours(node.fullname):
            self._read(None, _top_level(node.defs))

    def _read(self, owner: TypeInfo | None, code: Iterable[Node]) -> None:
        name = owner.name if owner else ""
        references = _References(code, self.program.types)
        self.found.append((name, references))
        hidden = _client_methods() & set(references.unknown)
        assert not hidden, f"{name}: {hidden} of something whose type is Any would be a call that nobody sees"
        self.pending += references.nodes
        for kind, member in references.members:
            self._member(name, kind, member)

    def _member(self, by: str, kind: TypeInfo, member: str) -> None:
        if _is_client(kind) and isinstance(_member_of(kind, member), FuncDef | OverloadedFuncDef):
            service = kind.module_name.split(".")[0].removeprefix("mypy_boto3_")
            call = f"{service}:{''.join(part.title() for part in member.split('_'))}"
            self.calls.setdefault(by, set()).add(_ACTIONS.get(call, call))
        elif kind.is_protocol and self._is_ours(kind.fullname):
            self.asked.add((kind, member))
        elif self._is_ours(kind.fullname):
            self.pending += _methods(kind, member)

    def _is_ours(self, fullname: str) -> bool:
        return bool(self._module(fullname))

    def _module(self, fullname: str) -> str:
        """The module of ours that a name stands in; empty when it is none of ours."""
        while fullname and fullname not in _sources():
            fullname = fullname.rpartition(".")[0]
        return fullname

    def _tree(self, fullname: str) -> list[Node]:
        tree = self.program.graph[self._module(fullname)].tree
        return [tree] if tree else []


def _top_level(statements: Iterable[Node]) -> Iterator[Node]:
    """What runs when a module is imported: everything but the bodies of functions."""
    for one in statements:
        if isinstance(one, ClassDef):
            yield from _top_level(one.defs.body)
        elif isinstance(one, Decorator):
            yield from one.decorators
        elif not isinstance(one, FuncDef | OverloadedFuncDef):
            yield one


def _is_implicit(node: Node) -> bool:
    """Whether Python itself may call it: `__call__`, `__enter__`, `__post_init__`."""
    return isinstance(node, FuncDef | Decorator) and node.name.startswith("__")


@cache
def _client_methods() -> frozenset[str]:
    trees = [state.tree for name, state in _program().graph.items() if name.startswith("mypy_boto3_") and state.tree]
    classes = [one.node for tree in trees for one in tree.names.values() if isinstance(one.node, TypeInfo)]
    return frozenset(name for one in classes if _is_client(one) for name in one.names if not name.startswith("_"))


def _is_client(kind: TypeInfo) -> bool:
    return kind.module_name.startswith("mypy_boto3_") and kind.name.endswith("Client")


def _member_of(kind: TypeInfo, name: str) -> Node | None:
    found = kind.get(name)
    return found.node if found else None


def _is_method(node: Node | None) -> bool:
    return isinstance(node, FuncDef | Decorator | OverloadedFuncDef)


def _methods(kind: TypeInfo, name: str) -> Iterator[Node]:
    if (found := _member_of(kind, name)) and _is_method(found):
        yield found


@cache
def _sources() -> dict[str, Path]:
    """Our modules by name; each function's `app` under the name of its folder, `dispatch_app`."""
    layer = {".".join(one.relative_to(LAYER).with_suffix("").parts): one for one in (LAYER / "grantwire").rglob("*.py")}
    beside = {one.stem if one.stem != "app" else f"{one.parent.name}_app": one for one in FUNCTIONS.glob("*/*.py")}
    return {name.removesuffix(".__init__"): one for name, one in layer.items()} | beside


@cache
def _program() -> build.BuildResult:
    """All of it, understood by mypy. Other people's modules come from mypy's cache: 2 seconds, or 12 the first time."""
    options = Options()
    parse_config_file(options, lambda: None, str(ROOT / "pyproject.toml"), StringIO(), StringIO())
    options.mypy_path = [str(ROOT / one) for one in options.mypy_path]
    options.export_types = options.preserve_asts = True
    options.cache_dir = str(ROOT / ".mypy_cache" / "calls")  # of its own: mypy's would be made anew each time
    sources = [BuildSource(str(file), name, file.read_text("utf-8")) for name, file in _sources().items()]
    result = build.build(sources, options)
    assert result.errors == []
    return result


@cache
def calls_of(function: str) -> frozenset[Call]:
    """The calls of the function in this folder of functions/."""
    folder = [name for name, file in _sources().items() if file.parent == FUNCTIONS / function]
    reach = _Reach(_program(), [node for name in folder for node in _defined(name)])
    reach.follow()
    return frozenset(_calls(reach))


def _defined(module: str) -> Iterator[Node]:
    """The module, and every function and class in it: a function's own folder holds nothing that it does not need."""
    tree = _program().graph[module].tree
    assert tree
    yield tree
    for one in tree.names.values():
        if one.node and one.node.fullname == f"{module}.{one.node.name}":
            yield one.node


def _calls(reach: _Reach) -> Iterator[Call]:
    for by, actions in reach.calls.items():
        found = [one for name, one in reach.found if name == by]
        for action in actions:
            service, _, call = action.partition(":")
            if call == "Query":
                queries = {index for one in found for index in one.queries}
                assert queries, f"{by} queries nothing that is seen"
                yield from (Call(action, by, index) for index in queries)
            elif call == "TransactWriteItems":
                items = {item for one in found for item in one.items}
                assert items, f"{by} has a transaction of nothing that is seen"
                yield from (Call(f"{service}:{_ITEMS[item]}", by) for item in items)
            else:
                yield Call(action, by)
