"""Prints the tables of the stack that `make run` started, a line of JSON for each row: `python -m local.tables`."""

import json
import os
import sys
from typing import TYPE_CHECKING

from local.environment import local_environment, set_environment
from local.errors import LocalError
from local.options import add_port, parser
from local.rows import plain
from local.running import RunningStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def main(arguments: list[str]) -> int:
    """Exit status: 0, 1 when nobody reads to the end, or 2 when no stack runs."""
    made = parser("local.tables", __doc__)
    add_port(made)
    options = made.parse_args(arguments)
    try:
        stack = RunningStack.read(options.folder, options.port)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 2
    with set_environment(local_environment(os.environ, endpoint=stack.aws_endpoint)):
        try:
            _print_tables(stack)
            sys.stdout.flush()  # what is written at the very end only would fail unseen
        except BrokenPipeError:  # whoever read along, `head` for one, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
    return 0


def _print_tables(stack: RunningStack) -> None:
    import boto3

    client: DynamoDBClient = boto3.client("dynamodb")
    for table in stack.tables:
        print(table)
        for page in client.get_paginator("scan").paginate(TableName=table):
            for row in page["Items"]:
                print("  " + json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False))
    client.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
