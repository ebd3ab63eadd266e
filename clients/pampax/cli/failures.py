"""One line and one exit code for everything that goes wrong."""

from __future__ import annotations

import json
import sys
import traceback

import click

from pampax.cli.words import visible
from pampax.core.errors import Internal, LocalIOError, PampaxError

# click's words for a value that is no number, and ours.
_NO_NUMBER = (
    ("is not a valid integer range", "is not a whole number"),
    ("is not a valid integer", "is not a whole number"),
    ("is not a valid float", "is not a number"),
)
USAGE = 2
INTERRUPTED = 130


def report(error: Exception, *, as_json: bool, verbose: bool) -> int:
    """Tell the user on stderr; the exit code. With JSON: `{"error": {reason, message, exit_code, corr_id}}`."""
    reason, message, exit_code, corr_id = _told(error)
    if verbose:
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        document = {"reason": reason, "message": message, "exit_code": exit_code, "corr_id": corr_id}
        sys.stderr.write(json.dumps({"error": document}, ensure_ascii=False) + "\n")
    else:
        request = f" (request {corr_id})" if corr_id and corr_id not in message and (exit_code == 6 or verbose) else ""
        sys.stderr.write(f"pampax: {visible(message, keep_lines=True)}{request}\n")
    return exit_code


def _told(error: Exception) -> tuple[str, str, int, str]:
    """Reason, message, exit code and request id."""
    if isinstance(error, click.ClickException):
        return "USAGE", _usage(error), USAGE, ""
    if isinstance(error, OSError):
        error = LocalIOError(_about_file(error))
    if not isinstance(error, PampaxError):
        shown = f"{type(error).__name__}: {error}".rstrip(": ")
        error = Internal(f"internal error: {shown}; --verbose shows where, please report it")
    return error.reason, error.message, error.exit_code, error.metadata.get("corr_id", "")


def _usage(error: click.ClickException) -> str:
    """click's sentence in our form."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return f"there is no option {error.option_name}; did you mean {' or '.join(error.possibilities)}?"
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    for theirs, ours in _NO_NUMBER:
        message = message.replace(theirs, ours)
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "pampax"
    return f"{message}; `{command} --help` shows what is possible"


def _about_file(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; check the file and the space on its disk"
