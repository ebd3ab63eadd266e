"""Addresses as people write them."""

from __future__ import annotations

import socket

import pytest

from pampax.core.errors import ConfigError
from pampax.runtime.addresses import check_free, split_address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:50051", ("127.0.0.1", 50051)),
        ("search:0", ("search", 0)),
        ("[::1]:65535", ("::1", 65535)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
    ],
)
def test_host_and_port(address, expected):
    assert split_address(address) == expected


@pytest.mark.parametrize(
    "address", ["", "host", ":1", "host:", "host:x", "host:65536", "::1:5", "a b:1", "http://h:1", "h:²"]
)
def test_anything_else_is_not_an_address(address):
    with pytest.raises(ValueError, match=r"an address|a port"):
        split_address(address)


def test_a_taken_port_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(ConfigError, match="another process has this port"):
            check_free(address)
    check_free(address)


@pytest.mark.parametrize("address", ["192.0.2.1:0", "no-such-host.invalid:0"])
def test_an_address_of_another_machine_is_refused(address):
    with pytest.raises(ConfigError, match=f"cannot listen on {address}"):
        check_free(address)
