"""`habeas`: the groups of commands, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from habeas import __version__
from habeas.cli.demo import demo
from habeas.cli.operate import dags, jars, models, run, setup, tables
from habeas.cli.operate import open as opening
from habeas.cli.oversight import explain, halt, log, people, person, replay, report
from habeas.cli.policy import check as policy
from habeas.cli.policy import lifecycle as policy_life
from habeas.cli.policy import statutes as policy_statutes
from habeas.cli.records import consent, roster, source
from habeas.cli.suggestions import SuggestingGroup, without_typed_text
from habeas.model.errors import HabeasError, Unavailable, UsageError
from habeas.model.installation.exit_codes import EXIT_CODES, INTERRUPTED
from habeas.model.installation.resources import how_to_get_packages

_ENDS = "\n".join(["Exit codes", "", "\b", *(f"{row.number:>2}  {row.means}" for row in EXIT_CODES)])

_HELP = """
No face becomes a template unless the person, the purpose and the law allow it.

Start with `habeas demo`: it draws an archive of people who don't exist and runs everything on it.

\b
An archive of your own:
  habeas init --home /srv/faces
  habeas source add sources.csv
  habeas consent import consents.csv
  habeas roster import rosters.csv
  habeas run nightly
  habeas explain 3fa9c1
"""


# Typer's own ways to end: exit, interrupt, and every fault of usage (BadParameter -> UsageError -> its base).
_ITS_OWN: Any = (typer.Exit, typer.Abort, typer.BadParameter.__mro__[2])


class Main(SuggestingGroup):
    """Errors raised on purpose become a message and an exit code; others never show their content."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; errors of habeas become a message, a hint and their exit code."""
        try:
            return super().invoke(ctx)
        except HabeasError as error:
            _end(ctx, error)
        except _ITS_OWN as error:
            without_typed_text(error)
            raise
        except KeyboardInterrupt:
            _say("habeas: interrupted; what was finished stays, and the same command can be run again.")
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # the reader closed the pipe: no error at exit
            ctx.exit(0)
        except Exception as error:
            if os.environ.get("HABEAS_DEBUG") == "1":
                raise
            _end(ctx, _unforeseen(error))


def _end(ctx: Any, error: HabeasError) -> None:
    _say(f"habeas: {error.message}")
    if error.hint:
        _say(f"  {error.hint}")
    ctx.exit(error.exit_code)


def _unforeseen(error: Exception) -> HabeasError:
    """The message for an error that wasn't raised on purpose."""
    from habeas.cli.operate.installed_packages import part_of
    from habeas.pipeline.runtime.os_errors import from_os_error

    if isinstance(error, OSError):
        return from_os_error(error)
    if isinstance(error, ModuleNotFoundError) and (part := part_of(error.name or "")):
        return UsageError(
            f"this command needs an optional part of habeas, `{part}`, which isn't installed",
            hint=f"Install it: {how_to_get_packages(part)}",
        )
    # Only the kind: the text of an unexpected error may hold a value of a row.
    return HabeasError(f"{type(error).__name__}; HABEAS_DEBUG=1 shows where, and may show data.")


def _say(text: str) -> None:
    from habeas.cli.output import say

    say(text)


class Program(typer.Typer):
    """The console entry point. Tests and docs ask for its commands and never call it."""

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command and end the process at once with its code.

        Threads of native libraries may still run when an interpreter shuts down, and sometimes one of them aborts it:
        an answer that was given well would then end with 134. By now every file is closed and nothing is left to do.
        """
        from habeas.pipeline.runtime.private_process import keep_private

        keep_private()  # and no core dumps of Airflow, Spark and their JVMs, which inherit that
        try:
            code = _code(super().__call__(*args, **kwargs))
        except SystemExit as end:
            code = _code(end.code)
        except Exception:  # noqa: BLE001 - as the interpreter does with uncaught errors
            sys.excepthook(*sys.exc_info())
            code = 1
        os._exit(_flushed(code))


def _code(ended: object) -> int:
    """What `sys.exit` makes of its argument."""
    if ended is None:
        return 0
    if isinstance(ended, int):
        return ended & 0xFF
    sys.stderr.write(f"{ended}\n")
    return 1


def _flushed(code: int) -> int:
    """The code to end with, when all that was said is out: what can't be written was not answered."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:  # None: the caller closed the channel
                stream.flush()
        except BrokenPipeError:
            continue  # the reader closed the pipe
        except OSError:
            code = code or Unavailable.exit_code
    return code


app = Program(
    cls=Main,
    help=_HELP,
    epilog=_ENDS,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # its tracebacks print local variables
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _use_settings(context: typer.Context, config: Path) -> None:
    """Name the settings file for the command that follows, as the environment variable would."""
    before = os.environ.get("HABEAS_CONFIG")
    os.environ["HABEAS_CONFIG"] = str(config)

    def restore() -> None:
        if before is None:
            del os.environ["HABEAS_CONFIG"]
        else:
            os.environ["HABEAS_CONFIG"] = before

    context.call_on_close(restore)


@app.callback()
def main(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Settings file; the same as --config after the command."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more on standard error.")] = False,
) -> None:
    """Options of every command."""
    if config is not None:
        _use_settings(context, config)
    if verbose:
        from habeas.pipeline.runtime.logs import configure

        configure(verbose=True)


app.command("init")(setup.init)
app.command("doctor")(setup.doctor)
app.command("jars")(jars.jars)
app.command("demo")(demo.demo)
app.add_typer(source.app, cls=SuggestingGroup, name="source")
app.add_typer(consent.app, cls=SuggestingGroup, name="consent")
app.add_typer(roster.app, cls=SuggestingGroup, name="roster")
app.add_typer(policy.app, cls=SuggestingGroup, name="policy")
policy.app.command("show")(policy_life.show)
policy.app.command("diff")(policy_life.diff)
policy.app.command("activate")(policy_life.activate)
policy.app.command("sign-statute")(policy_statutes.sign_statute)
app.add_typer(people.app, cls=SuggestingGroup, name="people")
app.add_typer(person.app, cls=SuggestingGroup, name="person")
app.command("halt")(halt.halt)
app.command("resume")(halt.resume)
app.command("halts")(halt.halts)
app.add_typer(run.app, cls=SuggestingGroup, name="run")
app.command("explain")(explain.explain)
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.add_typer(log.app, cls=SuggestingGroup, name="log")
app.add_typer(dags.app, cls=SuggestingGroup, name="dags")
app.add_typer(tables.app, cls=SuggestingGroup, name="tables")
app.add_typer(models.app, cls=SuggestingGroup, name="models")
app.command("open")(opening.open_)
