"""A repository that this command created: taken back when the command fails and leaves it empty."""

from __future__ import annotations

from types import TracebackType

from pampax.client.client import Client
from pampax.client.repository import Repository
from pampax.core.errors import PampaxError


class Newborn:
    """A context manager. Nothing is taken back while an operation of the repository goes on, whoever started it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._created: Repository | None = None

    def is_created(self, repository: Repository) -> None:
        self._created = repository

    def __enter__(self) -> Newborn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._created is None or not isinstance(error, (PampaxError, KeyboardInterrupt)):
            return
        taken_back = self._taken_back(self._created)
        if taken_back and isinstance(error, PampaxError):
            error.message = f"{error.message} (the new repository {self._created.name} is deleted again)"

    def _taken_back(self, created: Repository) -> bool:
        """Whether it is deleted now. A gateway that does not answer any more leaves it, the failure is told anyway."""
        name = created.name
        try:
            found = self._client.repository(name)
            if found.refs or found.create_time != created.create_time:
                return False
            if any(each.repository == name and not each.done for each in self._client.operations()):
                return False
            self._client.delete_repository(name)
        except PampaxError:
            return False
        return True
