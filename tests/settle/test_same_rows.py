"""Two Parquet files hold the same when each has the rows of the other, as often, in any order."""

from pathlib import Path

import duckdb
import pytest

from orchestration.defs.settle.same_rows import has_same_rows

ROWS = "select i % 40 as i, cast(i % 40 as decimal(18, 8)) / 3 as amount, [i % 40] as many, nullif(i % 40, 3) as maybe"
OTHERS = {
    "in another order": (f"{ROWS} from range(50) as r(i) order by i desc", True),
    "one value": (f"select * replace (amount + (i = 7)::int as amount) from ({ROWS} from range(50) as r(i))", False),
    "a null": (f"select * replace (nullif(maybe, 5) as maybe) from ({ROWS} from range(50) as r(i))", False),
    "one row twice": (f"{ROWS} from (select i from range(49) as r(i) union all select 4)", False),
    "one row less": (f"{ROWS} from range(49) as r(i)", False),
    "another type": (f"select * replace (i::varchar as i) from ({ROWS} from range(50) as r(i))", False),
    "another name": (f"select * rename (i as j) from ({ROWS} from range(50) as r(i))", False),
}


@pytest.mark.parametrize("other", OTHERS)
def test_files_are_compared_row_by_row(other: str, tmp_path: Path) -> None:
    rows, is_same = OTHERS[other]
    with duckdb.connect() as connection:
        connection.execute(f"copy ({ROWS} from range(50) as r(i)) to '{tmp_path}/one.parquet'")
        connection.execute(f"copy ({rows}) to '{tmp_path}/two.parquet'")
        assert has_same_rows(connection, tmp_path / "one.parquet", tmp_path / "two.parquet") == is_same
