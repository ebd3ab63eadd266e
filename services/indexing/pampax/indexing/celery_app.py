"""The Celery application: what carries operation ids from the service to the workers, and nothing more.

Postgres is the queue. So there is no result backend, no retry and no trust in the broker's own redelivery: a message
that is lost, doubled or late does no harm, because workers claim the operation before they begin.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery

from pampax.indexing.transport import PATIENT, mend_redis_transport

QUEUE = "pampax.indexing"
RUN_OPERATION = "pampax.indexing.run_operation"
KEY_PREFIX = "pampax:"
# What the library calls the two lines of the queue in Redis.
LINES = (KEY_PREFIX + QUEUE, f"{KEY_PREFIX}{QUEUE}\x06\x16{PATIENT}")

CONNECT_TIMEOUT_S = 1.0
SOCKET_TIMEOUT_S = 5.0  # above the second that a consumer's blocking read takes
# A process ends itself at its hard limit; one that is too stuck for that is killed by its parent so much later.
GRACE_S = 30.0
CHILD_START_S = 30.0
MAX_CHILD_KB = 400_000  # a child that has grown above that is replaced after its task

# A publisher gives up at once, because the reaper sends again; left out, it would try for ever.
_GIVE_UP = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}

_SETTINGS: dict[str, Any] = {
    "task_default_queue": QUEUE,
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "broker_connection_timeout": CONNECT_TIMEOUT_S,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # for ever: the reaper sees to the work meanwhile
    "broker_transport_options": {
        "global_keyprefix": KEY_PREFIX,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_keepalive": True,
        **_GIVE_UP,
    },
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    # The lease in Postgres guards the work, so a run outlives its broker.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_proc_alive_timeout": CHILD_START_S,
    "worker_max_memory_per_child": MAX_CHILD_KB,
}


def make_celery(redis_url: str, hard_limit_s: float | None = None) -> Celery:
    """Connects with its first use. `hard_limit_s` is for workers: what a task may take."""
    mend_redis_transport()
    app = Celery("pampax.indexing", broker=broker_url(redis_url), set_as_current=False)
    app.conf.update(_SETTINGS)
    if hard_limit_s is not None:
        app.conf.task_time_limit = hard_limit_s + GRACE_S
    return app


def broker_url(redis_url: str) -> str:
    """The same server in the broker library's words, which differ for Unix sockets."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"
