"""The SQL of a gate, first half: the rows that a suite judges, and the subjects that must be among them.

Pure: texts from suites. What does not belong here: findings and verdicts (gate_sql.py), running any of it (gate.py).
"""

# ruff: noqa: S608 - names of our own models and of suites that suite.py has checked; no value from outside.

from collections.abc import Sequence

from orchestration.suite import Suite

# A column that starts with an underscore is the gate's own; the flags model's columns keep their names.
_CDR_ROWS = """
select
    flags.*,
    'cdr' as _kind,
    cdrs.cdr_key as _subject_id,
    cdrs.cdr_key as _cdr_key,
    cdrs.cdr_key as _work_key,
    cdrs.revision as _revision,
    cdrs.source || '/cdrs/' || cdrs.file_name as _file_subject_id,
    1 as _path_version,
    terms.partner as _partner,
    terms.contract_version as _contract_version,
    terms.requires as _requires,
    cdrs.ocpi_version as _ocpi_version
from {flags} as flags
inner join inspect.work as work on flags.cdr_key = work.cdr_key
inner join inspect.cdrs as cdrs on flags.cdr_key = cdrs.cdr_key
inner join inspect.cdr_terms as terms on flags.cdr_key = terms.cdr_key
"""

# Two files may bear one path after another, with other bytes: their records are not the same subjects.
_PATHS = """
select
    file_seq,
    row_number() over (partition by source, feed, file_name order by file_seq) as path_version
from ingest.raw_files
where replays_file_seq is null
"""

_RECORD_ROWS = f"""
select
    flags.*,
    'record' as _kind,
    flags.subject_id as _subject_id,
    cast(null as varchar) as _cdr_key,
    flags.cdr_key as _work_key,
    flags.revision as _revision,
    flags.file_subject_id as _file_subject_id,
    coalesce(paths.path_version, 1) as _path_version,
    cast(null as varchar) as _partner,
    cast(null as varchar) as _contract_version
from {{flags}} as flags
inner join inspect.work as work on flags.cdr_key = work.cdr_key
left join ({_PATHS}) as paths on flags.file_seq = paths.file_seq
"""

_FILE_ROWS = f"""
select
    flags.*,
    'file' as _kind,
    flags.subject_id as _subject_id,
    cast(null as varchar) as _cdr_key,
    cast(null as varchar) as _work_key,
    cast(null as integer) as _revision,
    cast(null as varchar) as _file_subject_id,
    coalesce(paths.path_version, 1) as _path_version,
    terms.partner as _partner,
    terms.contract_version as _contract_version
from {{flags}} as flags
left join inspect.file_terms as terms on flags.file_seq = terms.file_seq
left join ({_PATHS}) as paths on flags.file_seq = paths.file_seq
"""

# Judged whole in each run: what they lack may come, or fall due, without anything new about themselves.
_OTHER_ROWS = """
select
    flags.*,
    '{kind}' as _kind,
    flags.{key} as _subject_id,
    cast(null as varchar) as _cdr_key,
    cast(null as varchar) as _work_key,
    cast(null as integer) as _revision,
    cast(null as varchar) as _file_subject_id,
    1 as _path_version,
    flags.partner as _partner,
    flags.contract_version as _contract_version
from {{flags}} as flags
"""

_ROWS = {
    "cdrs": _CDR_ROWS,
    "records": _RECORD_ROWS,
    "files": _FILE_ROWS,
    "sessions": _OTHER_ROWS.format(kind="session", key="session_key"),
    "invoices": _OTHER_ROWS.format(kind="invoice", key="invoice_key"),
    "statements": _OTHER_ROWS.format(kind="statement", key="statement_id"),
}

# Suites whose subjects are all judged in each run, with the kind of subject; no verdict is about them.
WHOLE = {"files": "file", "sessions": "session", "invoices": "invoice"}

# Of these, the models that name the finding of an earlier gate that explains one: their subjects have no key in common.
EXPLAINED = {"sessions": "reconcile.explained_sessions", "invoices": "reconcile.explained_invoices"}

# What is known only after the gate of its stage has let sessions pass: judged apart, when its rows are computed.
AFTER_GATE = ("statements",)

