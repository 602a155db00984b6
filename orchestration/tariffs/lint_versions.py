"""What a version of a tariff says beside the others of its id: when no version holds, when two do, what is no news.

Which version prices a session is inspect's (registry_matches): of those in force the one that started last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.defs.ingest.tariff import Tariff
from orchestration.tariffs.lint_findings import Problem
from orchestration.tariffs.registry import Version

_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_START = "$.start_date_time"


@dataclass(frozen=True, slots=True)
class Window:
    """When the content of one version holds: from inclusive, until exclusive. may_follow: told later, it corrects."""

    key: tuple[str, str, str]
    body: str
    start: datetime
    end: datetime
    may_follow: bool

    @classmethod
    def of_tariff(cls, tariff: Tariff) -> "Window":
        """The window of a tariff of a file, where all are said in one breath."""
        key = _key(tariff.party, tariff.tariff_id, tariff.type)
        return cls(key, tariff.body, tariff.valid_from or _ALWAYS, tariff.valid_to or _NEVER, may_follow=False)

    @classmethod
    def of_version(cls, version: Version) -> "Window":
        """The window of a version of the registry, which a later one of the same start replaces."""
        key = _key(version.party, version.tariff_id, version.tariff_type)
        return cls(key, version.tariff_body, version.valid_from or _ALWAYS, version.valid_to or _NEVER, may_follow=True)


def version_problems(tariff: Tariff, known: Sequence[Window]) -> Iterator[Problem]:
    """Problems of the change to this version. known: other versions, of any tariff; those of this one are looked at."""
    own = Window.of_tariff(tariff)
    others = [window for window in known if window.key == own.key]
    for other in others:
        if other.start == own.start and other.body != own.body and not other.may_follow:
            yield Problem("VERSION_OVERLAP", "error", f"Another version holds {_since(own.start)} too.",
                           "Give each version its own start: nothing says which of the two holds.", _START)  # fmt: skip
    # Of one start what was learned last stands.
    earlier = {window.start: window for window in others if window.start < own.start}
    if not earlier:
        return
    before = earlier[max(earlier)]
    if before.body == own.body:
        message = f"It charges the same as the one before it, which holds {_since(before.start)}."
        yield Problem("VERSION_SAME", "warn", message, "Leave it out, unless its validity is what changes.", "$")
    if _NEVER > before.end > own.start:
        message = f"The version before it says that it ends only on {_shown(before.end)}, after this one starts."
        yield Problem("VERSION_OVERLAP", "warn", message,
                       "Let the one before end where this one starts: sessions in both are held (TARIFF_OVERLAP).",
                       _START)  # fmt: skip
    end = max(window.end for window in earlier.values())
    if end < own.start:
        message = f"No version holds from {_shown(end)} to {_shown(own.start)}: what starts then has no price."
        yield Problem("VERSION_GAP", "warn", message, "Let it start where the one before ends.", _START)


def _key(party: str | None, tariff_id: str | None, tariff_type: str | None) -> tuple[str, str, str]:
    return (party or "").casefold(), (tariff_id or "").casefold(), (tariff_type or "").casefold()


def _since(start: datetime) -> str:
    return "from the beginning" if start == _ALWAYS else f"from {_shown(start)}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
