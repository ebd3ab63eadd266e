"""pampax context"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from pampax.cli.contexts.choosing import chosen_pack, system_of
from pampax.cli.contexts.defaults import Default, defaults_file, in_force, read_defaults, write_defaults
from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT, choice, typed, wanted
from pampax.core.choices import Kind, KindOfFiles, Mode, Policy
from pampax.core.errors import InvalidRequest

EPILOG = """\b
Examples:
  pampax context save backend -r shop -l python -p 'src/**' --description "The shop without its tests"
  pampax search "where are orders validated" --context backend
  pampax context use backend            the default in this folder and below
  pampax context use --none             takes it back
  pampax context show backend --toml > backend.toml
  pampax context save backend --file backend.toml
"""


@click.group(
    "context",
    cls=OptionsGroup,
    short_help="Keep named scopes for search and assemble",
    epilog=EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Keep context packs: named scopes that search and assemble are narrowed by.

    A request under a pack finds what both let through. Its own ref, mode, limit and budget come before the pack's, and
    it never sees more than its key may read. A pack is private, or shared with everybody in the tenant.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_packs)


@command.command("list", epilog="\b\nExample:\n  pampax context list --quiet      names only")
@with_session
def list_packs(session: Session) -> None:
    """List your own packs and those that others share. A star marks the default in this folder."""
    with session.client() as client:
        found = list(client.contexts())
    if session.json:
        session.screen.document({"contexts": [pack.document() for pack in found]})
    elif session.quiet:
        for name in dict.fromkeys(pack.name for pack in found):
            session.screen.line(name)
    elif found:
        from pampax.cli.contexts.pack_page import show_packs

        show_packs(session.screen, found, chosen_pack(session, None, no_context=False).pack)
    else:
        session.screen.line("no context packs yet")
        session.hint(f"save one with `{session.command('context save NAME -r REPO')}`")


@command.command("show", epilog="\b\nExamples:\n  pampax context show backend\n  pampax context show backend --toml")
@click.argument("name", type=TEXT)
@click.option("--toml", is_flag=True, help="As a file that `save --file` takes.")
@with_session
def show(session: Session, name: str, toml: bool) -> None:
    """Show one pack: your own of this name, or else the shared one."""
    from pampax.cli.contexts.pack_file import new_of, pack_text
    from pampax.cli.contexts.pack_page import show_pack

    if toml and session.json:
        raise click.UsageError("give one of --toml and --json", click.get_current_context())
    with session.client() as client:
        found = client.context(name)
    if session.json:
        session.screen.document(found.document())
    elif toml:
        session.screen.text(pack_text(new_of(found)))
        if found.hidden_repos:
            session.hint(f"{found.hidden_repos} of its repositories, which this key may not read, are left out")
    else:
        show_pack(session.screen, found)


@command.command(
    "save",
    epilog="""\b
Examples:
  pampax context save backend -r shop -r payments -l python -p 'src/**' -p 'lib/**' --shared
  pampax context save quick --mode symbol --limit 5
  pampax context save product --policy broad --without tests --without docs
  pampax context save backend --file backend.toml
""",
)
@click.argument("name", type=TEXT)
@click.option("--file", "-f", "file", type=TEXT, metavar="FILE", help="Take the pack from a TOML file; - is stdin.")
@click.option("--repo", "-r", "repos", multiple=True, type=TEXT, metavar="REPO", help="Only this one; repeatable.")
@click.option("--lang", "-l", "languages", multiple=True, type=TEXT, metavar="LANG", help="Only this; repeatable.")
@click.option(
    "--path", "-p", "path_globs", multiple=True, type=TEXT, metavar="GLOB",
    help="Only paths that match this or another one, gitignore-style; repeatable.",
)  # fmt: skip
@click.option("--kind", "kinds", multiple=True, type=choice(Kind), help="Only chunks of this kind; repeatable.")
@click.option("--ref", type=TEXT, metavar="REF", help="Branch or tag.")
@click.option("--mode", "-m", type=choice(Mode), help="Which evidence counts, where a search does not say.")
@click.option("--limit", "-k", type=int, metavar="N", help="Results, where a search does not say.")
@click.option("--budget", "-b", "token_budget", type=int, metavar="TOKENS", help="Where a bundle does not say.")
@click.option("--policy", type=choice(Policy), help="How a bundle shares its room, where it does not say.")
@click.option(
    "--with", "with_kinds", multiple=True, type=choice(KindOfFiles), help="Wanted in a bundle, where it does not say."
)
@click.option(
    "--without", "without_kinds", multiple=True, type=choice(KindOfFiles), help="Not shown, where it does not say."
)
@click.option("--description", "-d", type=TEXT, metavar="TEXT", help="For people.")
@click.option("--shared/--private", default=None, help="Who sees it: everybody in the tenant, or you alone (usual).")
@with_session
def save(
    session: Session,
    name: str,
    file: str | None,
    repos: tuple[str, ...],
    languages: tuple[str, ...],
    path_globs: tuple[str, ...],
    kinds: tuple[Kind, ...],
    ref: str | None,
    mode: Mode | None,
    limit: int | None,
    token_budget: int | None,
    policy: Policy | None,
    with_kinds: tuple[KindOfFiles, ...],
    without_kinds: tuple[KindOfFiles, ...],
    description: str | None,
    shared: bool | None,
) -> None:
    """Save a pack, in place of yours of this name: what is not given is empty afterwards."""
    from pampax.cli.contexts.pack_file import read_pack
    from pampax.cli.contexts.pack_page import scope_words
    from pampax.client.context import NewPack, PackDefaults, PackScope

    scope = typed(repos=repos, languages=languages, path_globs=path_globs, kinds=kinds, ref=ref)
    defaults = typed(mode=mode, limit=limit, token_budget=token_budget, policy=policy)
    defaults |= wanted(with_kinds, without_kinds)
    head = typed(description=description, shared=shared)
    if file is not None and (scope or defaults or head):
        raise click.UsageError(
            "--file goes without other options: it holds all of the pack", click.get_current_context()
        )
    if file is None:
        new = NewPack(
            description=description or "",
            visibility="shared" if shared else "private",
            scope=PackScope(**scope),
            defaults=PackDefaults(**defaults),
        )
    else:
        new = read_pack(file)
    with session.client() as client, nullcontext() if file else _as_options():
        saved = client.save_context(name, new)
    if session.json:
        session.screen.document(saved.document())
    elif not session.quiet:
        done = "saved" if saved.create_time == saved.update_time else "replaced"
        whose = "" if saved.mine else f", which is {saved.owner}'s"
        session.screen.line(f"{done} ", (saved.name, "bold"), f" ({saved.visibility}{whose}): {scope_words(saved)}")


@command.command("delete", epilog="\b\nExample:\n  pampax context delete backend --yes")
@click.argument("name", type=TEXT)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_session
def delete(session: Session, name: str, yes: bool) -> None:
    """Delete your pack of this name, or else the shared one, which needs its owner or the role admin."""
    with session.client() as client:
        found = client.context(name)
        if not yes:
            _confirm(session, found.name, shared=found.visibility == "shared")
        client.delete_context(found.name)
    if session.json:
        session.screen.document({"deleted": found.name})
    elif not session.quiet:
        session.screen.line(f"deleted {found.name}")


@command.command(
    "use",
    epilog="""\b
