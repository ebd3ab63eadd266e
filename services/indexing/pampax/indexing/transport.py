"""The broker library's Redis transport, mended in one place: a message that cannot be acknowledged frees its place.

A consumer takes as many messages as it has children and waits for their end. When Redis is away at that moment, the
library tells the failure and goes on counting the message. After one such failure for each child the worker takes no
message ever again, and does not even notice whether Redis is there. The message itself is not lost by being forgotten
here: it is delivered once more, later, and claimed by nobody.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES, redis, virtual

_SCHEMES = ("redis", "rediss")


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


class Transport(redis.Transport):
    Channel = Channel


def mend_redis_transport() -> None:
    """Every connection made from now on to a redis:// address is one of ours."""
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{Transport.__module__}:{Transport.__qualname__}"
