"""Who may decide what: master/people.yaml, a list of {name, roles, login}."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from orchestration.facts.home import Home
from orchestration.facts.reasons import nearest

ROLES = ("operations", "platform", "finance", "approver")
_EXAMPLE = "- {name: Ada Jansen, roles: [finance], login: ajansen}"


class PeopleError(Exception):
    """people.yaml cannot be read, or does not know the person; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person. Two names with one login are one person."""

    name: str
    roles: frozenset[str]
    login: str | None


def read_people(home: Home) -> dict[str, Person]:
    """People by case-folded name. Raises PeopleError naming the line of the list that is wrong."""
    path = home.master / "people.yaml"
    place = home.relative(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PeopleError(
            f"{place} is missing, so nobody may decide: write a list such as `{_EXAMPLE}` into it."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PeopleError(f"{place} is not YAML ({' '.join(str(error).split())}): mend the file.") from None
    if not isinstance(content, list):
        raise PeopleError(f"{place} must be a list of people, such as `{_EXAMPLE}`.")
    people: dict[str, Person] = {}
    for number, item in enumerate(content, start=1):
        person = _person(item, f"{place}, person {number}")
        if person.name.casefold() in people:
            raise PeopleError(f"{place}, person {number}: {person.name} is there twice; keep one of them.")
        people[person.name.casefold()] = person
    return people


def _person(item: object, place: str) -> Person:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise PeopleError(f"{place} has no name: write it as `{_EXAMPLE}`.")
    unknown = set(item) - {"name", "roles", "login"}
    if unknown:
        raise PeopleError(f"{place} has the unknown key {min(map(str, unknown))!r}: use name, roles and login.")
    roles = item.get("roles")
    if not isinstance(roles, list) or not roles:
        raise PeopleError(f"{place} ({item['name']}) has no list of roles: give some of {', '.join(ROLES)}.")
    for role in roles:
        if role not in ROLES:
            raise PeopleError(f"{place} ({item['name']}) has the unknown role {role!r}: use {', '.join(ROLES)}.")
    login = item.get("login")
    return Person(" ".join(item["name"].split()), frozenset(roles), None if login is None else str(login))


def check_assignee(people: Mapping[str, Person], to: str, queues: Sequence[str]) -> None:
    """What is given to a name that nobody answers to is in no list of anybody's work. Raises PeopleError."""
    if to not in queues and " ".join(to.split()).casefold() not in people:
        names = ", ".join(known.name for known in people.values())
        raise PeopleError(
            f"{to!r} is neither a queue ({', '.join(queues)}) nor in master/people.yaml, which knows {names}."
        )


def find_person(people: Mapping[str, Person], name: str) -> Person:
    """The person of this name, whatever its case. Raises PeopleError when unknown."""
    person = people.get(" ".join(name.split()).casefold())
    if person is None:
        names = [known.name for known in people.values()]
        hint = nearest(name, names) or f": it knows {', '.join(names) or 'nobody'}."
        raise PeopleError(f"{name!r} is not in master/people.yaml{hint}")
    return person


def is_same_person(one: Person, other: Person) -> bool:
    """Same name, or another name of the same login."""
    return one.name == other.name or (one.login is not None and one.login == other.login)
