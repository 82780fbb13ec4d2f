"""What a person does with a stack that is in use: update it, delete it. It runs last, since it does both."""

from e2e.stack import Stack, timed
from grantwire.models import Webhook


def keys_in(stack: Stack, table: str) -> set[tuple[str, str]]:
    """The keys of a table's rows."""
    scanned = stack.aws.client("dynamodb").scan(TableName=stack.template.names[table], ProjectionExpression="pk, sk")
    return {(row["pk"]["S"], row["sk"]["S"]) for row in scanned["Items"]}


def test_the_first_event_of_the_outputs_is_one_that_the_rule_wants(stack: Stack) -> None:
    """As CloudFormation has resolved it."""
    (described,) = stack.aws.client("cloudformation").describe_stacks(StackName="grantwire")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    assert outputs["FirstEvent"].startswith("aws events put-events --entries '[{")
    assert "${" not in outputs["FirstEvent"]


def test_an_update_keeps_every_delivery_and_a_deletion_keeps_the_tables(stack: Stack, webhook: Webhook) -> None:
    """The tables are the same ones before and after, with every row; only the deletion takes the functions away."""
    tables = ("WebhooksTable", "DeliveriesTable")
    before = {table: keys_in(stack, table) for table in tables}
    names = {table: stack.template.names[table] for table in tables}
    with timed("Updating the stack"):
        updated = stack.update("LogLevel=WARNING")
    assert {table: updated.template.names[table] for table in tables} == names
    assert {table: before[table] - keys_in(updated, table) for table in tables} == {key: set() for key in tables}
    levels = {one["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] for one in updated.functions.values()}
    assert levels == {"WARNING"}
    with timed("Deleting the stack"):
        updated.delete()
    assert {table: before[table] - keys_in(updated, table) for table in tables} == {key: set() for key in tables}
    queues = {url.rpartition("/")[2] for url in stack.aws.client("sqs").list_queues()["QueueUrls"]}
    kept = {stack.template.names[name].rpartition("/")[2] for name in ("DispatchDeadLetters", "WakeupDeadLetters")}
    assert queues == kept
    assert stack.aws.client("lambda").list_functions()["Functions"] == []
