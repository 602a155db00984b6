"""docs/rules.md: the rules as the suites declare them, for people. `python -m orchestration.rules_page` writes it.

What does not belong here: any word about a rule that is not in its suite.
"""

from pathlib import Path

from orchestration.suite import GROUP_MARK, Rule, read_suite
from orchestration.version import suites

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"

_HEAD = """# Rules

Made from the suites in `orchestration/defs/*/suites` by `python -m orchestration.rules_page`: edit those, not this
page. {count} rules. Each is a flag that dbt computes and a gate judges: pass, fail, or not evaluated where the source
does not carry what the rule needs. A failure becomes a finding with what was observed and what was expected.

*reject* excludes the session (of group SCHEMA or IDENT: quarantines the record), *hold* keeps it out of statements
until somebody acts, *warn* lets it pass. † may be overridden by a contract. An explained finding names its root.
*adjusts*: a remedy that changes what the session settles for; [outcomes.md](outcomes.md) says how and who signs it.
"""

_GATES = {
    "inspect": "Gate 1, inspect: records and sessions",
    "reconcile": "Gate 2, reconcile: prices, credits, duplicates across routes",
    "settle": "Gate 3, settle: terms, periods and statements",
}
_REQUIRES = """
### What a contract's `requires` asks for

| word | must have been evaluated |
| --- | --- |
"""
_SUBJECTS = {
    "cdrs": "each CDR",
    "records": "each record of a CDR file",
    "files": "each CDR file",
    "sessions": "each session that an operator or partner tells of",
    "invoices": "each invoice or reconciliation record of a partner",
    "statements": "each draft statement",
}


def page() -> str:
    """The whole page."""
    read = [(path.parent.parent.name, read_suite(path)) for path in suites()]
    count = len({rule.rule_id for _, suite in read for rule in suite.rules})
    parts = [_HEAD.format(count=count)]
    for gate, title in _GATES.items():
        parts.append(f"\n## {title}\n")
        for suite in (suite for name, suite in read if name == gate):
            parts.append(f"\n### On {_SUBJECTS[suite.name]}\n")
            parts += [_entry(rule) for rule in suite.rules]
            if suite.evidence:
                parts.append(_REQUIRES)
                parts += [
                    f"| {word} | {', '.join(meaning.rules) or 'nothing checks it yet: the session holds'} |\n"
                    for word, meaning in suite.evidence.items()
                ]
    return "".join(parts)


def _cause(word: str) -> str:
    return f"whatever of {word.removesuffix(GROUP_MARK)} holds" if word.endswith(GROUP_MARK) else word


def _entry(rule: Rule) -> str:
    severity = rule.severity + (f" ({rule.instead.severity} in some cases)" if rule.instead else "")
    facts = [f"{severity}{' †' if rule.is_overridable else ''}", rule.owner, f"`{rule.reason_code}`"]
    if rule.tolerance is not None:
        facts.append(f"tolerance {rule.tolerance}")
    if rule.adjust is not None:
        facts.append(f"adjusts: `{rule.adjust.reason}` to {rule.adjust.to}")
    if rule.caused_by:
        facts.append(f"explained by {', '.join(map(_cause, rule.caused_by))}")
    return (
        f"\n**{rule.rule_id}** · {' · '.join(facts)}  \n{rule.text} *{rule.remedy}*"
        f" Needs {', '.join(rule.needs) or 'nothing'}. Source: {rule.source}.\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
