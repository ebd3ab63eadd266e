"""How this process asks anything outside itself: for how long, how often, and when not at all.

A `Policy` says it for one target; a `Guard` holds what the process has learnt about that target: a breaker that stops
asking one that does not answer, and a budget that keeps retries from multiplying the load on one that fails. Whoever
builds a client of something new, a remote model for instance, makes one guard where it makes the client:

    guard = Guard(Policy("embedding", timeout_s=10.0, retries=2))
    vectors = await guard.call("embed", lambda left_s: ask_provider(texts, timeout=left_s))

where `ask_provider` raises Unavailable for what the provider is to blame for, and other errors for what it is not.
"""

from pampax.runtime.policy.guard import Guard
from pampax.runtime.policy.model import Backoff, BreakerRule, Policy
from pampax.runtime.policy.tries import BREAKER_OPEN, TARGET

__all__ = ["BREAKER_OPEN", "TARGET", "Backoff", "BreakerRule", "Guard", "Policy"]
