"""The oracle's minimum and maximum prices: net and gross each on its own, the minimum first."""

from fractions import Fraction
from typing import Any

Amount = Fraction | None


def limited(tariff: dict[str, Any], net: Amount, gross: Amount) -> tuple[Amount, Amount]:
    """Net and gross of what was priced under the tariff, after its limits."""
    for name, is_minimum in (("min_price", True), ("max_price", False)):
        net_limit, gross_limit = _limit(tariff, name)
        if tariff.get("tax_included") == "N/A" and net_limit is not None and gross_limit is not None:
            net_limit = gross_limit = (max if is_minimum else min)(net_limit, gross_limit)
        net, gross = (
            _limited(net, gross, net_limit, gross_limit, is_minimum),
            _limited(gross, net, gross_limit, net_limit, is_minimum),
        )
    return net, gross


def _limit(tariff: dict[str, Any], name: str) -> tuple[Fraction | None, Fraction | None]:
    limit = tariff.get(name)
    if limit is None:
        return (None, None)
    if not isinstance(limit, dict):
        return (Fraction(limit), None)
    net, gross = limit.get("excl_vat", limit.get("before_taxes")), limit.get("incl_vat", limit.get("after_taxes"))
    if tariff.get("tax_included") == "N/A":
        net, gross = (gross if net is None else net), (net if gross is None else gross)
    return (None if net is None else Fraction(net), None if gross is None else Fraction(gross))


def _limited(
    own: Fraction | None, other: Fraction | None, limit: Fraction | None, other_limit: Fraction | None, is_minimum: bool
) -> Fraction | None:
    if own is None:
        return None
    if limit is not None:
        return max(own, limit) if is_minimum else min(own, limit)
    if other_limit is None:
        return own
    if other is None:
        return None
    if not (other < other_limit if is_minimum else other > other_limit):
        return own
    return None if other == 0 else other_limit * own / other
