"""The command `striate`: its commands, its exit statuses, and what it says when something is wrong."""

import gc
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Annotated, Any, NoReturn

import typer

from striate.cli import terminal
from striate.cli.check import check
from striate.cli.data import data
from striate.cli.evaluate import evaluate
from striate.cli.import_weights import import_weights
from striate.cli.predict import predict
from striate.cli.prove import prove
from striate.cli.train import train
from striate.cli.zoo import zoo
from striate.errors import StriateError
from striate.version import __version__

__all__ = ["main", "run"]

BUG = 1

app = typer.Typer(
    help="Convolutional networks: you define, striate does the rest.",
    epilog="To begin: striate train digits",
    add_completion=False,
    rich_markup_mode=None,  # plain help can be read in 40 columns, boxes cannot
    context_settings={"help_option_names": ["-h", "--help"]},
)

UsageError: Any = typer.BadParameter.__base__
"""What typer raises for arguments it cannot understand; it has no public name for it."""


def _later(command: Callable[..., int | None]) -> Callable[..., Any]:
    """The command as typer takes it: it only parses. What runs outside keeps its signals and errors from typer."""

    @wraps(command)
    def parsed(**arguments: Any) -> Any:
        return partial(command, **arguments)

    return parsed


def _version(wanted: bool) -> None:
    if wanted:
        terminal.say(f"striate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Nothing but --version comes before the command."""


for command in (train, check, prove, evaluate, predict, data, zoo):
    app.command()(_later(command))
app.command("import")(_later(import_weights))  # the word alone is one of Python's


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its exit status.

    Args: arguments: those of the process where it is None.
    """
    terminal.prepare()
    gc.set_threshold(50_000, 20, 20)  # at 700 the imports of a command would be searched for garbage for half a second
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(terminal.finish(run(sys.argv[1:] if arguments is None else arguments)))


class _Terminated(KeyboardInterrupt):
    """SIGTERM, taken as Ctrl-C is: through everything that has to be put in order on the way out."""

    signum = signal.SIGTERM


def _terminate(_signum: int, _frame: Any) -> NoReturn:
    raise _Terminated


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command: 0; 2 the user's input; 3 training failed; 130, 143 signals; 1 a mistake in code.

    Example: >>> run(["--version"])
             striate 0.1.0
             0
    """
    try:
        width = min(shutil.get_terminal_size().columns, 100)  # left to itself, help is never narrower than 50
        words = list(arguments) or ["--help"]
        parsed = app(words, prog_name="striate", standalone_mode=False, terminal_width=width)
        return (parsed() if callable(parsed) else parsed) or 0
    except StriateError as error:
        terminal.tell(error)
        return error.status
    except UsageError as error:
        command = error.ctx.command_path if error.ctx else "striate"
        terminal.complain(f"UsageError: {error.format_message()}\n  fix   : {command} --help")
        return StriateError.status
    except KeyboardInterrupt as stop:
        signum = signal.Signals(getattr(stop, "signum", signal.SIGINT))
        terminal.complain(f"stopped: {signum.name}")
        return 128 + signum
    except Exception:  # noqa: BLE001  (the last place where anything can be told)
        traceback.print_exc()
        terminal.complain(
            "BugError: this is a mistake of striate, not of yours\n"
            f"  where : striate {__version__}, the lines above\n"
            "  fix   : please report it with those lines and with the command you gave"
        )
        return BUG
