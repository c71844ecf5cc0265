"""Summarises a text without turning its facts round.

The sentences that say most are chosen by the on-device encoder; the model shortens them as it streams. Where what it
says has a number, a name or a denial that they don't have, or the opposite of what they say, they stand themselves,
marked as an extract. A text longer than the model's context costs no more: only what is chosen is read by the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from orion_py.generation.sampling import SamplingWishes
from orion_py.senses.speaking.sentences import sentences
from orion_py.skills.base import Ask, Working
from orion_py.skills.extract import chosen
from orion_py.skills.facts import what_is_lost
from orion_py.skills.given_text import Wanted, summary_wanted

MOST_READ = 24
"""Sentences that the model reads: of a longer text those that say most."""
USUAL = 3
"""Sentences of a summary whose length nobody asked for, at most."""
MOST_EMBEDDED = 200
"""Sentences: more would take seconds on a small device; word counts choose among them."""
TOKENS_PER_SENTENCE = 60
_WORDS = {
    False: {
        "one": "Summarise this text in one short sentence.",
        "some": "Summarise this text in {count} short sentences.",
        "items": "List the {count} main points of this text, one short line each, beginning with “- ”.",
        "exactly": "Copy names and numbers exactly, add nothing:",
        "extract": "The text’s most important sentences, word for word:",
        "extract_one": "The text’s most important sentence, word for word:",
    },
    True: {
        "one": "Résume ce texte en une phrase courte.",
        "some": "Résume ce texte en {count} phrases courtes.",
        "items": "Donne les {count} points principaux de ce texte, une ligne courte chacun, qui commence par « - ».",
        "exactly": "Recopie exactement les noms et les nombres, n’ajoute rien :",
        "extract": "Les phrases les plus importantes du texte, mot pour mot :",
        "extract_one": "La phrase la plus importante du texte, mot pour mot :",
    },
}


async def summarise(working: Working) -> bool:
    """A ``skills.base.Skill``: declines where no text is to be summarised."""
    before = working.history[-1][1] if working.history else ""
    wanted = summary_wanted(working.query, before)
    return await Summary(wanted)(working) if wanted is not None else False


@dataclass(frozen=True, slots=True)
class Summary:
    """Summarises one text."""

    wanted: Wanted

    async def __call__(self, working: Working) -> bool:
        """As a ``skills.base.Skill``: declines a text that is too short."""
        lines = [part for line in self.wanted.text.splitlines() for part in sentences(line)]
        count = self._count(lines)
        if len(lines) < 2 or count >= len(lines):
            return False
        working.step("choosing")
        vectors = await working.embed(lines) if len(lines) <= MOST_EMBEDDED else None
        read = [lines[place] for place in chosen(lines, MOST_READ, vectors)]
        working.step("writing")
        words = _WORDS[working.french]
        kind = "items" if self.wanted.items else "one" if count == 1 else "some"
        before = working.shown
        said = await working.ask(
            Ask(
                f"{words[kind].format(count=count)} {words['exactly']}\n\n" + "\n".join(read),
                max_tokens=count * TOKENS_PER_SENTENCE,
                sampling=SamplingWishes(temperature=0.0),
                shown=True,
            )
        )
        if said.finish == "timeout":
            return True
        working.step("checking")
        why = self._fault(said.text, read, said.finish != "stop")
        working.note("summary", {"sentences": len(lines), "read": len(read), "why_extract": why})
        if why:
            best = [lines[place] for place in chosen(lines, count, vectors)]
            lead = words["extract_one" if count == 1 else "extract"]
            working.revise(before + lead + "\n\n" + "\n".join(f"> {line}\n>" for line in best).removesuffix("\n>"))
        return True

    def _count(self, lines: list[str]) -> int:
        """How many sentences the summary gets."""
        if self.wanted.sentences:
            return self.wanted.sentences
        if self.wanted.words:
            usual = max(1, sum(len(line.split()) for line in lines) // len(lines))
            return max(1, self.wanted.words // usual)
        return max(1, min(USUAL, len(lines) // 2))

    def _fault(self, text: str, read: list[str], cut: bool) -> str:
        said = [part for line in text.splitlines() for part in sentences(line.lstrip("-*• 0123456789.)"))]
        if not said:
            return "is empty"
        if cut:
            return "is cut off"
        if sum(len(one.split()) for one in said) >= len(self.wanted.text.split()):
            return "is no shorter"
        if self.wanted.words and sum(len(one.split()) for one in said) > self.wanted.words:
            return "is too long"
        return what_is_lost(said, sentences("\n".join(read)) or read)
