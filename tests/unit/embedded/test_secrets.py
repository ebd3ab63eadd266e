"""Secrets are made once and are nobody else's to read."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pampax.embedded.secrets import hex_key, read_or_create, write_private


def test_secret_is_made_once(tmp_path: Path) -> None:
    first = read_or_create(tmp_path / "secret")
    assert read_or_create(tmp_path / "secret") == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_all_who_make_a_secret_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: read_or_create(tmp_path / "secret"), range(32)))
    assert len(set(answers)) == 1


def test_a_hex_key_has_256_bits() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", hex_key())


def test_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_private(path, "a long first text")
    write_private(path, "short", durable=False)
    assert path.read_text() == "short"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]
