"""Evaluates a parameter for one tensor: scalars, gradients over layers, filters by name.

Semantics: mergekit's ``evaluate_setting`` and ``ConfigReader.parameter`` (mergekit/config.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model_foundry.merging.recipe import Conditional, Parameters, Setting


def evaluated(setting: Setting, tensor: str, position: float) -> float | None:
    """``setting`` for ``tensor`` at ``position`` (0 first layer of its slice, 1 last). None: nothing fits."""
    if isinstance(setting, (int, float)):
        return float(setting)
    conditions: list[Conditional] = []
    numbers: list[float] = []
    if isinstance(setting, Conditional):
        conditions = [setting]
    else:
        for item in setting:
            if isinstance(item, Conditional):
                conditions.append(item)
            else:
                numbers.append(item)
    if numbers:
        return _interpolated(numbers, position)
    for condition in conditions:
        if condition.filter is None or condition.filter == "*" or condition.filter in tensor:
            return evaluated(condition.value, tensor, position)
    return None


def first_value(scopes: Sequence[Parameters], name: str, tensor: str, position: float) -> float | None:
    """The value of the innermost scope that has one for ``tensor``; ``scopes`` are innermost first."""
    for scope in scopes:
        if name in scope:
            value = evaluated(scope[name], tensor, position)
            if value is not None:
                return value
    return None


def named_in(scopes: Sequence[Mapping[str, object]]) -> set[str]:
    return {name for scope in scopes for name in scope}


def _interpolated(gradient: Sequence[float], position: float) -> float:
    """Piecewise linear through ``gradient``, its values evenly spread over the layers."""
    scaled = position * (len(gradient) - 1)
    left = int(scaled)
    right = min(len(gradient) - 1, left + 1)
    share = scaled - left
    return (1 - share) * gradient[left] + share * gradient[right]
