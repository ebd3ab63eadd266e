"""Names of repositories, made from folders and URLs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.client.repository_names import name_of_folder, name_of_url
from pampax.core.errors import InvalidRequest
from pampax.core.names import is_repository


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/src/Shop", "shop"),
        ("/src/my project (2)", "my-project-2"),
        ("/src/.dotfiles", "dotfiles"),
        ("/src/Café", "cafe"),
        ("/src/a\nb'c", "a-b-c"),
        ("/src/" + "x" * 80, "x" * 63),
    ],
)
def test_a_folder_gives_its_name(folder: str, name: str) -> None:
    assert name_of_folder(Path(folder)) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/team/Shop.git",
        "https://git.example.com/team/Shop/",
        "git@example.com:team/Shop.git",
        "git@example.com:Shop",
        "file:///srv/git/Shop.git",
    ],
)
def test_a_url_gives_its_last_part(url: str) -> None:
    assert name_of_url(url) == "shop"


@pytest.mark.parametrize("folder", ["/", "/src/日本語", "/src/---"])
def test_where_no_name_can_be_made_one_is_asked_for(folder: str) -> None:
    with pytest.raises(InvalidRequest, match="give one with --name"):
        name_of_folder(Path(folder))


@given(st.text(min_size=1).filter(lambda text: "/" not in text and "\0" not in text))
def test_every_name_that_is_made_is_valid(text: str) -> None:
    try:
        name = name_of_folder(Path("/src") / text)
    except InvalidRequest:
        return
    assert is_repository(name)
