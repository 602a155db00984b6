"""`evsettle rules`: the rules that decide what is billed, and whether none of the catalogue is missing."""

import click

from orchestration.cli.show import show_json

# Rules of closing and documents: the stage that needs them is built after this one.
_LATER = 13


@click.command(
    "rules",
    epilog="Examples:\n\n  evsettle rules\n\n  evsettle rules --owner finance\n\n  evsettle rules --check",
)
@click.option("--owner", type=click.Choice(["operations", "platform", "finance"]), help="Only rules of this owner.")
@click.option("--check", is_flag=True, help="Compare with the catalogue; exit 1 when a rule of it is missing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def command(owner: str | None, check: bool, as_json: bool) -> None:
    """List every rule: id, gate, severity, owner, reason code, default tolerance, source. † a contract may override.

    docs/rules.md says of each what it means and what to do.
    """
    from orchestration.suite import Rule, SuiteError
    from orchestration.suite_check import catalogue, check_suites

    try:
        read = check_suites()
    except SuiteError as error:
        raise click.ClickException(str(error)) from error
    listed: dict[str, tuple[str, Rule]] = {}
    for suite in read:
        for rule in suite.rules:
            listed.setdefault(rule.rule_id, (suite.path.parent.parent.name, rule))
    sections = catalogue()
    refused = [rule_id for section in sections for rule_id in section.refused]
    known = {*listed, *refused}
    missing = [(section, [rule_id for rule_id in section.rule_ids if rule_id not in known]) for section in sections]
    owed = [rule_id for section, rule_ids in missing if section.number < _LATER for rule_id in rule_ids]
    later = [rule_id for section, rule_ids in missing if section.number >= _LATER for rule_id in rule_ids]
    shown: list[dict[str, object]] = [
        {
            "rule_id": rule.rule_id, "gate": gate, "severity": rule.severity, "owner": rule.owner,
            "reason_code": rule.reason_code, "tolerance": rule.tolerance, "is_overridable": rule.is_overridable,
            "source": rule.source,
        }
        for gate, rule in listed.values()
        if owner in (None, rule.owner)
    ]  # fmt: skip
    if as_json:
        show_json({"rules": shown, **({"missing": owed, "later": later, "refused": refused} if check else {})})
    else:
        _show(shown)
        if check:
            click.echo(f"\n{len(listed)} rules; of the catalogue's sections 1 to {_LATER - 1} {len(owed)} are missing.")
            for name, rule_ids in (
                ("Missing", owed),
                ("Of closing, built later", later),
                ("Refused at the act", refused),
            ):
                if rule_ids:
                    click.echo(f"{name}: {', '.join(rule_ids)}.")
    if check and owed:
        raise click.exceptions.Exit(1)


def _show(rules: list[dict[str, object]]) -> None:
    columns = ("rule_id", "gate", "severity", "owner", "tolerance", "reason_code", "source")
    rows = [
        [f"{rule['rule_id']}{' †' if rule['is_overridable'] else ''}", *(str(rule[name] or "") for name in columns[1:])]
        for rule in rules
    ]
    widths = [max(len(row[at]) for row in [list(columns), *rows]) for at in range(len(columns))]
    for row in [list(columns), *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
