"""Writes a letter or an e-mail that is ready to send: greeted, signed, with the numbers that it was told.

A small model greets the sender, signs with somebody else's name and leaves "[Your Name]" to be filled in. So the
greeting and the signature are read from the request and written here; the model writes the subject and what is
between, by an example. What loses a number of the request or makes one up is drawn once more, and the better one stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orion_py.generation.sampling import SamplingWishes
from orion_py.skills.base import Ask, Said, Working
from orion_py.skills.facts import numbers, words
from orion_py.skills.letter_wanted import Letter
from orion_py.skills.letter_words import EXAMPLES, OF_EXAMPLES, SYSTEM, closing, greeting

BODY_TOKENS, SUBJECT_TOKENS = 220, 24
WARM = SamplingWishes(temperature=0.3, top_p=0.9, repetition_penalty=1.05)
FREELY = SamplingWishes(temperature=0.7, top_p=0.95, repetition_penalty=1.05)
_CLOSINGS = (
    "\nKind regards", "\nBest regards", "\nRegards", "\nYours", "\nSincerely", "\nBest wishes", "\nWarm regards",
    "\nWarmest", "\nMany thanks,", "\nThank you,", "\nWith love", "\nLove,", "\nCordialement", "\nBien à vous",
    "\nBien cordialement", "\nAmicalement", "\nSincères", "\nRespectueusement", "\nBisous", "\nDear ", "\nSubject:",
    "\nObjet", "[",
)  # fmt: skip
"""Where the model would begin to close, or to leave something to be filled in."""
_LAST_SENTENCE = re.compile(r"(?s)^(.*[.!?…»”\"])")


@dataclass(frozen=True, slots=True)
class WriteLetter:
    """Writes one letter."""

    wanted: Letter

    async def __call__(self, working: Working) -> bool:
        """As a ``skills.base.Skill``: answers every question."""
        french, wanted = working.french, self.wanted
        head = ""
        if wanted.email:
            label = "Objet :" if french else "Subject:"
            said = await self._asked(working, label, ("\n",), SUBJECT_TOKENS, WARM)
            if said.finish == "timeout":
                return True
            subject = said.text.removeprefix(label).split("\n")[0].strip()
            head = f"{label} {subject}\n\n"
            working.revise(head)
        head += greeting(wanted.recipient, wanted.email, french) + "\n\n"
        said = await self._asked(working, head, _CLOSINGS, BODY_TOKENS, WARM, resumes=wanted.email)
        if said.finish == "timeout":
            return True
        body = _body(said.text, head)
        faults = self._faults(working.query, body, french)
        if faults:
            working.step("checking")
            again = await self._asked(working, head, _CLOSINGS, BODY_TOKENS, FREELY, hidden=True)
            other = _body(again.text, head)
            if again.finish != "timeout" and len(self._faults(working.query, other, french)) < len(faults):
                body, faults = other, self._faults(working.query, other, french)
        working.note("letter", {"to": wanted.recipient, "from": wanted.sender, "faults": faults})
        working.revise(f"{head}{body}\n\n{closing(wanted.sender, wanted.recipient, french)}")
        return True

    async def _asked(
        self,
        working: Working,
        prefix: str,
        stops: tuple[str, ...],
        most: int,
        sampling: SamplingWishes,
        *,
        resumes: bool = False,
        hidden: bool = False,
    ) -> Said:
        return await working.ask(
            Ask(
                working.query,
                system=SYSTEM[working.french],
                max_tokens=most,
                sampling=sampling,
                attempt=int(hidden),
                prefix=prefix,
                stops=stops,
                examples=EXAMPLES[working.french][self.wanted.email],
                shown=not hidden,
                resumes=resumes and not hidden,
            )
        )

    def _faults(self, query: str, body: str, french: bool) -> list[str]:
        """What the body has lost of the request's numbers, what it makes up or copies from the examples; "short" for
        a body without matter."""
        said, told = numbers(body), numbers(query)
        found = [f"lost {number}" for number in sorted(told - said)] + [f"made up {n}" for n in sorted(said - told)]
        found += [f"copied {word}" for word in sorted(OF_EXAMPLES[french] & words(body) - words(query))]
        return [*found, *(["short"] if len(body.split()) < 8 else [])]


def _body(text: str, head: str) -> str:
    """What stands between the greeting and the close, up to its last whole sentence."""
    body = text.removeprefix(head).strip()
    whole = _LAST_SENTENCE.match(body)
    return whole[1].strip() if whole else body
