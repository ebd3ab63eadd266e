"""What is decided beforehand about the calls to one target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """Opens after `failures` in a row within `window_s`, then lets one call try every `open_s`.

    In a row, because a target of several replicas, one of them broken, still answers most calls; five, because one
    request with its tries makes three, and one slow question must not close the door on the others.
    """

    failures: int = 5
    window_s: float = 30.0
    open_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: before try number n a time between 0 and `first_s` * 2^n, at most `most_s`."""

    first_s: float = 0.05
    most_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Policy:
    """`target` names the part in messages and metrics, so there are few of them.

    `timeout_s` covers a call with all its tries; what remains of the request's own deadline is less or goes before.
    `retries` holds for what does no harm when it is done twice; who calls may ask for fewer. Without a breaker the
    target is asked every time.
    """

    target: str
    timeout_s: float
    retries: int = 0
    backoff: Backoff = Backoff()
    breaker: BreakerRule | None = BreakerRule()
