"""One chunk, and what a repository is made of: answers."""

from __future__ import annotations

from pydantic import Field

from pampax.gateway.rest.models.fields import AnswerModel
from pampax.gateway.rest.models.search import SnapshotInfo


class ChunkResponse(AnswerModel):
    """A chunk and its text."""

    id: str
    repo: str
    ref: str
    commit: str
    path: str = Field(description="The first path that has it.")
    other_paths: list[str] = Field(description="Other paths with the same content.")
    start_line: int = Field(description="1-based.")
    end_line: int = Field(description="Inclusive.")
    language: str
    kind: str
    symbol: str = Field(description="Qualified name of the main or enclosing definition, or empty.")
    content: str


class LanguageFiles(AnswerModel):
    """How many files are in a language."""

    language: str
    files: int


class FolderFiles(AnswerModel):
    """How many files are in a folder itself."""

    path: str = Field(description="Empty for the root.")
    files: int


class OutlineSymbol(AnswerModel):
    """A definition."""

    name: str = Field(description="Qualified.")
    kind: str
    start_line: int = Field(description="1-based.")


class FileOutline(AnswerModel):
    """A file and its main definitions."""

    path: str
    language: str
    symbols: list[OutlineSymbol] = Field(description="Those that say the most about it, best first; at most 8.")


class OutlineResponse(AnswerModel):
    """What a published snapshot is made of."""

    snapshot: SnapshotInfo
    files: int = Field(description="All files, or those below the folder that was asked for.")
    languages: list[LanguageFiles] = Field(description="That of the most files first.")
    folders: list[FolderFiles] = Field(description="By path; of more than 1,000 those with the most files.")
    main_files: list[FileOutline] = Field(description="The largest of each folder, tests and prose last; by path.")
