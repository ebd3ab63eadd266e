"""A worker that cannot acknowledge a message goes on taking others, and takes of both lines of a queue."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from celery import Celery
from kombu import Connection

from pampax.indexing.celery_app import make_celery
from pampax.indexing.transport import PATIENT, PATIENT_EVERY, URGENT

from ...tcp_proxy import TcpProxies, TcpProxy  # noqa: TID252 - tests are no package

WAIT_S = 60.0


@pytest.fixture
def app_and_proxy(redis_url: str) -> Iterator[tuple[Celery, TcpProxy]]:
    with TcpProxies() as proxies:
        proxy, url = proxies.before(redis_url)
        app = make_celery(url)
        yield app, proxy
        app.close()


def test_a_message_that_cannot_be_acknowledged_frees_its_place(app_and_proxy: tuple[Celery, TcpProxy]) -> None:
    app, proxy = app_and_proxy
    connection: Connection
    with app.connection_for_read() as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        queue = connection.SimpleQueue(f"test-{uuid4().hex}", channel=channel)
        queue.put("work")
        message = queue.get(timeout=WAIT_S)
        assert not channel.qos.can_consume()
        proxy.refuse()
        with pytest.raises(connection.connection_errors):
            message.ack()
        assert channel.qos.can_consume()
        proxy.heal()


def test_of_a_busy_queue_the_patient_are_taken_now_and_then(app_and_proxy: tuple[Celery, TcpProxy]) -> None:
    app, _ = app_and_proxy
    taken: list[str] = []
    connection: Connection
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(f"test-{uuid4().hex}")
        for number in range(2):
            queue.put(f"patient {number}", priority=PATIENT)
        for number in range(3 * PATIENT_EVERY):
            queue.put(f"urgent {number}", priority=URGENT)
        while len(taken) < 2 + 3 * PATIENT_EVERY:
            message = queue.get(timeout=WAIT_S)
            taken.append(message.payload)
            message.ack()
        queue.close()
    assert [each for each in taken if each.startswith("urgent")] == [f"urgent {n}" for n in range(3 * PATIENT_EVERY)]
    first, second = taken.index("patient 0"), taken.index("patient 1")
    assert 0 < first < PATIENT_EVERY
    assert second - first == PATIENT_EVERY
