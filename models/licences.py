"""Whether a fetched package may be learnt from: permissive licences only, told by its own metadata or licence file."""

from __future__ import annotations

import email
import fnmatch
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from fetch import maven_repository, sources
from packages import Package, files_of

# Names as registries and Debian spell them, in lower case, from their first letter on.
PERMISSIVE = re.compile(
    r"(the )?\(?(mit|expat|x11|isc|bsd|0bsd|(new|modified|simplified|[23]-clause|two-clause|three-clause) bsd|apache|"
    r"asl|zlib|libpng|psf|python software|python-2|unlicense|cc0|public[ -]domain|postgresql|boost|bsl-1|blueoak|curl|"
    r"ncsa|hpnd|historical permission|zope|zpl|unicode|openssl|vim|w3c|wtfpl|zsh|upl|universal permissive|ruby|"
    r"permissive|go\b)",
)
COPYLEFT = re.compile(
    r"\b(l|a)?gpl|general public licen|gnu (lesser|library|affero)|\bmpl\b|mpl-|mozilla public|\bepl\b|epl-|"
    r"eclipse public|\bcddl|\bcc[- ]by[- ](sa|nc)|common development|\beupl|\bosl\b|\bsspl|server side public",
)
# Refused in a name and at the head of a file, but not in a licence's text: Apache-2.0 says "commercial", too.
RESTRICTED = re.compile(COPYLEFT.pattern + r"|business source|\bbusl|commercial|proprietary|artistic")
# What the text of a licence file says, one phrase for each of MIT, Apache-2.0, BSD, ISC, Zlib, Unlicense.
GRANTS = re.compile(
    r"permission is hereby granted, free of charge|apache license,? version 2\.0|redistribution and use in source and "
    r"binary forms|permission to use, copy, modify,? and(/or)? distribute|permission is granted to anyone to use|"
    r"this is free and unencumbered software",
)
LICENCE_FILE = re.compile(r"(^|/)(licen[cs]e|copying|unlicense)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a package, and on the files of it that have a licence of their own."""

    licence: str  # as it was found
    permitted: bool
    exceptions: tuple[tuple[str, bool], ...] = ()  # path pattern -> permitted; the last that fits counts

    def permits(self, path: str) -> bool:
        for pattern, permitted in reversed(self.exceptions):
            if fnmatch.fnmatchcase(path, pattern):
                return permitted
        return self.permitted


def is_permissive(expression: str) -> bool:
    """Of `A OR B` one has to be permissive, of `A AND B` both; an exception (`WITH ...`) only permits more."""
    plain = re.sub(r"\s+with\s+[\w.-]+", "", expression.lower())
    return any(
        all(_is_one_permissive(part) for part in re.split(r"\s+and\s+|,(?!\s*version)", choice))
        for choice in re.split(r"\s+or\s+(?!later)|/", plain)
    )


def _is_one_permissive(name: str) -> bool:
    plain = name.strip(" ()\"'")
    return bool(PERMISSIVE.match(plain)) and not RESTRICTED.search(plain)


def judge(package: Package, folder: Path) -> Verdict:
    """`folder` is where `fetch` has put the package."""
    found = sources(package, folder)
    if not found:
        return Verdict("not fetched", permitted=False)
    if package.ecosystem == "debian":
        return _debian(folder / "debian" / package.key)
    stated = " AND ".join(dict.fromkeys(_stated(package, found[0]))).strip()
    if stated:
        return Verdict(stated[:80], is_permissive(stated))
    return _by_text(_topmost([file for file in files_of(found[0]) if LICENCE_FILE.search(file[0])]))


def _topmost(files: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    """Those of the package itself: deeper ones are of what it carries with it, which is not read."""
    depth = min((path.count("/") for path, _ in files), default=0)
    return (content for path, content in files if path.count("/") == depth)


def _by_text(licence_files: Iterable[bytes]) -> Verdict:
    text = " ".join(b" ".join(licence_files).decode("utf-8", "replace").lower().split())
    if not text:
        return Verdict("no licence found", permitted=False)
    grant, refusal = GRANTS.search(text), COPYLEFT.search(text)
    told = refusal or grant
    return Verdict(told[0] if told else "unknown licence text", permitted=grant is not None and refusal is None)


def _stated(package: Package, source: Path) -> Iterator[str]:
    """What the metadata says, for the ecosystems that have a field for it."""
    match package.ecosystem:
        case "pypi":
            yield from _python(source)
        case "npm":
            yield from _node(source)
        case "crates":
            yield tomllib.loads((source / "Cargo.toml").read_text(encoding="utf-8"))["package"].get("license", "")
        case "maven":
            group, _, artifact = package.name.partition(":")
            yield from _pom(maven_repository(source.parent), group, artifact, package.version)
        case _:
            pass


def _python(wheel: Path) -> Iterator[str]:
    text = next(content for path, content in files_of(wheel) if path.endswith(".dist-info/METADATA"))
    fields = email.message_from_bytes(text)
    if fields["License-Expression"]:
        yield fields["License-Expression"]
        return
    prefix = "License :: OSI Approved :: "
    classifiers = [each.removeprefix(prefix) for each in fields.get_all("Classifier", []) if each.startswith(prefix)]
    if classifiers:
        yield from classifiers
    elif len(fields["License"] or "") <= 100:  # a longer one is the licence itself, which is in a file as well
        yield fields["License"] or ""


def _node(archive: Path) -> Iterator[str]:
    text = next(
        content for path, content in files_of(archive) if path.count("/") == 1 and path.endswith("/package.json")
    )
    fields = json.loads(text)
    stated = fields.get("license") or fields.get("licenses") or ""
    for each in stated if isinstance(stated, list) else [stated]:
        yield each["type"] if isinstance(each, dict) else each


def _pom(repository: Path, group: str, artifact: str, version: str) -> Iterator[str]:
    """The names of its licences, or else its parent's; of several, one may choose."""
    path = repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.pom"
    if not path.is_file():
        return
    root = ET.fromstring(re.sub(rb'\sxmlns="[^"]*"', b"", path.read_bytes(), count=1))  # noqa: S314  # mvn has read it
    names = [each.text or "" for each in root.iterfind("licenses/license/name")]
    if names:
        yield " OR ".join(names)
    elif (parent := root.find("parent")) is not None:
        group, artifact, version = (parent.findtext(each, "").strip() for each in ("groupId", "artifactId", "version"))
        yield from _pom(repository, group, artifact, version)


def _debian(folder: Path) -> Verdict:
    """By debian/copyright: the stanza `Files: *` for the package, the others for the files that they name."""
    texts = [
        content.decode("utf-8", "replace")
        for archive in folder.glob("*.debian.tar.*")
        for path, content in files_of(archive)
        if path == "debian/copyright"
    ]
    if not texts:
        return Verdict("no debian/copyright", permitted=False)
    stanzas = re.split(r"\n\s*\n", texts[0])
    named = [
        (pattern, is_permissive(licence[1]), licence[1])
        for stanza in stanzas
        if (files := re.search(r"^Files:((?:.*)(?:\n\s+.*)*)", stanza, re.MULTILINE))
        and (licence := re.search(r"^License:[ \t]*(.*)", stanza, re.MULTILINE))
        for pattern in files[1].split()
    ]
    whole = [each for each in named if each[0] == "*"]
    if not whole:
        return _by_text([texts[0].encode()])
    exceptions = tuple((pattern, permitted) for pattern, permitted, _ in named if pattern != "*")
    return Verdict(whole[0][2][:80], whole[0][1], exceptions)