# The keys that must be judged, each exactly once: taken from where the subjects come from, not from the flags.
SUBJECTS = {
    "cdrs": ("cdr_key", "inspect.cdrs where cdr_key in (select cdr_key from inspect.work)"),
    "records": ("record_id", "ingest.cdr_revisions where work_key in (select cdr_key from inspect.work)"),
    "files": ("file_seq", "ingest.files where feed = 'cdrs'"),
    "sessions": ("session_key", "ingest.sessions where is_latest"),
    "invoices": ("invoice_key", "ingest.invoices where is_latest"),
    "statements": ("statement_id", "settle.statements where status <> 'sealed'"),
}


# What a verdict needs of each row beside its flags.
_ABOUT = ("_kind", "_subject_id", "_work_key", "_revision", "_cdr_key")
_ABOUT_RECORD = ("has_key", "is_counting")


def flags(suite: Suite) -> str:
    """The rows to judge, and of each only whom it is about and its flags: what findings quote is a hundred columns."""
    about = [SUBJECTS[suite.name][0], *_ABOUT, *(_ABOUT_RECORD if suite.name == "records" else ())]
    columns = dict.fromkeys([*about, *(rule.column for rule in suite.rules)])
    return f"select {', '.join(columns)} from ({_rows(suite)}) as judged"


def failing(suite: Suite) -> str:
    """Of the same rows those that break a rule, with all that findings quote."""
    broken = " or ".join(f"{rule.column} <> 1" for rule in suite.rules)
    return f"select * from ({_rows(suite)}) as judged where {broken}"


def _rows(suite: Suite) -> str:
    """The flags of all subjects in work, what they were worked out from, and what the gate must know of each."""
    judged = _ROWS[suite.name].format(flags=suite.flags)
    if suite.evidence_rule is None:
        return judged
    missing = []
    for word, evidence in suite.evidence.items():
        absent = " or ".join(f"{rule_id.lower()} is null" for rule_id in evidence.rules) or "true"
        when = f" and ({evidence.when})" if evidence.when else ""
        missing.append(f"case when _requires like '%,{word},%'{when} and ({absent}) then '{word}' end")
    return (
        f"select judged.*, concat_ws(', ', {', '.join(missing)}) as missing_evidence,"
        " cast(case when coalesce(_requires, ',') = ',' then null"
        f" when missing_evidence = '' then 1 else 0 end as smallint) as {suite.evidence_rule.lower()}"
        f" from ({judged}) as judged"
    )


def evaluated(suite: Suite) -> str:
    """An expression: how many of the suite's rules were evaluated for a row."""
    return " + ".join(f"(case when {rule.column} is null then 0 else 1 end)" for rule in suite.rules)


def subjects(suite: Suite, table: str) -> str | None:
    """What a verdict is about: each CDR, and of the records that have a key one for each revision."""
    if suite.name in WHOLE:
        return None
    measured = f"{evaluated(suite)} as evaluated, {len(suite.rules)} as rule_count"
    if suite.name == "cdrs":
        return (
            "select _cdr_key as cdr_key, _revision as revision, _kind as subject_kind, _subject_id as subject_id,"
            f" {measured} from {table}"
        )
    return (
        "select cdr_key, revision, subject_kind, subject_id, evaluated, rule_count from ("
        "select _work_key as cdr_key, _revision as revision, _kind as subject_kind, _subject_id as subject_id,"
        f" {measured}, row_number() over (partition by _work_key, _revision order by is_counting desc, record_id) as no"
        f" from {table} where has_key) as numbered where no = 1"
    )


def earlier_findings(gate: str, gates: Sequence[str]) -> str:
    """What gates before this one found on the same keys: roots of what this one finds."""
    columns = "finding_id, subject_kind, subject_id, work_key, revision, rule_id, caused_by"
    selects = [
        f"select {columns} from {earlier}.gate_findings"
        f" where subject_kind = 'file' or work_key in (select cdr_key from inspect.work)"
        for earlier in gates[: gates.index(gate)]
    ]
    return " union all ".join(selects) or f"select {columns} from {gate}.gate_findings limit 0"


def explained(suites: Sequence[Suite]) -> str:
    """subject_id, rule_id and root_finding_id of what another finding explains."""
    selects = [f"select * from {EXPLAINED[suite.name]}" for suite in suites if suite.name in EXPLAINED]
    nothing = "select '' as subject_id, '' as rule_id, '' as root_finding_id limit 0"
    return " union all ".join(selects) or nothing
