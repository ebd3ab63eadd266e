import pytest
from mcp_types import INVALID_REQUEST, PARSE_ERROR, jsonrpc_message_adapter
from pydantic import ValidationError

from pampax.cli.mcp.stdio import refusal


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        ("garbage", PARSE_ERROR, None),
        ('{"jsonrpc": "2.0", "id": 11, "method": "\\ud800"}', PARSE_ERROR, None),
        ("[]", INVALID_REQUEST, None),
        ('[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', INVALID_REQUEST, None),
        ('{"jsonrpc": "2.0", "id": 4}', INVALID_REQUEST, 4),
        ('{"jsonrpc": "2.0", "id": "a"}', INVALID_REQUEST, "a"),
        ('{"jsonrpc": "2.0", "id": true}', INVALID_REQUEST, None),
    ],
)
def test_a_line_that_is_no_message_is_answered_with_its_id_where_it_has_one(
    line: str, code: int, request_id: int | str | None
) -> None:
    with pytest.raises(ValidationError) as failed:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    told = refusal(failed.value)
    assert (told.error.code, told.id) == (code, request_id)
    assert "send" in told.error.message
