"""`evsettle exceptions`: what waits for whom, grouped by likely cause."""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import show_json, show_table
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.published import Snapshot

_GROUPS = """
    select
        findings.owner,
        findings.severity,
        findings.rule_id,
        coalesce(cdrs.partner, '') as partner,
        count(*) as findings,
        sum(findings.amount_at_stake) as at_stake,
        min(findings.found_at) as oldest,
        min(findings.due_at) as due,
        min(findings.subject_id) as example
    from findings
    left join cdrs on findings.cdr_key = cdrs.cdr_key
    where findings.status = 'open'
        and findings.caused_by is null
        and (? is null or findings.owner = ?)
        and (? is null or cdrs.partner = ?)
        and (? is null or findings.rule_id = ?)
        and (? or findings.severity in ('reject', 'hold'))
    group by findings.owner, findings.severity, findings.rule_id, coalesce(cdrs.partner, '')
    order by findings.owner, at_stake desc nulls last, findings desc, findings.rule_id
"""

_SUBJECTS = """
    select findings.subject_id, findings.rule_id, findings.observed, findings.expected, findings.tolerance,
        findings.amount_at_stake, findings.due_at
    from findings
    left join cdrs on findings.cdr_key = cdrs.cdr_key
    where findings.status = 'open'
        and (? is null or findings.owner = ?)
        and (? is null or cdrs.partner = ?)
        and findings.rule_id = ?
    order by findings.amount_at_stake desc nulls last, findings.subject_id
    limit ?
"""


def _remedies() -> dict[str, str]:
    from orchestration.suite import read_suite
    from orchestration.version import suites

    return {rule.rule_id: rule.remedy for path in suites() for rule in read_suite(path).rules}


def _listed(snapshot: Snapshot, owner: str | None, partner: str | None, rule: str, limit: int) -> list[dict[str, Any]]:
    return snapshot.records(_SUBJECTS, [owner, owner, partner, partner, rule, limit])


def _not_taken_in(home: Home) -> list[str]:
    """What no arrival can name yet: a sentence for each, its path first."""
    from orchestration.defs.ingest.landing import landing_problems

    return landing_problems(home)


@click.command(
    "exceptions",
    epilog="Examples:\n\n  evsettle exceptions --owner platform\n\n"
    "  evsettle exceptions --rule OVERLAP_CONNECTOR --limit 50\n\n"
    "  evsettle exceptions --partner emo --json",
)
@click.option("--owner", type=click.Choice(["operations", "platform", "finance"]), help="Only this owner's queue.")
@click.option("--partner", help="Only this partner's sessions (the partner's folder name).")
@click.option("--rule", help="List the subjects of one rule instead of the groups.")
@click.option("--limit", default=20, show_default=True, help="How many subjects --rule lists.")
@click.option("--warnings", is_flag=True, help="Include warnings, which hold nothing back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None,
    owner: str | None,
    partner: str | None,
    rule: str | None,
    limit: int,
    warnings: bool,
    as_json: bool,
) -> None:
    """What waits for whom: open findings that hold or reject, by owner and rule, with the money at stake."""
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    if rule is not None:
        subjects = _listed(snapshot, owner, partner, rule, limit)
        if as_json:
            show_json({"rule_id": rule, "subjects": subjects})
            return
        show_table(
            f"{rule}: {_remedies().get(rule, 'not a rule that has findings here')}",
            ["subject", "rule", "observed", "expected", "tolerance", ">at stake", "due"],
            [tuple(row.values()) for row in subjects],
        )
        return
    groups = snapshot.records(_GROUPS, [owner, owner, partner, partner, rule, rule, warnings])
    aside = _not_taken_in(home) if owner in (None, "platform") and partner is None else []
    if as_json:
        show_json({"exceptions": groups, "not_taken_in": aside})
        return
    remedies = _remedies()
    show_table(
        "Open exceptions (root causes; consequences are left out)",
        ["owner", "severity", "rule", "partner", ">count", ">at stake", "oldest", "due", "for example"],
        [tuple(row.values()) for row in groups],
    )
    for rule_id in dict.fromkeys(row["rule_id"] for row in groups):
        click.echo(f"  {rule_id}: {remedies.get(rule_id, '')}")
    if aside:
        show_table("In landing and not taken in (owner: platform)", ["file", "reason and remedy"], [
            tuple(sentence.split(": ", 1)) for sentence in aside
        ])  # fmt: skip
    click.echo("\nOne session: evsettle explain <subject>   One rule: evsettle exceptions --rule <rule>")
