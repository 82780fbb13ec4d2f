"""Real handlers, called as Lambda calls them."""

import threading
from pathlib import Path
from typing import Any

import pytest

from local.functions import LocalFunction, load_handler
from local.template import Function

TEMPLATE = Function(
    logical_id="DispatchFunction",
    environment={},
    timeout_seconds=120,
    memory_mb=512,
    maximum_retries=2,
    on_failure=None,
    rules=(),
    routes=(),
    sources=(),
    schedules=(),
)


def test_the_handler_gets_a_context() -> None:
    seen: list[Any] = []
    LocalFunction(TEMPLATE, lambda _, context: seen.append(context)).invoke({}, request_id="request-1")
    (context,) = seen
    assert context.aws_request_id == "request-1"
    assert context.function_name == "DispatchFunction"
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:DispatchFunction"
    assert context.memory_limit_in_mb == "512"
    assert 110_000 < context.get_remaining_time_in_millis() <= 120_000


def test_event_and_answer_pass_through_json() -> None:
    event = {"a": (1, 2)}
    answer = LocalFunction(TEMPLATE, lambda seen, _: {"same": seen is event, "got": seen, "pair": (3,)}).invoke(
        event, request_id="1"
    )
    assert answer == {"same": False, "got": {"a": [1, 2]}, "pair": [3]}


def test_an_answer_that_is_not_json_is_an_error_as_in_lambda() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        LocalFunction(TEMPLATE, lambda *_: {1, 2}).invoke({}, request_id="1")


def test_what_is_raised_goes_to_the_log_and_on(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(_event: object, _context: object) -> None:
        raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        LocalFunction(TEMPLATE, handler).invoke({}, request_id="1")
    assert "RuntimeError: out of order" in capsys.readouterr().out


def test_two_functions_never_run_at_once() -> None:
    meeting = threading.Barrier(2)
    outcomes: list[str] = []

    def handler(_event: object, _context: object) -> None:
        try:
            meeting.wait(timeout=0.05)
        except threading.BrokenBarrierError:
            outcomes.append("alone")
        else:
            outcomes.append("met another one")

    functions = [LocalFunction(TEMPLATE, handler) for _ in range(2)]
    threads = [threading.Thread(target=one.invoke, args=({},), kwargs={"request_id": "1"}) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["alone", "alone"]


def test_files_of_one_name_are_loaded_as_modules_of_their_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(f"def handler(event, context):\n    return __name__, {name!r}\n")
    one, two = (load_handler(tmp_path / name / "app.py") for name in ("one", "two"))
    assert one({}, None) == ("functions_one", "one")
    assert two({}, None) == ("functions_two", "two")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_handler(tmp_path / "app.py")
