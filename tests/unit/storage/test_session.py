"""How a connection and a transaction open."""

from uuid import UUID

import pytest

from pampax.core.errors import ConfigError, DeadlineExceeded
from pampax.storage.session import begin_statement, connection_string


def test_no_time_left_is_a_deadline_before_anything_is_sent() -> None:
    with pytest.raises(DeadlineExceeded):
        begin_statement(UUID(int=1), 0, read_only=True)


def test_a_transaction_without_tenant_still_overwrites_the_setting() -> None:
    assert "'pampax.tenant', ''" in begin_statement(None, 1, read_only=False).as_string()


def test_an_url_keeps_what_it_says_and_gets_our_defaults_for_the_rest() -> None:
    made = connection_string("postgresql://u@h/d?connect_timeout=7", "search")

    assert "connect_timeout=7" in made
    assert "application_name=pampax-search" in made
    assert "tcp_user_timeout=10000" in made


def test_an_unreadable_url_is_a_configuration_error_without_the_url() -> None:
    with pytest.raises(ConfigError) as caught:
        connection_string("postgresql://u:secret@h/d?no_such_option=1", "search")

    assert "secret" not in caught.value.message
