"""API keys: random, recognisable, and stored only as an HMAC."""

import re

import pytest

from pampax.core.errors import ConfigError
from pampax.storage.keys import key_hmac, new_key


def test_a_new_key_has_its_prefix_and_256_random_bits() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(re.fullmatch(r"pampax_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_the_hmac_depends_on_key_and_pepper() -> None:
    one = key_hmac("pampax_a", "00" * 32)

    assert len(one) == 32
    assert one == key_hmac("pampax_a", "00" * 32)
    assert one not in {key_hmac("pampax_b", "00" * 32), key_hmac("pampax_a", "01" * 32)}


@pytest.mark.parametrize("pepper", ["", "not hexadecimal"])
def test_a_pepper_out_of_form_is_refused(pepper: str) -> None:
    with pytest.raises(ConfigError, match="PAMPAX_AUTH__KEY_PEPPER"):
        key_hmac("pampax_a", pepper)
