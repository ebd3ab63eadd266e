"""gRPC options on which both ends have to agree, and those of one end that answer the other's."""

from __future__ import annotations

import json

# An uploaded file is at most 8 MiB; twice that leaves room for its neighbours in one message.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# Error details travel as metadata; the default of 8 KiB is less than a status of ours may take.
_MAX_METADATA_BYTES = 32 * 1024
_KEEPALIVE_MS = 30_000

_BOTH: list[tuple[str, int | str]] = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", 2 * _MAX_METADATA_BYTES),
    ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 10_000),
]
SERVER_OPTIONS: list[tuple[str, int | str]] = [
    *_BOTH,
    # Two processes on one port would share its calls by chance; better that the second refuses to start.
    ("grpc.so_reuseport", 0),
    # Pings come every 30 s; the server's own default would call that abuse and hang up.
    ("grpc.http2.min_ping_interval_without_data_ms", _KEEPALIVE_MS // 2),
    # Clients look names up again when they reconnect: this is how they come to know of new replicas.
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 300_000),
]
CHANNEL_OPTIONS: list[tuple[str, int | str]] = [
    *_BOTH,
    # A restarted service is found again within a second, under a new address too.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
]
