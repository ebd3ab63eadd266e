"""One embedded system for the whole session, started and asked by the real command; and a repository indexed in it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from ..conftest import inherited  # noqa: TID252 - tests are no package

PAMPAX = str(Path(sys.executable).with_name("pampax"))
# For one command; the slowest, `up`, takes some seconds.
TIMEOUT_S = 100
PATIENCE_S = 60.0
# A home that every account may enter: run as root, the servers work under another account.
PASSABLE = 0o711


@dataclass(frozen=True)
class Done:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, f"exit code {self.code}: {self.err}"
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        assert self.code == 0, f"exit code {self.code}: {self.err}"
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Cli:
    """The command for one data directory, with nothing else in its environment."""

    data_dir: Path
    work_dir: Path
    more_env: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        return {**inherited(), "PAMPAX_DATA_DIR": str(self.data_dir), **self.more_env}

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, **env: str) -> Done:
        done = subprocess.run(
            [PAMPAX, *map(str, arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S,
            cwd=cwd or self.work_dir, env={**self.env, **env},
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PAMPAX, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.work_dir, env=self.env,
        )  # fmt: skip

    def until_ready(self, holds: Callable[[dict[str, Any]], bool] = lambda _status: True) -> dict[str, Any]:
        """The status once the system is whole and the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status: dict[str, Any] = self("status", "--json").json
            if status["state"] == "ready" and holds(status):
                return status
            assert time.monotonic() < deadline, f"not in time: {status}"
            time.sleep(0.3)  # each look costs a third of a second of processor time


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="pampax-e2e-"))
    folder.chmod(PASSABLE)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pampax(home: Path) -> Iterator[Cli]:
    """The command, with a system that runs."""
    work_dir = home / "work"
    work_dir.mkdir()
    cli = Cli(home / "data", work_dir)
    try:
        up = cli("up", "--detach", "--json")
        assert up.code == 0, up.err
        yield cli
    finally:
        cli("down")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a name of its own."""
    made = tmp_path / f"folder-{tmp_path.parent.name}-{tmp_path.name}".lower().replace("_", "-")[:50]
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def shop(home: Path, pampax: Cli) -> Path:
    """A git repository in three languages, indexed under the name `shop`."""
    root = home / "shop"
    for path, text in SHOP.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "logo.png").write_bytes(b"\x89PNG\r\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    assert pampax("index", root).code == 0
    return root


def commit(root: Path) -> str:
    """Commit everything; the commit's id."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "work")
    return git(root, "rev-parse", "HEAD").strip()


def git(root: Path, *arguments: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **identity}
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=env, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


SHOP = {
    "README.md": "# Shop\n\nSells things. Payments are retried with exponential backoff.\n",
    "shop/payment.py": '''"""Talks to the payment provider."""

import time


class PaymentClient:
    """Charges cards through the provider."""

    def charge(self, card: str, cents: int) -> str:
        """Charge a card; retried with exponential backoff when the provider is busy."""
        return retry_with_backoff(lambda: self._post("/charges", {"card": card, "cents": cents}))

    def _post(self, route: str, body: dict) -> str:
        raise NotImplementedError


def retry_with_backoff(action, attempts: int = 5):
    """Call the action until it works, waiting twice as long each time."""
    for attempt in range(attempts):
        try:
            return action()
        except ConnectionError:
            time.sleep(2**attempt)
    raise TimeoutError("the provider stays busy")
''',
    "shop/basket.py": '''"""What a customer wants to buy."""

from shop.payment import PaymentClient


class Basket:
    """Items and their prices in cents."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}

    def add(self, item: str, cents: int) -> None:
        self.items[item] = cents

    def total(self) -> int:
        return sum(self.items.values())

    def checkout(self, client: PaymentClient, card: str) -> str:
        return client.charge(card, self.total())
''',
    "stock/stock.go": '''// Package stock counts what is in the warehouse.
package stock

// Reserve takes amount pieces of an item out of the warehouse.
func Reserve(item string, amount int) error {
	if amount <= 0 {
		return ErrNothing
	}
	return warehouse.Take(item, amount)
}
''',
    "web/price.ts": '''/** Formats cents as a price for people. */
export function formatPrice(cents: number, currency: string): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(cents / 100);
}
''',
    "tests/test_basket.py": '''from shop.basket import Basket


def test_total_adds_prices():
    basket = Basket()
    basket.add("tea", 350)
    assert basket.total() == 350
''',
}  # fmt: skip
