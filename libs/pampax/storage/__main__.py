"""`python -m pampax.storage migrate [--phase pre|post]` and `python -m pampax.storage status`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import psycopg

from pampax.core.errors import ConfigError, PampaxError
from pampax.runtime.configuration.flags import FLAGS_USAGE, add_flags, flags_of
from pampax.runtime.configuration.load import load
from pampax.runtime.settings import Settings
from pampax.storage.isolation import isolation_findings
from pampax.storage.keys import key_hmac
from pampax.storage.migrate import bootstrap_local, migrate, owner_connection, status
from pampax.storage.migration_files import Phase

PROGRAM = "python -m pampax.storage"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; errors are one line on standard error."""
    options, rest = _parser().parse_known_args(arguments)
    try:
        loaded = load(flags_of(options, rest))
        for warning in loaded.warnings:
            sys.stderr.write(f"warning: {warning}\n")
        settings = loaded.settings
        settings.require("database.owner_url")
        return _migrate(settings, options.phase) if options.command == "migrate" else _status(settings)
    except PampaxError as error:
        sys.stderr.write(f"{_told(error)}\n")
        return error.exit_code


def _told(error: PampaxError) -> str:
    """The database's owner may read what its driver says, addresses included."""
    said = str(error.__cause__).partition("\n")[0] if isinstance(error.__cause__, psycopg.OperationalError) else ""
    return f"{error.message} ({said})" if said else error.message


def _parser() -> argparse.ArgumentParser:
    """The flags of settings may stand before and after the command."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"%(prog)s {FLAGS_USAGE} migrate | status",
        description="The schema of the database.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, told: str, usage: str) -> argparse.ArgumentParser:
        prog = f"{PROGRAM} {name}"
        return commands.add_parser(name, prog=prog, help=told, usage=f"{prog} {usage}", allow_abbrev=False)

    migrating = add("migrate", "apply pending migrations and set up the service role", f"[--phase PHASE] {FLAGS_USAGE}")
    migrating.add_argument("--phase", type=Phase, choices=list(Phase), help="only those of one phase; default: all")
    state = add("status", "print what is applied, what is pending and whether tenants are kept apart", FLAGS_USAGE)
    for each in (parser, migrating, state):
        add_flags(each)
    return parser


def _migrate(settings: Settings, phase: Phase | None) -> int:
    owner_url = settings.database.owner_url
    for name in migrate(owner_url, phase=phase, service_password=settings.database.service_password):
        sys.stdout.write(f"applied {name}\n")
    if settings.bootstrap.api_key:
        hashed = key_hmac(settings.bootstrap.api_key, settings.auth.key_pepper)
        bootstrap_local(owner_url, hashed, embedded=settings.mode == "embedded")
    sys.stdout.write("the schema is up to date\n")
    return 0


def _status(settings: Settings) -> int:
    """ConfigError.exit_code when something is pending or tenants are not kept apart."""
    owner_url = settings.database.owner_url
    states = status(owner_url)
    for state in states:
        when = f"applied {state.applied_at:%Y-%m-%d %H:%M:%S}" if state.applied_at else "pending"
        sys.stdout.write(f"{state.name}  {when}{' by a newer version' if state.newer else ''}\n")
    pending = any(state.applied_at is None for state in states)
    findings: list[str] = []
    if not pending:
        with owner_connection(owner_url) as conn:
            findings = isolation_findings(conn)
    for finding in findings:
        sys.stdout.write(f"isolation: {finding}\n")
    return ConfigError.exit_code if pending or findings else 0


if __name__ == "__main__":
    sys.exit(main())
