"""Shows the shares of useful answers: in a terminal, and as the Markdown table that docs hold."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from model_foundry.measuring.usefulness.results import Results, Share, faults_in


def cell(share: Share | None) -> str:
    """``0.62 (0.47 to 0.75, n 40)``."""
    return f"{share.share:.2f} ({share.low:.2f} to {share.high:.2f}, n {share.count})" if share else ""


def rows_of(results: Sequence[Results]) -> list[list[str]]:
    """One row an agent and language, one a language, one for all; a column for each of ``results``."""
    by_agent = [one.by("agent", "language") for one in results]
    by_language = [one.by("language") for one in results]
    keys = sorted({key for shares in by_agent for key in shares})
    rows = [[*key, *(cell(shares.get(key)) for shares in by_agent)] for key in keys]
    languages = sorted({key for shares in by_language for key in shares})
    rows += [["all agents", *key, *(cell(shares.get(key)) for shares in by_language)] for key in languages]
    rows.append(["looped", "", *(f"{one.looped} of {len(one.judged)}" for one in results)])
    return rows


def heads(results: Sequence[Results]) -> list[str]:
    return ["agent", "language", *(f"{one.model}, {one.way}" for one in results)]


def as_markdown(results: Sequence[Results]) -> str:
    """The table, with the comparisons below it."""
    lines = [heads(results), ["---"] * (2 + len(results)), *rows_of(results)]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", *comparisons(results)])


def show(results: Sequence[Results], console: Console) -> None:
    table = Table(*heads(results))
    for row in rows_of(results):
        table.add_row(*row)
    console.print(table)
    for sentence in comparisons(results):
        console.print(sentence)
    for one in results:
        commonest = ", ".join(f"{fault} ({count})" for fault, count in faults_in(one.judged))
        console.print(f"{one.model}, {one.way}: {commonest or 'no faults'}")


def comparisons(results: Sequence[Results]) -> list[str]:
    """Agents against the plain prompt of the same model, paired, in a sentence each."""
    sentences = []
    for one in results:
        plain = next((r for r in results if r.model == one.model and (one.way, r.way) == ("agents", "plain")), None)
        found = one.against(plain) if plain else None
        if found:
            sentences.append(
                f"{one.model}: the agents are useful in {100 * found.difference:+.1f} points of the questions against "
                f"the plain prompt ({100 * found.interval.low:+.1f} to {100 * found.interval.high:+.1f}, "
                f"n {found.count}, p {found.p_value:.3f})."
            )
    return sentences
