"""Two records of one id are compared field by field, as they stand in their files."""

from orchestration.story.revisions import Change, changes_between


def test_fields_that_differ_are_named_by_their_path() -> None:
    counting = '{"id": "A", "energy": 1.10, "periods": [{"volume": 1}], "remark": "x"}'
    other = '{"id": "A", "energy": 1.1, "periods": [{"volume": 2}, {"volume": 3}], "test": true}'
    assert changes_between(counting, other) == [
        Change("energy", "1.10", "1.1"),
        Change("periods[1].volume", "1", "2"),
        Change("remark", "x", None),
        Change("periods[2].volume", None, "3"),
        Change("test", None, "true"),
    ]


def test_what_is_the_same_or_not_kept_has_no_changes() -> None:
    assert changes_between('{"id": "A"}', '{"id": "A"}') == []
    assert changes_between(None, '{"id": "A"}') == []


def test_lines_of_a_csv_file_are_compared_as_wholes() -> None:
    assert changes_between("A,1", "A,2") == [Change("the line as a whole", "A,1", "A,2")]
