"""Builds all screening rules on first use, so that an import doesn't pay for them."""

from __future__ import annotations

from functools import cache

from orion_py.safety.rules import Rule
from orion_py.safety.rules_abuse import abuse_rules
from orion_py.safety.rules_injection import injection_rules


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule; a rule compiles its pattern when it is first searched for."""
    return (*injection_rules(), *abuse_rules())
