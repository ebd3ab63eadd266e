"""A worker that cannot acknowledge a message goes on taking others."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from celery import Celery
from kombu import Connection

from pampax.indexing.celery_app import make_celery

from ...tcp_proxy import TcpProxies, TcpProxy  # noqa: TID252 - tests are no package

WAIT_S = 5


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
