"""Settings that a process can start with and that are dangerous or contradict each other. No value is ever told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pampax.runtime.addresses import split_address
from pampax.runtime.settings import Settings
from pampax.runtime.variables import variable_of

# Signed callers are believed for 5 s before and after their time: half of it is the alarm.
MAX_CLOCK_OFFSET_S = 2.5

GATEWAY, INDEXING = "gateway", "indexing"
_FEW_DIGITS = 8  # different ones of the 16 that a random key of 64 has


@dataclass(frozen=True, slots=True)
class Finding:
    """`setting` is a variable's name; `advice` says what is wrong and what to do."""

    setting: str
    advice: str


def findings(settings: Settings, component: str, clock_offset_s: float = 0.0) -> list[Finding]:
    """In a fixed order. Looks at the folder for clones, and at nothing else outside the settings."""
    rules: list[Callable[[], Iterator[Finding]]] = [
        lambda: _secrets(settings, component),
        lambda: _owner(settings),
        lambda: _redis(settings, component),
        lambda: _reach(settings),
        lambda: _folder(settings, component),
        lambda: _traces(settings),
        lambda: _clock(clock_offset_s),
    ]
    return [finding for rule in rules for finding in rule()]


def _secrets(settings: Settings, component: str) -> Iterator[Finding]:
    auth = settings.auth
    keys = {"caller_secret": auth.caller_secret, **({"key_pepper": auth.key_pepper} if component == GATEWAY else {})}
    for name, key in keys.items():
        if not key:
            yield _of("auth", name, "is not set: calls between services are refused without it; set it for all of them")
        elif len(set(key.lower())) < _FEW_DIGITS:
            yield _of("auth", name, "can be guessed: make one with `openssl rand -hex 32`")
    if component == GATEWAY and auth.key_pepper and auth.key_pepper == auth.caller_secret:
        yield _of("auth", "key_pepper", "equals PAMPAX_AUTH__CALLER_SECRET, which every service has: make another one")


def _owner(settings: Settings) -> Iterator[Finding]:
    database = settings.database
    if database.owner_url and database.owner_url == database.url:
        yield _of("database", "url", "equals PAMPAX_DATABASE__OWNER_URL: connect as pampax_service instead")
    for section, name, given in (
        ("database", "owner_url", database.owner_url),
        ("database", "service_password", database.service_password),
        ("bootstrap", "api_key", settings.bootstrap.api_key),
    ):
        if given:
            yield _of(section, name, "is set for a service, and only the migration needs it: take it away")


def _redis(settings: Settings, component: str) -> Iterator[Finding]:
    if component in (GATEWAY, INDEXING) and not settings.redis.url:
        yield _of("redis", "url", "is not set: answers are not cached and runs of an index wait for one another")


def _reach(settings: Settings) -> Iterator[Finding]:
    """An embedded system hands its local key, which may name any path of this machine, to whoever reaches it."""
    if settings.mode != "embedded":
        return
    addresses = {
        ("gateway", "http_address"): settings.gateway.http_address,
        ("gateway", "grpc_address"): settings.gateway.grpc_address,
        ("search", "address"): settings.search.address,
        ("assembly", "address"): settings.assembly.address,
        ("indexing", "address"): settings.indexing.address,
    }
    for (section, name), address in addresses.items():
        if not _is_loopback(split_address(address)[0]):
            yield _of(
                section, name, "can be reached from other machines in mode embedded: use 127.0.0.1 or mode server"
            )


def _folder(settings: Settings, component: str) -> Iterator[Finding]:
    folder = settings.indexing.cache_dir
    if component == INDEXING and not _is_writable(folder):
        yield _of("indexing", "cache_dir", "names a folder that cannot be written: choose another or give us the right")


def _traces(settings: Settings) -> Iterator[Finding]:
    telemetry = settings.telemetry
    if telemetry.otlp_endpoint and telemetry.trace_ratio == 0:
        yield _of("telemetry", "trace_ratio", "is 0, so nothing goes to PAMPAX_TELEMETRY__OTLP_ENDPOINT: raise it")


def _clock(offset_s: float) -> Iterator[Finding]:
    if abs(offset_s) > MAX_CLOCK_OFFSET_S:
        yield Finding(
            "clock",
            f"this machine's clock and the database's are {abs(offset_s):.0f} s apart: calls between services will be "
            "refused; keep both with NTP",
        )


def _of(section: str, name: str, advice: str) -> Finding:
    return Finding(variable_of((section, name)), advice)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_writable(folder: Path) -> bool:
    """It need not be there yet: whoever needs it makes it."""
    existing = next((each for each in (folder, *folder.parents) if each.exists()), None)
    return existing is not None and existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
