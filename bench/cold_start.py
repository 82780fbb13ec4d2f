"""How long each built function takes from a fresh interpreter until it is wired, against what it cannot do without.

What `make build` made runs as Lambda runs it: the function, its layer, and the modules of Lambda's Python runtime, no
more. The floor imports, in a fresh interpreter, the modules that the function ends up with and that are not our own,
makes as many clients of AWS's and reads the same certificate authorities, as a function does that takes Python and
botocore as they are. The spared floor does the same without what ours leave out of it, so that what remains above it is
our own code, and nothing else. Each figure is the fastest of fresh processes that take turns on one core. Besides, the
first and the second invocation under AWS's runtime interface emulator are timed. A target that is missed is printed as
such, and ends with 0 all the same.
"""

import argparse
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grantwire.stores import clients
from local.template import LOCAL_NAMES, Function, Template
from tests.deployed.emulator import Sandbox, collect_runtime, emulating, make_build

TARGET: Final = 1.15
OF_THE_TARGET: Final = ("dispatch", "redeliver")
MOST_LAYER_MB: Final = 5.0
FUNCTIONS: Final = ("dispatch", "redeliver", "sweep", "operate", "test_webhook", "webhooks", "console")
_HARMLESS: Final[Mapping[str, object]] = {
    "dispatch": {"detail-type": "none of ours", "detail": {}},
    "redeliver": {"Records": []},
}
_TRUST: Final = """
from botocore.httpsession import create_urllib3_context, get_cert_path
create_urllib3_context().load_verify_locations(get_cert_path(True))
"""
_TRUST_OF_EGRESS: Final = "import ssl; ssl.create_default_context()"
_SESSION: Final = "import botocore.session; session = botocore.session.Session()"
_SPARED_SESSION: Final = f"""
import botocore.session
from typing import Any
from botocore.loaders import Loader
_SERVICES = {clients._SERVICES!r}
{inspect.getsource(clients._Loader)}
session = botocore.session.Session()
session.register_component("data_loader", _Loader())
"""
_TIMED: Final = "import os, time; t = time.perf_counter()\n{}\nprint(time.perf_counter() - t)"
_FOUND: Final = """
import os, sys; before = set(sys.modules)
import app
own = [name for name in sys.modules if name.split('.')[0] == 'grantwire'
       or (getattr(sys.modules[name], '__file__', None) or '').startswith('{}')]
made = getattr(sys.modules.get('grantwire.stores.clients'), '_made', None)
others = [name for name in sys.modules if name not in before and name not in own]
print(__import__('json').dumps([others, made.cache_info().currsize if made else 0]))
"""


@dataclass(frozen=True)
class Built:
    """A build of this machine's processor, compiled, and the modules of Lambda's runtime."""

    build: Path
    runtime: Path
    template: Template

    def sandbox(self, name: str) -> Sandbox:
        """A function by its short name."""
        logical_id = f"{name.title().replace('_', '')}Function"
        function: Function = self.template.function(logical_id)
        return Sandbox.of(function, build=self.build, runtime=self.runtime, local={})

    def layer_mb(self, *, compiled: bool) -> float:
        """What is shipped in the layer, unzipped, with compiled modules or without."""
        files = [one for one in (self.build / "CommonLayer").rglob("*") if one.is_file()]
        return sum(one.stat().st_size for one in files if compiled or one.suffix != ".pyc") / 1e6


@contextmanager
def built() -> Iterator[Built]:
    """Make it."""
    resources: Any = Template.read().content["Resources"]
    names = dict(LOCAL_NAMES) | {"UserPool.ProviderURL": "https://issuer.example.com"}
    for name in resources:
        names |= {name: name, f"{name}.Arn": name, f"{name}.QueueUrl": name}
    with tempfile.TemporaryDirectory() as folder:
        build, runtime = make_build(Path(folder) / "build"), Path(folder) / "runtime"
        runtime.mkdir()
        collect_runtime(runtime)
        # As in Lambda; an installation here may not have been compiled yet.
        subprocess.run([sys.executable, "-m", "compileall", "-q", *map(str, runtime.iterdir())], check=True)
        yield Built(build, runtime, Template.read(names=names))


