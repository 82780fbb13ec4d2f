"""Dataclasses that cannot be changed and that all share their methods, so that making a class costs little.

`dataclasses` writes a class's methods as text and compiles them when the class is made: half a millisecond, seventy
times in a function's cold start. Here it notes the fields, and no more. `replace`, `asdict` and `fields` work as with
any dataclass; slots, `match` by position, `__post_init__` and `InitVar` there are none.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import Any, Final, NoReturn, TypeVar, dataclass_transform, overload

_Class = TypeVar("_Class")
_IGNORED: Final = frozenset(["__init__", "__post_init__", "__eq__", "__hash__"])


@overload
def frozen(cls: type[_Class], /) -> type[_Class]:
    """`@frozen`."""


@overload
def frozen(*, kw_only: bool = True) -> Callable[[type[_Class]], type[_Class]]:
    """`@frozen(kw_only=False)`."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field, field))
def frozen(cls: Any = None, /, *, kw_only: bool = True) -> Any:
    """Make a class a frozen dataclass. A `__repr__` that it has itself stays; what would be ignored is refused."""
    if cls is None:
        return partial(frozen, kw_only=kw_only)
    if ignored := _IGNORED & vars(cls).keys():
        raise TypeError(f"{cls.__qualname__}.{min(ignored)} would never be called")
    made: Any = dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=kw_only)(cls)
    made.__init__ = _initialiser(made.__qualname__, fields(made))
    made.__setattr__ = made.__delattr__ = _refuse
    made.__eq__, made.__hash__ = _comparison(fields(made))
    if "__repr__" not in vars(made):
        made.__repr__ = _repr
    return made


def _initialiser(name: str, of: tuple[Field[Any], ...]) -> Callable[..., None]:
    known = frozenset(one.name for one in of if one.init and one.compare)
    if len(known) < len(of):
        raise TypeError(f"{name} has a field that is not given, or not compared")
    positions = tuple(one.name for one in of if not one.kw_only)
    defaults = {one.name: one.default for one in of if one.default is not MISSING}
    factories = {one.name: one.default_factory for one in of if one.default_factory is not MISSING}

    def initialise(self: object, /, *given: object, **named: object) -> None:
        if given:
            placed = dict(zip(positions, given, strict=False))
            if len(placed) < len(given) or not placed.keys().isdisjoint(named):
                raise TypeError(f"{name}() takes by position, each once: {', '.join(positions) or 'nothing'}")
            named |= placed
        held = self.__dict__
        held.update(defaults)
        held.update(named)
        for one, made in factories.items():
            if one not in held:
                held[one] = made()
        if len(held) != len(known) or not known.issuperset(named):
            raise TypeError(f"{name}() lacks or does not know: {', '.join(sorted(held.keys() ^ known))}")

    return initialise


def _comparison(of: tuple[Field[Any], ...]) -> tuple[Callable[[object, object], bool], Callable[[object], int]]:
    values = attrgetter(*(one.name for one in of)) if of else _nothing

    def equal(self: object, other: object) -> bool:
        return bool(values(self) == values(other)) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    return equal, hashed


def _nothing(_: object) -> tuple[()]:
    return ()


def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{self.__class__.__qualname__}.{name} cannot be changed")
