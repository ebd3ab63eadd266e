"""Ports are kept between runs while they are free; one that the user fixed is never exchanged in silence."""

import socket
import subprocess
import sys
from subprocess import PIPE

import psutil
import pytest

from pampax.core.errors import ConfigError
from pampax.embedded.ports import CLAIMS_HELD, LOOPBACK, PORTS, choose_ports, free_port, is_free, require_free


def test_port_of_a_listener_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        assert not is_free(server.getsockname()[1])
    assert is_free(server_port := free_port())
    assert server_port in PORTS


def test_names_get_different_ports() -> None:
    ports = choose_ports(("a", "b", "c"), {}, {})
    assert len(set(ports.values())) == 3


def test_free_port_of_the_previous_run_is_kept() -> None:
    earlier = free_port()
    assert choose_ports(("a", "b"), {"a": earlier}, {})["a"] == earlier


def test_a_data_directory_from_before_a_port_was_needed_gets_one_and_keeps_the_others() -> None:
    earlier = free_port()
    chosen = choose_ports(("a", "new"), {"a": earlier}, {})
    assert chosen["a"] == earlier
    assert chosen["new"] != earlier


def test_taken_port_of_the_previous_run_is_replaced() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        earlier = server.getsockname()[1]
        assert choose_ports(("a",), {"a": earlier}, {})["a"] != earlier


def test_fixed_port_goes_before_one_of_the_previous_run() -> None:
    port = free_port()
    chosen = choose_ports(("a", "b"), {"b": port}, {"a": port})
    assert chosen["a"] == port
    assert chosen["b"] != port


def test_fixed_port_that_is_taken_is_refused_with_advice() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port} is in use by another program; stop that program or"):
            require_free(port)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="between 1 and 65535"):
        require_free(port)


def test_a_port_that_another_process_has_just_chosen_is_not_chosen() -> None:
    choose = "from pampax.embedded.ports import free_port; print(free_port(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", choose], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        assert is_free(theirs)  # nobody listens there yet
        assert choose_ports(("a",), {"a": theirs}, {})["a"] != theirs
        other.stdin.close()
    assert choose_ports(("a",), {"a": theirs}, {})["a"] == theirs


def test_ports_may_be_chosen_without_end() -> None:
    before = len(psutil.Process().net_connections("udp"))
    chosen = [free_port() for _ in range(3 * CLAIMS_HELD)]
    assert all(map(is_free, chosen))
    assert len(psutil.Process().net_connections("udp")) <= before + CLAIMS_HELD
