"""Lambda's Init phase, in which a function is imported and wired, and has a whole core however small it is.

Nothing that it makes then is garbage, which Python looks for again and again while modules are imported: a tenth of a
cold start. So each `app.py` imports this module before any other, and says in its last line that the phase is over.
What was made until then is not looked at again later either, which a full collection of a warm process otherwise does.
"""

import gc
from collections.abc import Callable

from grantwire.settings import is_started_by_lambda

if is_started_by_lambda():
    gc.disable()


def end_init_phase(*first_needed: Callable[[], object]) -> None:
    """Make what the first invocation would make otherwise, with a seventh of a core; then garbage is collected."""
    if not is_started_by_lambda():
        return
    for make in first_needed:
        make()
    gc.freeze()
    gc.enable()
