from pampax.assembly.candidates import Origin, combined


def test_a_definition_inside_a_hit_makes_the_hit_worth_more(make):
    hit = make.hit("a.py", 1, 40, 0.5, reason="match 3", rank=3)
    used = make.hit("a.py", 10, 20, 0.4, reason="defines `take`", origin=Origin.DEFINITION)
    (both,) = combined([used, hit])
    assert both.place == hit.place
    assert both.value > hit.value
    assert both.reason == "match 3; defines `take`"


def test_a_definition_around_a_hit_stays_beside_it(make):
    hit = make.hit("a.py", 10, 20, 0.5)
    holder = make.hit("a.py", 1, 100, 0.2, origin=Origin.DEFINITION)
    assert combined([holder, hit]) == (hit, holder)


def test_a_neighbour_gives_way_to_everything(make):
    hit = make.hit("a.py", 10, 20, 0.5)
    beside = make.hit("a.py", 15, 30, 0.1, origin=Origin.NEIGHBOUR)
    assert combined([beside, hit]) == (hit,)


def test_an_outline_of_a_named_file_takes_nothing_in(make):
    outline = make.hit("a.py", 1, 100, 1.2, origin=Origin.OUTLINE)
    hit = make.hit("a.py", 10, 20, 0.5)
    assert set(combined([outline, hit])) == {outline, hit}


def test_files_do_not_mix(make):
    one, other = make.hit("a.py", 1, 9, 0.5), make.hit("b.py", 1, 9, 0.5)
    assert combined([other, one]) == (one, other)
