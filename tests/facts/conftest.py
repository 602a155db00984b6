"""A home with three people in it, and a ledger to write in."""

from pathlib import Path

import pytest

from orchestration.facts.home import Home, open_home

PEOPLE = """\
- {name: Ada Jansen, roles: [finance], login: ajansen}
- {name: Bo de Vries, roles: [finance, approver], login: bvries}
- {name: Cem Aydin, roles: [platform, operations, approver], login: caydin}
- {name: Bo Vries, roles: [approver], login: bvries}
- {name: Dee Olsen, roles: [operations]}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home: network and people, nothing taken in."""
    master = tmp_path / "home" / "master"
    master.mkdir(parents=True)
    (master / "network.yaml").write_text("country: NL\n")
    (master / "people.yaml").write_text(PEOPLE)
    return open_home(tmp_path / "home")
