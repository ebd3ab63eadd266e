"""The broker library's Redis transport, mended in two places: a message that cannot be acknowledged frees its place,
and of the queue's two lines the second one is never passed for ever.

A consumer takes as many messages as it has children and waits for their end. When Redis is away at that moment, the
library tells the failure and goes on counting the message. After one such failure for each child the worker takes no
message ever again, and does not even notice whether Redis is there. The message itself is not lost by being forgotten
here: it is delivered once more, later, and claimed by nobody.

The library looks into the line of lower priority only when the other one is empty. Ours begins with it every so often.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES, redis, virtual

_SCHEMES = ("redis", "rediss")
# The library's numbers of the lines, where 0 is what a message without one has.
URGENT, PATIENT = 0, 9
PATIENT_EVERY = 8  # looks


class QoS(redis.QoS):
    """The window of messages that were taken and are not yet acknowledged."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]  # untyped there
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]  # untyped there
            raise


class Channel(redis.Channel):
    QoS = QoS
    _looks = 0

    def priority(self, n: int) -> int:
        return PATIENT if n >= PATIENT else URGENT

    def _brpop_start(self, timeout: float | None = None) -> None:
        self._looks += 1
        patient_first = self._looks % PATIENT_EVERY == 0
        self.priority_steps = [PATIENT, URGENT] if patient_first else [URGENT, PATIENT]
        super()._brpop_start(timeout)  # type: ignore[no-untyped-call]  # untyped there


class Transport(redis.Transport):
    Channel = Channel


def mend_redis_transport() -> None:
    """Every connection made from now on to a redis:// address is one of ours."""
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{Transport.__module__}:{Transport.__qualname__}"
