"""Answers questions on pictures from what was seen in them."""

from __future__ import annotations

from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.senses.scenes.answers import scene_answer
from orion_py.senses.scenes.labels import Language
from orion_py.senses.scenes.questions import asked
from orion_py.senses.scenes.report import MAX_EVIDENCE_CHARS, as_data, evidence
from orion_py.senses.scenes.sight import Scenes

_ATTACH: dict[Language, str] = {
    "en": "Attach the picture that you mean, and ask again: I can't see any yet.",
    "fr": "Joignez l'image dont vous parlez et posez la question de nouveau : je n'en vois pas encore.",
}
_PICTURE: dict[Language, str] = {"en": "Picture {}:", "fr": "Image {} :"}
_TASK: dict[Language, str] = {
    "en": "{evidence}\n\n"
    "Answer from this alone, and quote what you use; if it isn't in there, say that you can't tell.\n{question}",
    "fr": "{evidence}\n\n"
    "Réponds seulement d'après cela, en citant ce que tu utilises ; si ce n'y est pas, dis que tu ne peux pas le "
    "savoir.\n{question}",
}

_BESIDE: dict[Language, str] = {
    "en": "{question}\n\nWhat detectors found in it, which may help:\n{evidence}",
    "fr": "{question}\n\nCe que des détecteurs y ont trouvé, qui peut aider :\n{evidence}",
}


def spoken(query: str, locale: str) -> Language:
    """The language of an answer."""
    return "fr" if french_or_english(query, locale).lower().startswith("fr") else "en"


class VisionAgent(RegisteredAgent):
    """A model that sees answers from the picture itself, with the detectors' report beside it. Where there is none,
    what the detectors decide is answered without a model, and a model works on the text that was read, with the report
    as evidence in its prompt. A question without a picture gets none of this: it asks for the picture."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await RegisteredAgent.prepare(self, query, locale, options)
        if options.images:  # its own model sees them
            return brief
        return replace(brief, assistant_prefix=_ATTACH[spoken(query, locale)], answered_by="engine")

    async def prepare_seen(
        self, query: str, locale: str, options: InferOptions, scenes: Scenes, model_sees: bool = False
    ) -> Brief:
        """As ``prepare``, for a question on pictures."""
        language = spoken(query, locale)
        brief = await RegisteredAgent.prepare(self, query, locale, options)
        notes = {**brief.notes, "scenes": [as_data(report, language) for report in scenes.reports]}
        if model_sees:
            beside = _BESIDE[language].format(question=query, evidence=_evidence(scenes, language))
            # ``asked`` is for a model that steps in without seeing.
            return replace(brief, asked=with_evidence(query, scenes, language), asked_beside=beside, notes=notes)
        answer = scene_answer(query, scenes.reports, scenes.known, language)
        if answer is not None:
            return replace(brief, assistant_prefix=answer, answered_by="engine", notes=notes)
        return replace(brief, asked=with_evidence(query, scenes, language), notes=notes)


def with_evidence(query: str, scenes: Scenes, language: Language) -> str:
    """What a model is asked in place of ``query``. Work on the text, such as a translation, gets the text alone: a
    small model would work on the rest, too."""
    if asked(query, scenes.known, language).task:
        texts = "\n\n".join(report.text[:MAX_EVIDENCE_CHARS] for report in scenes.reports if report.text)
        return f"{query}\n\n{texts}"
    return _TASK[language].format(evidence=_evidence(scenes, language), question=query)


def _evidence(scenes: Scenes, language: Language) -> str:
    """The reports, numbered where there are several."""
    found = [evidence(report, language) for report in scenes.reports]
    if len(found) > 1:
        found = [f"{_PICTURE[language].format(number)}\n{text}" for number, text in enumerate(found, 1)]
    return "\n\n".join(found)
