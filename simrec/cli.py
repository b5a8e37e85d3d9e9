"""The command line: finds the commands, and turns errors into one line and an exit status.

A command is one module in `simrec.commands`: a function of the module's name whose docstring is its help
(or a Typer of that name, if it has commands of its own), ``PANEL``, the heading that it stands under, and
``Command`` if it reads its words in a way of its own.
Nothing heavy is imported before a command runs. What exit statuses mean is in docs/reference/exit-status.md.
"""

import gc
import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import simrec.commands
from sim.errors import UserError
from sim.text import printable
from simrec import __version__

#: Exit statuses that aren't an error's own (`UserError.exit_status`).
USAGE, DAMAGED, INTERRUPTED, NOBODY_READS = 2, 5, 130, 141


class Commands(TyperGroup):
    """The commands. What they raise for the user to mend ends here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except UserError as error:
            _complain(str(error))
            raise typer.Exit(error.exit_status) from None
        except KeyboardInterrupt:
            _complain("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader (head, less) has gone: nothing is left to say, not even at exit.
            _discard_output()
            raise typer.Exit(NOBODY_READS) from None
        except OSError as error:
            _tell_damage(error)
            if error.filename is not None:
                raise
            _discard_output()
            _complain(f"can't write the output: {error.strerror}; try another place")
            raise typer.Exit(USAGE) from None
        except Exception as error:
            if not isinstance(error, typer.Exit | typer.Abort) and not hasattr(error, "format_message"):
                _tell_damage(error)
            raise


def _tell_damage(error: Exception) -> None:
    """End here if a recording may be why a command failed."""
    from simrec.damage import explained

    damage = explained(error)
    if damage is not None:
        _complain(damage)
        raise typer.Exit(DAMAGED) from None


app = typer.Typer(
    name="simrec",
    cls=Commands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)

#: Headings of the help, in this order.
PANELS = ("Record", "Replay", "Analyse", "Programs", "Catalog")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"simrec {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="Where recordings are kept (also SIMREC_HOME)."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Record a program's run on a simulated multicore RISC-V machine, event by event, and replay it.

    Start with `simrec run examples/counter_race.asm`, then `simrec replay --at 1200`.
    """
    if home is not None:
        os.environ["SIMREC_HOME"] = str(home.absolute())
    if context.invoked_subcommand is None:
        print(context.get_help())


def _register() -> None:
    modules = [
        importlib.import_module(f"simrec.commands.{module.name}")
        for module in pkgutil.iter_modules(simrec.commands.__path__)
    ]
    for module in sorted(modules, key=lambda module: PANELS.index(module.PANEL)):
        name = module.__name__.rpartition(".")[2]
        command = getattr(module, name)
        # ``import`` is a word of Python's.
        name = name.rstrip("_")
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=module.PANEL)
        else:
            how = getattr(module, "Command", None)
            app.command(name, cls=how, rich_help_panel=module.PANEL)(command)


_register()


def main() -> None:
    """The entry point of the ``simrec`` command."""
    # Imports make some 200,000 objects that stay; looking through them for cycles takes a tenth of a short
    # run's time.
    gc.set_threshold(500_000, *gc.get_threshold()[1:])
    # NumPy's linear algebra, which nothing here needs, starts a thread per core that waits by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # Terminals that can't show a character get an escape, not a crash.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        status = app(prog_name="simrec", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        _complain(_usage(error))
        status = USAGE
    if "duckdb" not in sys.modules:
        # The process ends: what is left is freed with it, and need not be looked through for cycles. DuckDB
        # would complain of what it finds left.
        gc.freeze()
    sys.exit(status if isinstance(status, int) else 0)


def _usage(error: Any) -> str:
    """What was typed wrong, and where to read how it is typed. ``error`` is Click's, of which Typer carries
    its own copy."""
    command = error.ctx.command_path if getattr(error, "ctx", None) else "simrec"
    text = error.format_message().rstrip(".")
    if type(error).__name__ == "NoSuchOption" and command.endswith(" run"):
        text += "; the program's own options go behind --"
    return f"{text}; see `{command} --help`"


def _complain(message: str) -> None:
    # It may quote from a recording, which may be somebody else's.
    lines = "\n".join(map(printable, message.split("\n")))
    print(f"simrec: {lines}", file=sys.stderr)


def _discard_output() -> None:
    """Send what is still buffered, and all that follows, nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Put /dev/null in the place of standard streams that the caller has closed, before a file of ours
    gets their number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115
