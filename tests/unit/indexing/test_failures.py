"""What is tried again, and what ends an operation."""

import errno

import pytest

from pampax.core.errors import Aborted, InvalidRequest, LocalIOError, PampaxError, ResourceExhausted, Unavailable
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.runner import disk_full
from pampax.storage.operations import LEASE_LOST


@pytest.mark.parametrize("error", [Unavailable("away"), Aborted("deadlock"), ResourceExhausted("full")])
def test_what_may_pass_is_tried_again(error: PampaxError) -> None:
    tries: list[int] = []

    def action() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise error
        return "done"

    assert transiently(action) == "done"
    assert len(tries) == 2


@pytest.mark.parametrize("error", [Aborted("lost", reason=LEASE_LOST), InvalidRequest("wrong")])
def test_what_will_not_pass_is_not_tried_again(error: PampaxError) -> None:
    tries: list[int] = []

    def action() -> None:
        tries.append(1)
        raise error

    with pytest.raises(type(error)):
        transiently(action)
    assert len(tries) == 1


def test_trying_ends_with_the_last_error() -> None:
    def action() -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        transiently(action, give_up_after_s=0.01)


def test_a_full_disk_is_told_however_it_was_wrapped() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    wrapped = LocalIOError("cannot keep a mirror")
    wrapped.__cause__ = full
    for error in (full, wrapped):
        told = disk_full(error)
        assert told is not None
        assert (told.reason, told.grpc_code) == ("DISK_FULL", "RESOURCE_EXHAUSTED")
    assert disk_full(OSError(errno.EACCES, "no")) is None
