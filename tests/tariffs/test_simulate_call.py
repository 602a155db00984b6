"""What `tariff simulate` and `run` refuse before they look at any home."""

import pytest
from click.testing import CliRunner

from orchestration.cli.main import evsettle


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tariff", "simulate", "x.json", "--period", "october"], "october is no period; write it as 2026-10"),
        (["tariff", "simulate", "x.json", "--period", "2026-13"], "2026-13 is no period"),
        (["tariff", "simulate", "x.json", "--from", "2026-10-09", "--to", "2026-10-01"], "is not after --from"),
        (["run", "--period", "2026-10-H3"], "2026-10-H3 is no period"),
        (["partner", "schema", "--mapping", "payments"], "is not a feed with a mapping"),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_call(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(evsettle, arguments)
    assert result.exit_code == 2 and words in result.output, result.output
