"""Published packages as corpora: what pip is asked for, what is kept, and what is refused."""

import hashlib
import io
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from pampax.bench.corpus.packages import cache_folder, fetched, is_requirement, known_packages
from pampax.core.errors import ConfigError, LocalIOError, Unavailable


def wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("shop/pay.py", "def charge_the_card(): ...\n")
    return content.getvalue()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pip that notes what it was asked, and makes or refuses a wheel."""
    (tmp_path / "wheel").write_bytes(wheel())
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        "for last; do :; done\n"
        'if [ "$last" = "gone==1.0" ]; then echo "ERROR: there is no gone" >&2; exit 1; fi\n'
        f'while [ "$1" != --dest ]; do shift; done\ncp {tmp_path}/wheel "$2/shop-1.0-py3-none-any.whl"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(script))
    return tmp_path / "asked"


def test_a_package_is_downloaded_once_and_never_run(pip: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    one = fetched("shop==1.0", tmp_path / "one", environ)
    two = fetched("shop==1.0", tmp_path / "two", environ)
    assert (one.folder / "shop" / "pay.py").read_text() == (two.folder / "shop" / "pay.py").read_text()
    assert one.digest == two.digest == hashlib.sha256((tmp_path / "wheel").read_bytes()).hexdigest()
    (asked,) = pip.read_text().splitlines()
    assert "--no-deps --only-binary :all:" in asked
    assert "index" not in asked


def test_a_package_that_pip_cannot_get_is_told(pip: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(Unavailable, match=r"pip cannot get gone==1\.0: ERROR: there is no gone"):
        fetched("gone==1.0", tmp_path / "one", environ)


def test_a_damaged_download_is_removed(pip: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    kept = cache_folder(environ) / "shop==1.0.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half a wheel")
    with pytest.raises(LocalIOError, match="was damaged and is removed"):
        fetched("shop==1.0", tmp_path / "one", environ)
    assert not kept.exists()


@pytest.mark.parametrize("text", ["shop", "shop>=1", "--help==1", "shop==1.0 other", "../shop==1", "shop==", "==1"])
def test_what_is_no_package_and_version_never_reaches_pip(
    pip: Path, tmp_path: Path, environ: dict[str, str], text: str
) -> None:
    assert not is_requirement(text)
    with pytest.raises(ConfigError, match="write it as name==version"):
        fetched(text, tmp_path / "one", environ)
    assert not pip.exists()


def test_the_cache_lies_in_the_users_folder() -> None:
    assert cache_folder({}) == Path.home() / ".cache" / "pampax" / "corpora"
    assert cache_folder({"XDG_CACHE_HOME": os.sep + "c"}) == Path("/c/pampax/corpora")


def test_the_chosen_packages_have_a_version_and_a_licence() -> None:
    assert known_packages()
    for package in known_packages():
        assert is_requirement(package.requirement)
        assert package.licence
        assert package.about
