"""The words that a generated repository is made of, and how often each is drawn.

Frequencies follow Zipf's law, as those of words and identifiers do: the word of rank r is drawn in proportion to
1 / (r + SHIFT). Sums and quotients of IEEE numbers are exact everywhere, so the same words are drawn everywhere.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random

# Zipf-Mandelbrot: flattens the head a little, as in natural text.
SHIFT = 2.7

_VERBS_TEXT = """
    read write open close load store parse merge split sign verify publish resolve schedule cancel retry encode
    decode collect refresh reserve release settle charge refund route deliver assign reject approve archive restore
    expire rotate balance rank filter group convert validate normalize compact replay throttle announce observe
    measure estimate forward inspect prune seal attach detach align issue revoke
"""
VERBS = tuple(_VERBS_TEXT.split())
_QUALITIES_TEXT = """
    pending expired signed stale partial shared remote ordered duplicate compressed primary deferred weighted nested
    regional seasonal disputed verified anonymous recurring delayed cached audited scheduled external internal
    frozen active merged orphaned priority bulk manual automatic encrypted indexed streamed batched tagged sparse
    local late early virtual physical sealed draft rejected
"""
QUALITIES = tuple(_QUALITIES_TEXT.split())
# What a file's own type does; with a quality and a noun it names one file of a corpus and no other.
_ROLES_TEXT = """
    scheduler resolver keeper collector planner ledger broker watcher builder parser encoder router balancer
    registry dispatcher validator publisher importer exporter indexer limiter auditor allocator mapper monitor
    archiver merger sampler notifier reconciler loader translator estimator sequencer gatekeeper
"""
ROLES = tuple(_ROLES_TEXT.split())
# What the further types of a long file are, so that they never share the name of another file's own type.
SIDE_ROLES = ("state", "options", "entry", "cursor", "report", "result", "policy", "context")
# A folder of the repository each, with the things that it deals with.
AREAS: dict[str, tuple[str, ...]] = {
    "billing": ("invoice", "payment", "refund", "discount", "receipt", "currency", "tariff", "dunning"),
    "shipping": ("parcel", "courier", "route", "pallet", "depot", "manifest", "customs", "delivery"),
    "identity": ("session", "cookie", "password", "passkey", "tenant", "principal", "grant", "challenge"),
    "catalog": ("product", "variant", "price", "brand", "category", "bundle", "review", "picture"),
    "warehouse": ("shelf", "bin", "picker", "stock", "scanner", "forklift", "batch", "recall"),
    "messaging": ("message", "topic", "mailbox", "webhook", "digest", "template", "bounce", "recipient"),
    "storage": ("snapshot", "replica", "shard", "segment", "checkpoint", "volume", "blob", "journal"),
    "network": ("packet", "socket", "proxy", "beacon", "handshake", "certificate", "gateway", "frame"),
    "search": ("query", "posting", "synonym", "facet", "ranking", "suggestion", "term", "corpus"),
    "analytics": ("funnel", "cohort", "metric", "dashboard", "export", "experiment", "visit", "forecast"),
    "scheduling": ("calendar", "shift", "appointment", "reminder", "holiday", "timesheet", "rota", "queue"),
    "mapping": ("tile", "marker", "boundary", "elevation", "junction", "address", "region", "waypoint"),
    "media": ("stream", "codec", "subtitle", "thumbnail", "playlist", "chapter", "buffer", "track"),
    "devices": ("sensor", "reading", "firmware", "battery", "actuator", "thermostat", "meter", "alarm"),
    "compiler": ("token", "grammar", "scope", "operand", "register", "pragma", "macro", "symbol"),
    "finance": ("account", "position", "trade", "dividend", "portfolio", "margin", "quote", "hedge"),
    "support": ("ticket", "callback", "escalation", "transcript", "agent", "survey", "backlog", "apology"),
    "health": ("patient", "dosage", "ward", "referral", "specimen", "triage", "allergy", "vaccine"),
    "learning": ("lesson", "quiz", "grade", "syllabus", "tutor", "enrolment", "badge", "timetable"),
    "game": ("player", "match", "inventory", "quest", "lobby", "replay", "score", "arena"),
}
NOUNS = tuple((area, noun) for area, nouns in AREAS.items() for noun in nouns)
# The head of what comments are made of; coined words follow as the long tail.
_PLAIN_TEXT = """
    the of and to in is a for that with as are by on it be this from or not when before after until which each only
    other all at has same its one may than must no can more so an if they was used without between first last next
    new old two value time order list change request answer limit count key name state part result again still while
    because always never twice once either both early late empty missing known large small wrong right side caller
    server client table row field record window page cost budget policy rule reason retry deadline failure partner
    customer region operator day week month total average share copy source target owner reader writer version
    history default bound upper lower exact rough slow fast safe public private open closed
"""
_PLAIN = tuple(_PLAIN_TEXT.split())
_ONSETS = ("b", "br", "c", "d", "dr", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "t", "v")
_RIMES = ("al", "an", "ar", "el", "en", "er", "il", "in", "ol", "on", "or", "um")
SYLLABLES = tuple(onset + rime for onset in _ONSETS for rime in _RIMES)
_JARGON = 2_000
# Coprime with the number of pairs and triples of syllables: neighbours in rank or number do not look alike.
_STRIDE = 100_003


def coined(number: int) -> str:
    """A word of three syllables that no other number below 7 million has, and no list here."""
    size = len(SYLLABLES)
    mixed = number * _STRIDE % size**3
    return SYLLABLES[mixed % size] + SYLLABLES[mixed // size % size] + SYLLABLES[mixed // size**2]


def draw(chance: Random, words: Sequence[str]) -> str:
    """One of the words; the first are the most frequent."""
    table = _cumulative(len(words))
    return words[bisect(table, chance.random() * table[-1])]


def prose(chance: Random, count: int) -> str:
    """That many words of running text."""
    words = _prose_words()
    table = _cumulative(len(words))
    total, random = table[-1], chance.random
    return " ".join([words[bisect(table, random() * total)] for _ in range(count)])


def below(chance: Random, bound: int) -> int:
    """A number in [0, bound): drawn by `random()` alone, whose sequence every version of Python keeps."""
    return int(chance.random() * bound)


@cache
def _cumulative(size: int) -> list[float]:
    return list(accumulate(1 / (rank + SHIFT) for rank in range(1, size + 1)))


@cache
def _prose_words() -> tuple[str, ...]:
    size = len(SYLLABLES)
    pairs = (number * _STRIDE % size**2 for number in range(_JARGON))
    return (*_PLAIN, *(SYLLABLES[pair % size] + SYLLABLES[pair // size] for pair in pairs))
