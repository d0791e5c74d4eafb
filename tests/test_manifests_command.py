"""What every command shares: options, exit codes, and errors on one screen."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from manifests.core import command
from manifests.core.errors import PlanInfeasible, UserError


def exit_of(main, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        command.run(main)
    return left.value.code, capsys.readouterr().err


def raising(error: BaseException):
    def main() -> None:
        raise error

    return main


def test_an_error_reads_as_the_template_says() -> None:
    error = UserError("params.yaml: plan.total", "a count", "-3", "Raise it")
    assert str(error) == "params.yaml: plan.total: expected a count. Received -3. Raise it."
    assert (error.where, error.rule, error.received, error.remedy) == (
        "params.yaml: plan.total",
        "a count",
        "-3",
        "Raise it",
    )
    assert issubclass(PlanInfeasible, UserError)


def test_a_users_mistake_exits_with_1_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = exit_of(raising(UserError("here", "this", "that", "Do it")), capsys)
    assert (code, text) == (1, "here: expected this. Received that. Do it.\n")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out.parquet"),
            "out.parquet: expected a path that can be read and written. Received No space left on device. "
            "Free some space and run the command again.\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "secret"),
            "secret: expected a path that can be read and written. Received Permission denied. "
            "Check the path and its permissions.\n",
        ),
    ],
)
def test_an_error_of_the_system_has_no_traceback(
    capsys: pytest.CaptureFixture[str], error: OSError, expected: str
) -> None:
    assert exit_of(raising(error), capsys) == (1, expected)


def test_ctrl_c_exits_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = exit_of(raising(KeyboardInterrupt()), capsys)
    assert (code, text) == (130, "Stopped by Ctrl-C before the end. Run the command again.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_not_lost_whatever_code_makes_of_it(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        except BaseException as error:
            raise RuntimeError("as TensorFlow says it") from error

    code, text = exit_of(main, capsys)
    assert code == 128 + number and text.startswith("Stopped by ") and text.count("\n") == 1


def test_a_signal_that_a_destructor_swallows_is_raised_again(capsys: pytest.CaptureFixture[str]) -> None:
    class Swallowing:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    def main() -> None:
        each = Swallowing()
        del each
        time.sleep(20)

    began = time.monotonic()
    code, text = exit_of(main, capsys)
    assert code == 130 and text.count("\n") == 1 and time.monotonic() - began < 10


def test_a_second_signal_does_not_disturb_the_tidying_up(capsys: pytest.CaptureFixture[str]) -> None:
    tidied = []

    def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            tidied.append(1)

    assert exit_of(main, capsys)[0] == 130 and tidied == [1]


@pytest.mark.parametrize("address", ["s3://bucket/shards", "gs://b", "file:///tmp/x"])
def test_an_address_of_a_store_is_refused(address: str) -> None:
    with pytest.raises(UserError) as said:
        command.parser("x", out="a").parse_args(["--out", address])
    assert str(said.value) == (
        f"path: expected one on this machine's file systems. Received {address!r}. Mount the store, or copy it here."
    )
    assert command.parser("x", out="a").parse_args(["--out", "b"]).out == Path("b")


def test_our_own_mistake_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        command.run(raising(ZeroDivisionError()))


def test_a_wrong_option_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.parser("Scan.", source="a.parquet").parse_args(["--sauce", "b"])
    assert left.value.code == 2
    assert "unrecognized arguments: --sauce b" in capsys.readouterr().err


def test_paths_have_their_defaults_and_options() -> None:
    parser = command.parser("Do this.\n\nMore.", in_table="a.parquet", out="b")
    options = parser.parse_args(["--out", "c"])
    assert parser.description == "Do this."
    assert (options.params, options.in_table, options.out) == (Path("params.yaml"), Path("a.parquet"), Path("c"))


def test_an_option_is_never_abbreviated() -> None:
    with pytest.raises(SystemExit):
        command.parser("x", source="a").parse_args(["--sour", "b"])


def test_the_worker_count_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("N_JOBS", "3")
    assert command.jobs() == 3
    monkeypatch.delenv("N_JOBS")
    assert 1 <= command.jobs() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("name", ["N_JOBS", "TF_NUM_INTRAOP_THREADS"])
@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", " "])
def test_a_wrong_number_of_workers_or_threads_is_named(monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(UserError) as error:
        command.whole_number(name)
    assert str(error.value) == (
        f"environment: {name}: expected a whole number of 1 or more. Received {text!r}. Correct it, or unset it."
    )


def test_long_work_shows_progress_also_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with command.progress(5, "plan", "level", after=0.05):
        time.sleep(0.5)
    assert "plan:   0%" in (shown := capsys.readouterr().err) and "0/5" in shown
    with command.progress(5, "plan", "level", after=5) as bar:
        bar.update()
    assert capsys.readouterr() == ("", "")


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with command.progress(3, "scan") as bar:
        bar.update(3)
    assert capsys.readouterr() == ("", "")
