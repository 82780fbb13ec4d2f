"""Lambda's Init phase, in which a function is imported and wired: nothing that it makes then is garbage.

Python looks for garbage among all that was made, again and again, while modules are imported: a tenth of a cold start.
So each `app.py` imports this module before any other, and says in its last line that the phase is over. What was made
until then is not looked at again later either, which a full collection of a warm process would otherwise do.
"""

import gc

from grantwire.settings import is_started_by_lambda

if is_started_by_lambda():
    gc.disable()


def end_init_phase() -> None:
    """From now on garbage is collected."""
    if is_started_by_lambda():
        gc.freeze()
        gc.enable()
