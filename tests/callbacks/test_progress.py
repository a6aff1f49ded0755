"""The bar on terminals of every width, and the lines elsewhere."""

import pytest

from striate.callbacks import LambdaCallback, ProgressBar, progress
from striate.errors import ArgumentError
from tests.callbacks.stage import Model, Terminal, run, screen, tell

EPOCH = {
    "loss": 0.5,
    "accuracy": 0.875,
    "val_loss": 0.625,
    "val_accuracy": 0.75,
    "learning_rate": 0.1,
    "seconds": 2.0,
    "images_per_second": 1234.0,
}
WHOLE = "loss 0.5000  accuracy 0.8750  val_loss 0.6250  val_accuracy 0.7500  1,234 images/s  2.0 s"


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of some width that shows every step."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(progress, "REDRAW", 0.0)

    def make(width=100):
        monkeypatch.setenv("COLUMNS", str(width))
        output = Terminal()
        monkeypatch.setattr("sys.stdout", output)
        return output

    return make


def drawings(output, width):
    """What stood on the last line of the screen each time something was drawn."""
    return [screen(part, width)[-1] for part in output.getvalue().split("\r\x1b[2K")]


def test_without_a_terminal_there_is_a_line_for_each_epoch_and_no_control_code(capsys):
    run([ProgressBar()], [EPOCH, EPOCH])
    assert capsys.readouterr().out == f"epoch 1/2  {WHOLE}\nepoch 2/2  {WHOLE}\n"


@pytest.mark.parametrize("verbose", ["auto", 1, 2, True])
def test_without_a_terminal_every_verbosity_but_0_is_the_same(capsys, verbose):
    run([ProgressBar(verbose=verbose)], [EPOCH])
    assert capsys.readouterr().out == f"epoch 1/1  {WHOLE}\n"


def test_an_interrupt_is_answered_at_once(terminal):
    output = terminal()
    bar = ProgressBar()
    bar.set_params({"epochs": 1, "steps": 4, "samples": 4})
    bar.on_train_begin()
    bar.on_epoch_begin(0)
    bar.on_train_batch_end(0, {"loss": 0.5})
    bar.on_interrupt()
    assert screen(output.getvalue(), 100) == ["stopping: what was learned so far is kept", ""]


def test_nothing_is_nothing(capsys, terminal):
    run([ProgressBar(verbose=0)], [EPOCH])
    assert capsys.readouterr().out == ""
    output = terminal()
    run([ProgressBar(verbose=0)], [EPOCH])
    assert output.getvalue() == ""


