"""Frozen records: what dataclasses promises of a frozen, keyword-only dataclass holds."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import ClassVar, cast

import pytest

from grantwire.frozen import frozen


@frozen
class Order:
    """One of each kind of field."""

    kind: ClassVar[str] = "order"
    number: int
    note: str = ""
    tags: list[str] = field(default_factory=list)
    secret: str = field(default="s3cret", repr=False)

    @property
    def doubled(self) -> int:
        """A property goes with it."""
        return self.number * 2


@frozen(kw_only=False)
class Pair:
    """By position."""

    left: int
    right: int = 2


@frozen
class Longer(Order):
    """Inherits fields."""

    more: str


@frozen
class Empty:
    """Nothing in it."""


@frozen
class Shy:
    """Says of itself what it wants."""

    value: str

    def __repr__(self) -> str:
        return "Shy()"


@dataclass(frozen=True, kw_only=True)
class Standard:
    """The standard library's, to compare with."""

    number: int
    note: str = ""
    tags: list[str] = field(default_factory=list)
    secret: str = field(default="s3cret", repr=False)


def test_it_holds_what_it_was_given_and_its_defaults() -> None:
    order = Order(number=1, note="n")
    assert (order.number, order.note, order.tags, order.doubled) == (1, "n", [], 2)
    assert [one.name for one in fields(order)] == [one.name for one in fields(Standard)]
    assert asdict(order) == asdict(Standard(number=1, note="n"))
    assert (Longer(number=1, more="m").more, Longer(number=1, more="m").kind) == ("m", "order")


def test_what_a_factory_makes_is_nobody_elses() -> None:
    assert Order(number=1).tags is not Order(number=1).tags


def test_it_shows_itself_as_a_dataclass_does_and_hides_what_is_to_be_hidden() -> None:
    assert repr(Order(number=1)) == repr(Standard(number=1)).replace("Standard", "Order")
    assert "s3cret" not in repr(Order(number=1))
    assert repr(Shy(value="v")) == "Shy()"


def test_nothing_in_it_can_be_changed_and_nothing_taken_away() -> None:
    pair = Pair(1)
    with pytest.raises(FrozenInstanceError, match=r"Pair\.left cannot be changed"):
        pair.left = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match=r"Pair\.other cannot be changed"):
        pair.other = 3  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        del pair.left
    assert pair == Pair(1, 2)


def test_equal_are_those_of_one_class_with_equal_fields() -> None:
    assert Pair(1, 2) == Pair(1, right=2)
    assert hash(Pair(1, 2)) == hash(Pair(1))
    assert len({Pair(1), Pair(1, 2), Pair(2, 1)}) == 2
    assert Pair(1) != Pair(2)
    assert {Empty(), Empty()} == {Empty()}
    assert Shy(value="v") == Shy(value="v") != Shy(value="w")
    assert cast(object, Pair(1)) != (1, 2)
    assert cast(object, Order(number=1)) != Longer(number=1, more="")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Order(number=1))


def test_a_copy_differs_in_what_was_asked_for() -> None:
    order = Order(number=1, tags=["a"])
    other = replace(order, note="n")
    assert (other.number, other.note, other.tags is order.tags) == (1, "n", True)
    assert copy.deepcopy(order) == order
    assert pickle.loads(pickle.dumps(order)) == order
    with pytest.raises(TypeError, match="nothing_such"):
        replace(order, nothing_such=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "named", "says"),
    [
        pytest.param((), {}, "Pair() lacks or does not know: left", id="a field that has no default is missing"),
        pytest.param((1, 2, 3), {}, "Pair() takes by position, each once: left, right", id="too many by position"),
        pytest.param((1,), {"left": 1}, "Pair() takes by position, each once: left, right", id="one given twice"),
        pytest.param((), {"left": 1, "up": 2}, "Pair() lacks or does not know: up", id="a field it does not have"),
        pytest.param((), {"up": 2}, "Pair() lacks or does not know: left, up", id="another in place of one"),
    ],
)
def test_it_is_made_of_its_fields_and_of_nothing_else(given: tuple[int, ...], named: dict[str, int], says: str) -> None:
    with pytest.raises(TypeError) as found:
        Pair(*given, **named)
    assert str(found.value) == says


def test_by_position_only_what_may_be_given_so() -> None:
    with pytest.raises(TypeError, match=r"takes by position, each once: nothing"):
        Order(1)  # type: ignore[call-arg]


class _Checked:
    value: int

    def __post_init__(self) -> None: ...


class _Compared:
    value: int
    other: int = field(default=0, compare=False)


class _Computed:
    value: int = field(init=False)


class _Equal:
    value: int

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize("cls", [_Checked, _Compared, _Computed, _Equal])
def test_what_it_would_ignore_is_refused(cls: type) -> None:
    """Above all a check that would never be made."""
    with pytest.raises(TypeError, match=r"would never be called|has a field that is not given, or not compared"):
        frozen(cls)


def test_a_field_may_have_any_name() -> None:
    @frozen
    class Odd:
        """Its field is called as the first parameter of a method."""

        self: int

    assert Odd(self=1).self == 1
