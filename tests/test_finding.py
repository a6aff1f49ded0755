from striate.finding import Finding

ROWS = Finding("window-does-not-tile", "conv2d", "(7 - 3) mod 2 = 1", "a row is never seen", "strides=1")


def test_a_finding_prints_as_an_error_does():
    assert str(ROWS) == (
        "window-does-not-tile at conv2d: a row is never seen\n  sum   : (7 - 3) mod 2 = 1\n  fix   : strides=1"
    )


def test_a_finding_of_no_place_names_none():
    assert str(Finding("duplicates", "", "3 of 9", "copies", "remove them")).startswith("duplicates: copies\n")


def test_its_json_has_the_five_keys_that_programs_read():
    assert ROWS.to_json() == {
        "fault": "window-does-not-tile",
        "where": "conv2d",
        "evidence": "(7 - 3) mod 2 = 1",
        "cause": "a row is never seen",
        "fix": "strides=1",
    }


def test_a_finding_is_advice_unless_it_says_otherwise():
    assert ROWS.severity == "advice"
