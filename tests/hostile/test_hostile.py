"""The hostile cases that are quick; `make hostile` runs all of them, measures memory, and takes the guards out."""

from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.addresses import refusal
from tests.hostile import registry
from tests.hostile.all import CASES
from tests.hostile.cases import Case, run
from tests.hostile.guards import GUARDS, Guard, source_of
from tests.hostile.world import World

BUSY_SECONDS = 3.0  # other tests run meanwhile, which says nothing about the code; `make hostile` allows a quarter


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all cases."""
    return World(tmp_path_factory.mktemp("hostile"), of_memory=False)


@pytest.mark.parametrize("case", [one for one in CASES if not one.slow], ids=lambda case: case.title)
def test_a_hostile_case_does_no_harm(case: Case, world: World) -> None:
    """The outcome is the one that is expected, in words, and what comes next is unharmed."""
    assert run(case, world, late_seconds=BUSY_SECONDS).short == ()


def test_there_are_enough_cases_and_each_is_told_from_the_others() -> None:
    """At least 120, no two of one title, and every family has guards that can be taken out."""
    titles = Counter(case.title for case in CASES)
    assert len(titles) >= 120
    assert [title for title, count in titles.items() if count > 1] == []
    assert {case.family for case in CASES} == {guard.family for guard in GUARDS}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_is_there_to_be_taken_out(guard: Guard) -> None:
    """Its text stands in the code, once, and what stands there without it is Python."""
    compile(guard.without(source_of(guard)), guard.module, "exec")


def test_a_guard_that_is_not_there_is_an_error() -> None:
    """Otherwise `make hostile` would take nothing out."""
    with pytest.raises(ValueError, match="holds 0 times"):
        Guard(family="names", name="none", module="grantwire.hops", old="no such text", new="").without("text")


_NUMBERS = {4: st.integers(0, 2**32 - 1), 6: st.integers(0, 2**128 - 1)}
_NEAR = st.sampled_from(registry.blocks()).flatmap(
    lambda block: st.integers(int(block.network.network_address), int(block.network.broadcast_address)).map(
        lambda number: (number, block.network.version)
    )
)


@given(st.one_of(_NEAR, _NUMBERS[4].map(lambda number: (number, 4)), _NUMBERS[6].map(lambda number: (number, 6))))
def test_an_address_is_judged_as_the_registries_judge_it(drawn: tuple[int, int]) -> None:
    """Any address, those within special-purpose blocks above all: called exactly when IANA says it is reachable."""
    number, version = drawn
    address = ip_address(number.to_bytes(4 if version == 4 else 16, "big"))
    assert registry.is_callable(address) is (refusal(str(address)) == "")
