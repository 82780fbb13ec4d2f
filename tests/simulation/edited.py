"""A module with some of its source changed, in memory only: the file and `sys.modules` stay as they are."""

import inspect
from enum import EnumType
from types import ModuleType


def edited(module: ModuleType, *edits: tuple[str, str]) -> ModuleType:
    """A copy of the module in which each edit's first text, which must be there exactly once, is its second.

    Its enumerations are the module's own, since others compare with them.
    """
    source = inspect.getsource(module)
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"{module.__name__} holds {source.count(old)} times what is to be changed: {old!r}")
        source = source.replace(old, new)
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__file__ = module.__file__
    exec(compile(source, f"{module.__file__} (edited)", "exec"), copy.__dict__)
    copy.__dict__.update({name: one for name, one in vars(module).items() if isinstance(one, EnumType)})
    return copy
