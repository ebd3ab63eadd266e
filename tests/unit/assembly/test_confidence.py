from pampax.assembly.bundle import Item, Rendering
from pampax.assembly.confidence import confidence_of
from pampax.assembly.ranking import task_words
from pampax.assembly.searching import Hit
from pampax.assembly.source import Place


def found(*scores):
    return [
        Hit(rank, Place("demo", "a.py", rank, rank), "python", "f", score, "text", ())
        for rank, score in enumerate(scores, 1)
    ]


def shown(content):
    return [Item("demo", "src/a.py", 1, 2, Rendering.FULL, 9, "why", (), content, "python", "f")]


WORDS = task_words("refund charged orders")


def test_a_clear_match_whose_code_speaks_of_the_task_is_sure():
    confidence = confidence_of(found(9.0, 1.0, 0.5), WORDS, shown("def refund(orders): charged"), 1.0)
    assert confidence.value == 1.0
    assert confidence.reasons == (
        "the best match stands out clearly from the next 2",
        "3 of 3 words of the task are found in what is shown",
        "100% of the wanted value is shown",
    )


def test_words_that_are_not_found_are_named_and_count():
    confidence = confidence_of(found(2.0, 1.9), WORDS, shown("nothing of it: orders"), 0.5)
    assert confidence.value < 0.4
    assert "1 of 3 words of the task are found in what is shown, not `refund`, `charged`" in confidence.reasons


def test_without_pieces_there_is_none():
    assert confidence_of(found(1.0), WORDS, [], 0.0).value == 0.0


def test_without_search_it_says_so():
    assert "search found nothing" in confidence_of([], WORDS, shown("refund charged orders"), 1.0).reasons
