"""HTTP: the console, one static page and its modules. It asks the HTTP API for everything else."""

from grantwire.init_phase import end_init_phase

from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from grantwire.observability import logger
from grantwire.settings import console_settings
from site_files import Site

STATIC = Path(__file__).parent / "static"


@cache
def site() -> Site:
    """Read and compressed once, and kept while the process is warm."""
    return Site(STATIC, console_settings())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda calls this for each HTTP request."""
    logger().set_correlation_id(context.aws_request_id)
    return site().answer(event["rawPath"], accept_encoding=event["headers"].get("accept-encoding", ""))


end_init_phase(site)