def printed(sandbox: Sandbox, code: str) -> str:
    """What code prints in the function's place; libraries' warnings are nobody's business here."""
    command = [*sandbox.command, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=sandbox.environment, cwd=sandbox.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return done.stdout.decode()


def floors_of(name: str, sandbox: Sandbox) -> dict[str, str]:
    """Code that imports and makes what the function does, without us: as it comes, and with what ours are spared."""
    modules, clients_made = json.loads(printed(sandbox, _FOUND.format(sandbox.folder)))
    imports = ["import importlib"]
    imports += [f"try: importlib.import_module({name!r})\nexcept ImportError: pass" for name in modules]
    made = [f"session.create_client({name!r})" for name in clients._SERVICES[:clients_made]]  # made in this order
    if made:
        made.append(_TRUST)
    if name in OF_THE_TARGET:  # those that send
        made.append(_TRUST_OF_EGRESS)
    floor = [*imports, *([_SESSION] if made else []), *made]
    spared = ["import gc; gc.disable()", *imports, *([_SPARED_SESSION] if made else []), *made, "gc.freeze()"]
    return {"floor": "\n".join(floor), "spared": "\n".join(spared)}


def started(name: str, sandbox: Sandbox, runs: int) -> dict[str, float]:
    """Milliseconds of the function and of its floors, and what it takes of each."""
    cases = {**floors_of(name, sandbox), "function": "import app"}
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs + 1):
        for name, code in cases.items():
            taken[name].append(float(printed(sandbox, _TIMED.format(code))) * 1000)
    fastest = {name: min(values) for name, values in taken.items()}
    ratios = {"ratio": fastest["function"] / fastest["floor"], "of_spared": fastest["function"] / fastest["spared"]}
    return fastest | ratios


def invoked(sandbox: Sandbox, event: object, runs: int) -> dict[str, float]:
    """Milliseconds of the first and the second invocation under the emulator."""
    firsts: list[float] = []
    seconds: list[float] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder, emulating(sandbox, log=Path(folder) / "log") as function:
            for taken in (firsts, seconds):
                began = time.perf_counter()
                function.invoke(event)
                taken.append((time.perf_counter() - began) * 1000)
    return {"first": min(firsts), "second": min(seconds)}


def measured(runs: int) -> dict[str, Any]:
    """Everything, as plain data."""
    if hasattr(os, "sched_setaffinity"):
        all_cores = os.sched_getaffinity(0)
    with built() as made:
        layer = {"layer_mb": made.layer_mb(compiled=True), "sources_mb": made.layer_mb(compiled=False)}
        invocations = {name: invoked(made.sandbox(name), event, max(3, runs // 2)) for name, event in _HARMLESS.items()}
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(all_cores)})
        starts = {name: started(name, made.sandbox(name), runs) for name in FUNCTIONS}
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, all_cores)
    return {"starts": starts, "invocations": invocations, **layer}


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=9)
    figures = measured(arguments.parse_args().runs)
    for name, one in figures["starts"].items():
        verdicts = ["met" if one[ratio] <= TARGET else "MISSED" for ratio in ("ratio", "of_spared")]
        verdict = f" ({', '.join(verdicts)})" if name in OF_THE_TARGET else ""
        print(f"{name:14} " + ", ".join(f"{key} {value:.4g}" for key, value in one.items()) + verdict)
    for name, one in figures["invocations"].items():
        print(f"{name:14} first invocation {one['first']:.0f} ms, second {one['second']:.1f} ms (emulator)")
    verdict = "met" if figures["layer_mb"] <= MOST_LAYER_MB else "MISSED"
    sizes = f"{figures['layer_mb']:.2f} MB unzipped, without compiled modules {figures['sources_mb']:.2f} MB"
    print(f"layer without boto3: {sizes} (target ≤ {MOST_LAYER_MB:g}: {verdict})")


if __name__ == "__main__":
    main()
