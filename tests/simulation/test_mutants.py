"""The simulation can fail: each fault that is put into the code on purpose breaks a promise."""

import pytest

from grantwire import sweeping
from tests.simulation.edited import edited
from tests.simulation.mutants import MUTANTS, Mutant, caught


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: Mutant) -> None:
    """Within three thousand seeds; `make mutants` prints by which promise, and at which seed."""
    assert caught(mutant, seeds=3000) is not None


def test_an_edit_that_changes_nothing_is_refused() -> None:
    """A mutant whose text has gone from the code would otherwise be the code itself."""
    with pytest.raises(ValueError, match="holds 0 times"):
        edited(sweeping, ("this is not in the module", ""))