def test_where_colours_are_forced_upon_no_terminal_there_is_still_no_control_code(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    run([ProgressBar()], [EPOCH])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("verbose", [3, -1, "loud", None])
def test_other_verbosities_are_refused(verbose):
    with pytest.raises(ArgumentError, match="verbose must be"):
        ProgressBar(verbose=verbose)


@pytest.mark.parametrize("verbose", ["auto", 1])
def test_a_terminal_shows_the_bar_and_keeps_the_lines(terminal, verbose):
    output = terminal(120)
    run([ProgressBar(verbose=verbose)], [EPOCH, EPOCH], steps=4)
    drawn = drawings(output, 120)
    assert drawn[0] == "epoch 1/2  " + "─" * 24
    assert drawn[1].startswith("epoch 1/2  ━━━━━━──────────────────  loss 0.5000  accuracy 0.8750")
    assert "images/s" in drawn[1]
    assert drawn[1].endswith("left")
    assert screen(output.getvalue(), 120) == [f"epoch 1/2  {WHOLE}", f"epoch 2/2  {WHOLE}", ""]


def test_verbosity_2_is_lines_on_a_terminal_too(terminal):
    output = terminal(60)
    run([ProgressBar(verbose=2)], [EPOCH])
    assert output.getvalue() == f"epoch 1/1  {WHOLE}\n"


@pytest.mark.parametrize("width", [20, 30, 40, 41, 60, 80, 100, 200])
def test_on_a_terminal_of_any_width_everything_keeps_to_one_line(terminal, width):
    output = terminal(width)
    run([ProgressBar()], [EPOCH] * 3, steps=5)
    assert all(len(line) < width for line in drawings(output, width))
    assert len(screen(output.getvalue(), width)) == 4


def test_forty_columns_show_the_loss_and_what_matters_most(terminal):
    output = terminal(40)
    run([ProgressBar()], [EPOCH], steps=5)
    assert drawings(output, 40)[1].startswith("epoch 1/1  ━")
    assert "loss 0.5000" in drawings(output, 40)[1]
    assert screen(output.getvalue(), 40)[0] == "epoch 1/1  val_accuracy 0.7500  2.0 s"


def test_no_color_leaves_colours_out(terminal, monkeypatch):
    output = terminal()
    run([ProgressBar()], [EPOCH])
    assert "\x1b[32m" in output.getvalue() or "\x1b[90m" in output.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    output = terminal()
    run([ProgressBar()], [EPOCH])
    assert not {code for code in ("\x1b[32m", "\x1b[90m") if code in output.getvalue()}


def test_a_dumb_terminal_gets_lines(terminal, monkeypatch):
    output = terminal()
    monkeypatch.setenv("TERM", "dumb")
    run([ProgressBar()], [EPOCH])
    assert output.getvalue() == f"epoch 1/1  {WHOLE}\n"


def test_what_others_print_at_the_end_of_an_epoch_stands_on_a_line_of_its_own(terminal):
    output = terminal(120)
    talk = LambdaCallback(on_epoch_end=lambda *_: print("mine"))
    run([talk, ProgressBar()], [EPOCH], steps=4)
    assert screen(output.getvalue(), 120) == ["mine", f"epoch 1/1  {WHOLE}", ""]


def test_the_bar_can_be_taken_off_when_a_run_breaks(terminal):
    output = terminal(120)
    bar = ProgressBar()
    bar.clear()  # also before there is one
    bar.set_model(Model())
    bar.set_params({"epochs": 2, "steps": 4, "samples": 40})
    tell([bar], "on_train_begin")
    tell([bar], "on_epoch_begin", 0)
    tell([bar], "on_train_batch_end", 0, {"loss": 0.5})
    bar.clear()
    print("the loss is nan")
    assert screen(output.getvalue(), 120) == ["the loss is nan", ""]


def test_an_epoch_that_is_broken_off_leaves_its_line(terminal):
    output = terminal(120)
    stop = LambdaCallback(on_train_batch_end=lambda *_: setattr(model, "stop_training", True))
    model = Model()
    run([stop, ProgressBar()], [EPOCH, EPOCH], model, steps=4)
    assert screen(output.getvalue(), 120) == [f"epoch 1/2  {WHOLE}", ""]


def test_the_time_left_counts_the_epochs_that_are_left(terminal, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(clock)))
    output = terminal(120)
    bar = ProgressBar()
    bar.set_params({"epochs": 5, "steps": 10, "samples": 100})
    tell([bar], "on_train_begin")  # 0
    tell([bar], "on_epoch_begin", 2)  # 1, drawn at 2: the third of five epochs, as after initial_epoch=2
    tell([bar], "on_train_batch_end", 0, {"loss": 0.5})  # asked at 3, drawn at 4
    # one step took 4 s since the beginning; 29 are left: 116 s. 10 images in the 3 s of the epoch.
    assert drawings(output, 120)[-1].endswith("3 images/s  1 min 56 s left")


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0.0000"), (0.5, "0.5000"), (0.00012345, "0.000123"), (12345.678, "1.23e+04")]
)
def test_numbers_are_shown_with_what_can_be_told_apart(capsys, value, shown):
    run([ProgressBar()], [{"loss": value}])
    assert capsys.readouterr().out == f"epoch 1/1  loss {shown}\n"
