"""The simulation can fail: each fault that is put into the code on purpose breaks a promise.

That it does is what `make mutants` shows, which CI runs; here, the faults are looked at, and the first one is caught.
"""

import pytest

from grantwire import sweeping
from tests.simulation.edited import edited
from tests.simulation.mutants import MUTANTS, Mutant, caught


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_another_code(mutant: Mutant) -> None:
    """What it changes is there, exactly once: it would be the code itself otherwise, or not what its name says."""
    assert edited(mutant.module, (mutant.old, mutant.new))


def test_a_mutant_is_caught() -> None:
    """By the promise that it breaks."""
    seen = caught(next(one for one in MUTANTS if one.name == "the sweep does not postpone what it has woken"), 100)
    assert seen is not None
    assert seen.invariant == "woken in moderation"


def test_an_edit_that_changes_nothing_is_refused() -> None:
    """A mutant whose text has gone from the code would otherwise be the code itself."""
    with pytest.raises(ValueError, match="holds 0 times"):
        edited(sweeping, ("this is not in the module", ""))
