"""Prints the tables that a person reads."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench.figures import Outcome, Series, Target

NOISY = " [yellow]~[/]"


def show(outcome: Outcome, console: Console) -> None:
    """Prints one table of medians, one of targets, and the notes."""
    table = _medians(outcome)
    console.print(table)
    if outcome.targets:
        console.print(_targets(outcome.targets))
    for note in outcome.notes:
        console.print(f"  {note}", highlight=False)
    if any(series.noisy for contender in outcome.contenders for series in contender.series.values()):
        console.print("  [yellow]~[/] measured while other programs were busy: not to be quoted")
    console.print()


def _medians(outcome: Outcome) -> Table:
    """A row for each contender, or for each metric where there are more of these."""
    metrics = list(dict.fromkeys(metric for c in outcome.contenders for metric in c.series))
    units = {metric: c.series[metric].unit for c in outcome.contenders for metric in c.series}
    cells = {
        (contender.name, metric): cell(contender.series[metric]) if metric in contender.series else ""
        for contender in outcome.contenders
        for metric in metrics
    }
    names = [contender.name for contender in outcome.contenders]
    table = Table(title=f"{outcome.bench}: median (least to most)", title_justify="left")
    table.add_column("")
    if len(metrics) > len(names):
        for name in names:
            table.add_column(name, justify="right")
        for metric in metrics:
            table.add_row(f"{metric}, {units[metric]}", *(cells[name, metric] for name in names))
    else:
        for metric in metrics:
            table.add_column(f"{metric}\n{units[metric]}", justify="right")
        for name in names:
            table.add_row(name, *(cells[name, metric] for metric in metrics))
    return table


def cell(series: Series) -> str:
    """Like ``51.2 (50.1 to 52.0)``, with a mark if the machine was busy."""
    values = [sample.value for sample in series.used]
    spread = f" [dim]({number(min(values))} to {number(max(values))})[/]" if len(values) > 1 else ""
    return f"{number(series.median)}{spread}{NOISY if series.noisy else ''}"


def number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _targets(targets: list[Target]) -> Table:
    table = Table(title="targets", title_justify="left")
    for title in ("", "measured", "wanted", ""):
        table.add_column(title, justify="left" if not title else "right")
    for target in targets:
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[target.met]
        if target.noisy and verdict:
            verdict = "[yellow]unclear[/]"
        sign = "≥" if target.at_least else "≤"
        wanted = "" if target.wanted is None else f"{sign} {number(target.wanted)} {target.unit}"
        measured = f"{number(target.value)} {target.unit}{NOISY if target.noisy else ''}"
        table.add_row(target.title, measured, wanted, verdict)
    return table
