"""How repositories hang together, for a person."""

from __future__ import annotations

from pampax.cli import words
from pampax.cli.session import Session
from pampax.client.graph import MappedRepository, Package, RepositoryLink, RepositoryMap

MAX_SHOWN_NAMES = 6  # of what a repository provides
MAX_SHOWN_DEPENDENCIES = 5


def show_map(session: Session, found: RepositoryMap) -> None:
    """Each repository with what it provides; below it what it needs of others, and an example of each import."""
    if session.quiet:
        for link in found.links:
            session.screen.line(f"{link.source} {link.target}")
        return
    for repository in found.repositories:
        session.screen.line((repository.repo, "bold"), (f"  {provides(repository)}", "dim"))
        for link in found.links:
            if link.source == repository.repo:
                _show_link(session, link)
    if not found.links:
        session.screen.line("none of them needs another one")
    for notice in found.notices:
        session.screen.line((notice, "yellow"))
    told = f"{words.counted(len(found.repositories), 'repository', 'repositories')}"
    session.screen.line((f"{told}, {words.counted(len(found.links), 'link')}, {found.took_ms:.0f} ms", "dim"))


def provides(repository: MappedRepository) -> str:
    """Packages with their versions, or the modules where nothing is published."""
    names = list(dict.fromkeys(f"{each.name} {each.version}".rstrip() for each in repository.packages))
    names = names or list(dict.fromkeys(name for modules in repository.modules.values() for name in modules))
    left = max(len(names), repository.package_count) - MAX_SHOWN_NAMES
    return ", ".join(names[:MAX_SHOWN_NAMES]) + (f" and {left} more" if left > 0 else "")


def needs(link: RepositoryLink) -> str:
    """As in: `2 dependencies, 14 imports in 5 files`."""
    told = []
    if link.dependency_count:
        told.append(words.counted(link.dependency_count, "dependency", "dependencies"))
    if link.statements:
        told.append(f"{words.counted(link.statements, 'import')} in {words.counted(link.files, 'file')}")
    return ", ".join(told)


def _show_link(session: Session, link: RepositoryLink) -> None:
    shared = f", {link.shared_statements} of them in doubt" if link.shared_statements else ""
    session.screen.line("  ", ("-> ", "cyan"), (link.target, "bold"), f"  {needs(link)}", (shared, "yellow"))
    for each in link.dependencies[:MAX_SHOWN_DEPENDENCIES]:
        session.screen.line(f"     {_needed(each)}", (f"  {each.manifest}", "dim"))
    if link.dependency_count > MAX_SHOWN_DEPENDENCIES:
        session.screen.line((f"     and {link.dependency_count - MAX_SHOWN_DEPENDENCIES} more", "dim"))
    for one in link.examples:
        session.screen.line(f"     {one.path}:{one.line} imports {one.module}", (f"  {one.target}", "dim"))


def _needed(each: Package) -> str:
    return f"{each.name} {each.version}".rstrip()
