"""The local stack behind `make run` and `make demo`. Nothing in this folder is deployed."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

# In Lambda the layer is on the path of every function; here it is too, however Python was started.
_LAYER = str(ROOT / "layers" / "common")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
