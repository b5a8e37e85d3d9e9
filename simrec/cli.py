"""The command line: finds the commands, and turns errors into one line and an exit status.

A command is one module in `simrec.commands`: a function of the module's name whose docstring is its help,
and ``PANEL``, the heading that it stands under. Nothing heavy is imported before a command runs.
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Annotated

import typer

import simrec.commands
from sim.errors import UserError
from simrec import __version__

app = typer.Typer(
    name="simrec",
    no_args_is_help=True,
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
    home: Annotated[
        Path | None, typer.Option(help="Where recordings are kept (also SIMREC_HOME).", file_okay=False)
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


def _register() -> None:
    modules = [
        importlib.import_module(f"simrec.commands.{module.name}")
        for module in pkgutil.iter_modules(simrec.commands.__path__)
    ]
    for module in sorted(modules, key=lambda module: PANELS.index(module.PANEL)):
        name = module.__name__.rpartition(".")[2]
        app.command(name, rich_help_panel=module.PANEL)(getattr(module, name))


_register()


def main() -> None:
    """The entry point of the ``simrec`` command."""
    try:
        app()
    except UserError as error:
        print(f"simrec: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("simrec: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
