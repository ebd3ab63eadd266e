"""Operations as REST answers with them."""

import pytest
from google.longrunning.operations_pb2 import Operation

from pampax.core.errors import Internal
from pampax.gateway.rest.models.repository import Operation as OperationModel
from pampax.gateway.rest.repository_answers import operation_json
from pampax.runtime.context import corr_id
from pampax.runtime.errors_wire import to_status


@pytest.fixture(autouse=True)
def _polled():
    token = corr_id.set("the-poll")
    yield
    corr_id.reset(token)


def failed(**metadata):
    return Operation(name="operations/o", done=True, error=to_status(Internal("it broke", metadata=metadata)))


def test_the_problem_of_an_operation_carries_the_request_id_of_its_run():
    assert operation_json(failed(corr_id="the-run"))["error"]["corr_id"] == "the-run"


def test_the_id_of_a_poll_is_never_told_as_that_of_the_run():
    answer = operation_json(failed())
    assert "corr_id" not in answer["error"]
    OperationModel.model_validate(answer)