Examples:
  pampax context use backend       in this folder and below
  pampax context use backend --everywhere
  pampax context use               tell which one is in force here
  pampax context use --none
""",
)
@click.argument("name", required=False, type=TEXT)
@click.option("--none", "nothing", is_flag=True, help="Take back the default that is in force here.")
@click.option("--everywhere", is_flag=True, help="In every folder of yours that has no other one.")
@with_session
def use(session: Session, name: str | None, nothing: bool, everywhere: bool) -> None:
    """Make a pack the default of search and assemble in this folder and below, for you alone.

    It is kept in ~/.config/pampax/contexts.toml (or under XDG_CONFIG_HOME) and holds for the system that has the pack.
    """
    if name is not None and nothing:
        raise click.UsageError("--none goes without a name", click.get_current_context())
    folder = Path(Path.cwd().anchor) if everywhere else Path.cwd()
    if nothing:
        _take_back(session, folder)
    elif name is None:
        _tell_default(session)
    else:
        _set_default(session, folder, name)


@contextmanager
def _as_options() -> Iterator[None]:
    """Without a file, a mistake in a field of the pack is one in the option that is called like the field."""
    try:
        yield
    except InvalidRequest as error:
        if any("." in name for name in error.fields):
            error.fields = {name.rpartition(".")[2]: mistake for name, mistake in error.fields.items()}
            error.message = "; ".join(f"{name} {mistake}" for name, mistake in error.fields.items())
        raise


def _set_default(session: Session, folder: Path, name: str) -> None:
    with session.client() as client:
        found = client.context(name)
    file = defaults_file(os.environ)
    new = Default(folder, system_of(session), found.name)
    others = [each for each in read_defaults(file) if (each.folder, each.system) != (new.folder, new.system)]
    write_defaults(file, [*others, new])
    if session.json:
        session.screen.document({"pack": new.pack, "folder": str(folder), "file": str(file)})
    elif not session.quiet:
        session.screen.line((new.pack, "bold"), f" is now the default of search and assemble in {folder} and below")
        session.hint(f"kept in {file}; `{session.command('context use --none')}` takes it back")


def _take_back(session: Session, folder: Path) -> None:
    """Of the nearest folder that has one, whichever system it is for: that one may be gone."""
    file = defaults_file(os.environ)
    defaults = read_defaults(file)
    taken = in_force(defaults, folder)
    left = [each for each in defaults if taken is None or each.folder != taken.folder]
    if taken is not None:
        write_defaults(file, left)
    still = in_force(left, folder)
    if session.json:
        document = {"taken_back": taken and taken.pack, "folder": taken and str(taken.folder), "file": str(file)}
        session.screen.document({**document, "still": still and still.pack})
    elif not session.quiet:
        told = f"{taken.pack} is not the default in {taken.folder} any more" if taken else "there was no default here"
        session.screen.line(told)
        if still is not None:
            session.hint(f"{still.pack}, the default in {still.folder}, holds here now")


def _tell_default(session: Session) -> None:
    found = chosen_pack(session, None, no_context=False).default
    if session.json:
        session.screen.document({"pack": found and found.pack, "folder": found and str(found.folder)})
    elif found is None:
        session.screen.line("no context pack is the default here")
    else:
        session.screen.line((found.pack, "bold"), f" is the default in {found.folder} and below")


def _confirm(session: Session, name: str, *, shared: bool) -> None:
    whose = "shared " if shared else ""
    if session.json or not sys.stdin.isatty():
        raise click.UsageError(
            f"deleting the {whose}context pack {name} needs --yes where nobody can be asked",
            click.get_current_context(),
        )
    click.confirm(f"Delete the {whose}context pack {name}?", abort=True, err=True)
