"""Every hostile case, family by family."""

from typing import Final

from tests.hostile import addresses, configurations, events, injection, names, receiving

FAMILIES: Final = (addresses, names, receiving, events, configurations, injection)
CASES: Final = tuple(case for family in FAMILIES for case in family.cases())
