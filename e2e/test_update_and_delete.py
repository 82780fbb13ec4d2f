"""What a person does with a stack that is in use: update it, delete it. It runs last, since it does both."""

from e2e.stack import Stack, timed
from grantwire.models import Webhook


def rows_in(stack: Stack, table: str) -> int:
    """How many rows a table has."""
    return int(stack.aws.client("dynamodb").scan(TableName=stack.template.names[table], Select="COUNT")["Count"])


def test_the_first_event_of_the_outputs_is_one_that_the_rule_wants(stack: Stack) -> None:
    """As CloudFormation has resolved it."""
    (described,) = stack.aws.client("cloudformation").describe_stacks(StackName="grantwire")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    assert outputs["FirstEvent"].startswith("aws events put-events --entries '[{")
    assert "${" not in outputs["FirstEvent"]


def test_an_update_keeps_every_delivery_and_a_deletion_keeps_the_tables(stack: Stack, webhook: Webhook) -> None:
    """The tables are the same ones before and after, with every row; only the deletion takes the functions away."""
    tables = ("WebhooksTable", "DeliveriesTable")
    before = {table: (stack.template.names[table], rows_in(stack, table)) for table in tables}
    with timed("Updating the stack"):
        updated = stack.update("LogLevel=WARNING")
    after = {table: (updated.template.names[table], rows_in(updated, table)) for table in tables}
    assert after == before
    levels = {one["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] for one in updated.functions.values()}
    assert levels == {"WARNING"}
    with timed("Deleting the stack"):
        updated.delete()
    assert {table: (updated.template.names[table], rows_in(updated, table)) for table in tables} == before
    queues = {url.rpartition("/")[2] for url in stack.aws.client("sqs").list_queues()["QueueUrls"]}
    kept = {stack.template.names[name].rpartition("/")[2] for name in ("DispatchDeadLetters", "WakeupDeadLetters")}
    assert queues == kept
    assert stack.aws.client("lambda").list_functions()["Functions"] == []
