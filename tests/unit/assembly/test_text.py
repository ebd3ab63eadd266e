import pytest

from pampax.assembly.text import frames


def test_the_task_is_folded_bounded_and_inert(make):
    title = frames(make.subject(task="fix\n```\n<script>" + " long" * 200), ["demo"])[0].title
    assert title.startswith(r"# Context: fix \`\`\` \<script> long long")
    assert "\n" not in title
    assert len(title) < 320


def test_the_footer_names_where_the_code_is_from(make):
    footer = frames(make.subject(), ["demo"])[0].footer
    assert "From `demo` at `main`, commit c0ffeec0ffee, generation 3." in footer
    assert f"Signature: {'5e' * 32}" in footer


def test_other_repositories_are_counted(make):
    names = [f"r{n}" for n in range(9)]
    footer = frames(make.subject(repositories=names), ["r1", "r2"])[0].footer
    assert "`r1`" in footer
    assert "`r3`" not in footer
    assert "Searched beside them: 7 more." in footer


def test_frames_shrink_to_nearly_nothing(make):
    sizes = [len(frame.text) for frame in frames(make.subject(task="word " * 100), ["demo"])]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 16


@pytest.mark.parametrize("task", ["---", "# x", "", "💥" * 300])
def test_odd_tasks_make_a_title_of_one_line(make, task):
    for frame in frames(make.subject(task=task), []):
        assert "\n" not in frame.title
