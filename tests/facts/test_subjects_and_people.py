import pytest

from orchestration.facts import subjects
from orchestration.facts.home import Home
from orchestration.facts.people import PeopleError, read_people
from orchestration.facts.subjects import SubjectError, parse


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("nl/EMO|A:b", ("cdr", "nl/emo|a:b")),
        ("cdr:NL/EMO|a", ("cdr", "nl/emo|a")),
        ("cdr:Abc", ("cdr", "Abc")),
        ("abc:def", ("cdr", "abc:def")),
        ("2026-10|emo", ("period", "2026-10|emo")),
        ("2026-10-H2|emo", ("period", "2026-10-H2|emo")),
        ("2026-W41|emo", ("period", "2026-W41|emo")),
        ("tariff:NL/EVS:day:night", ("tariff", "NL/EVS:day:night")),
        ("record:emo/cdrs/a.json#7", ("record", "emo/cdrs/a.json#7")),
        ("partner:emo", ("partner", "emo")),
    ],
)
def test_a_subject_says_its_kind_or_shows_it(text: str, subject: tuple[str, str]) -> None:
    assert parse(text) == subject


@pytest.mark.parametrize("text", ["period:emo", "file:a.json", "record:emo/cdrs/a.json", "tariff:std", "partner:"])
def test_a_subject_without_its_form_is_refused(text: str) -> None:
    with pytest.raises(SubjectError, match="write "):
        parse(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "people.yaml is missing"),
        ("Ada", "must be a list of people"),
        ("- {roles: [finance]}", "person 1 has no name"),
        ("- {name: Ada, role: finance}", "person 1 has the unknown key 'role'"),
        ("- {name: Ada, roles: [boss]}", r"person 1 \(Ada\) has the unknown role 'boss'"),
        ("- {name: Ada, roles: finance}", "has no list of roles"),
        ("- {name: Ada, roles: [finance]}\n- {name: ada, roles: [finance]}", "person 2: ada is there twice"),
        ("- {name: Ada", "is not YAML"),
    ],
)
def test_a_wrong_people_file_is_named_with_its_place(home: Home, content: str | None, said: str) -> None:
    path = home.master / "people.yaml"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(PeopleError, match=said):
        read_people(home)


@pytest.mark.parametrize("text", ["record:emo/cdrs/month.zip#sub/a.json!3", "record:emo/cdrs/month.zip!sub/a.json#3"])
def test_a_record_of_an_archive_has_one_name_however_it_was_written(text: str) -> None:
    kind, identifier = subjects.parse(text)
    assert (kind, identifier) == ("record", "emo/cdrs/month.zip#sub/a.json!3")
    assert subjects.record_place(identifier) == ("emo/cdrs/month.zip!sub/a.json", "3")
    assert subjects.record_place("emo/cdrs/a.json#3") == ("emo/cdrs/a.json", "3")
