"""The sentence encoder of the extra `quality`, with a model of a few words."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pampax.core.errors import ConfigError, DeadlineExceeded
from pampax.embedding.sentences import SentenceModel

from ...tiny_encoder import NAME, write_encoder  # noqa: TID252 - tests are no package

LATER = 3_600.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def model(folder: Path) -> SentenceModel:
    return SentenceModel(folder)


def test_texts_that_mean_the_same_are_similar_and_others_are_not(model: SentenceModel) -> None:
    same, half, other = model.similarities("delete file", ["remove path", "paint a path", "colour"], until=_later())
    assert same == pytest.approx(1)
    assert same > half > other


def test_a_text_has_the_same_similarity_alone_again_and_among_others(model: SentenceModel, folder: Path) -> None:
    texts = ["unlink the file", "paint", ".", "\ud800 path", "x" * 100_000]
    together = model.similarities("remove a file", texts, until=_later()).tolist()
    assert together == model.similarities("remove a file", texts, until=_later()).tolist()
    alone = SentenceModel(folder)
    assert together == [float(alone.similarities("remove a file", [text], until=_later())[0]) for text in texts]


def test_past_its_time_it_ends_but_for_what_is_kept(model: SentenceModel) -> None:
    with pytest.raises(DeadlineExceeded):
        model.similarities("never asked before", ["nor this"], until=time.monotonic() - 1)
    kept = model.similarities("delete", ["paint"], until=_later())
    assert model.similarities("delete", ["paint"], until=time.monotonic() - 1) == kept


def test_the_folder_is_called_by_name_and_version(model: SentenceModel, folder: Path, tmp_path: Path) -> None:
    assert model.id == NAME == folder.name
    moved = write_encoder(tmp_path).rename(tmp_path / "tiny@2")
    with pytest.raises(ConfigError, match="holds tiny@1, and must be called so"):
        SentenceModel(moved)


@pytest.mark.parametrize("missing", ["model.json", "model.onnx", "tokenizer.json"])
def test_a_folder_that_lacks_a_file_is_refused(tmp_path: Path, missing: str) -> None:
    folder = write_encoder(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(ConfigError, match=r"holds no reranker .*models/README.md"):
        SentenceModel(folder)


def test_another_model_under_an_old_name_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ConfigError, match=r"not those of its model\.json"):
        SentenceModel(folder)


def test_what_tells_nothing_of_a_model_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    (folder / "model.json").write_text(json.dumps({"name": "tiny"}))
    with pytest.raises(ConfigError, match="holds no reranker"):
        SentenceModel(folder)


def _later() -> float:
    return time.monotonic() + LATER
