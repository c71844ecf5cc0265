"""Answers what the reports on pictures decide by themselves, quotes what was read, and says what can't be told.

No language model takes part: a number, a quotation or an absence comes from a detector, or the answer says that it
doesn't know. What needs a language model, such as translating a sign, is left to it with the report as evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from orion_py.senses.scenes.labels import Language, Name
from orion_py.senses.scenes.questions import Asked, asked
from orion_py.senses.scenes.receipts import Receipt, named_entries, receipt, shown_amount
from orion_py.senses.scenes.report import SceneReport, SeenObject, colour_name
from orion_py.senses.scenes.report import described as described_plainly
from orion_py.senses.scenes.verbatim import quoted, verbatim

MOST_QUOTED = 6000
"""Characters of a picture's text in an answer."""
_WORDS_READ, _SOMETHING_READ = re.compile(r"[^\W\d_]{2}"), re.compile(r"[^\W_]{2}")
"""What a language model can work on, and what it can answer from: a lone character may be anything that is round."""


def scene_answer(
    question: str, reports: Sequence[SceneReport], known: Sequence[Name], language: Language
) -> str | None:
    """The answer to ``question`` on the pictures of ``reports``; None: a language model has to give it. ``known``:
    what the object detector tells apart."""
    wanted = asked(question, known, language)
    if wanted.task or wanted.wish == "other":
        # Words are there to work on; of what isn't text a language model would only make things up.
        needed = _WORDS_READ if wanted.task else _SOMETHING_READ
        if any(needed.search(report.text) for report in reports):
            return None
        return _by_picture(reports, language, lambda report: _nothing_to_work_on(report, wanted, language))
    return _by_picture(reports, language, lambda report: _ANSWERS[wanted.wish](report, wanted, language))


def _nothing_to_work_on(report: SceneReport, wanted: Asked, language: Language) -> str:
    if not wanted.task:
        return _beyond(report, wanted, language)
    if report.text:
        return _say("no_words_for_task", language, verbatim(" ".join(report.text.split())), described(report, language))
    return _say("no_text_for_task", language, described(report, language))


def _by_picture(reports: Sequence[SceneReport], language: Language, answer: Callable[[SceneReport], str]) -> str:
    if len(reports) == 1:
        return answer(reports[0])
    return "\n\n".join(
        f"{_say('picture', language, number)}\n{answer(report)}" for number, report in enumerate(reports, 1)
    )


def _read(report: SceneReport, wanted: Asked, language: Language) -> str:
    unsure = [line.text for line in report.reading.unsure if line.text.strip()]
    also = f"\n\n{_say('doubtful', language, ' / '.join(map(verbatim, unsure)))}" if unsure else ""
    if not report.text:
        return _say("no_text", language) + also
    text = report.text
    cut = f"\n\n{_say('cut', language, MOST_QUOTED)}" if len(text) > MOST_QUOTED else ""
    return f"{_say('says', language)}\n\n{quoted(text[:MOST_QUOTED])}{cut}{also}"


def described(report: SceneReport, language: Language) -> str:
    return described_plainly(report, language, verbatim)


def _count(report: SceneReport, wanted: Asked, language: Language) -> str:
    match wanted.subject:
        case "words":
            return _say("words", language, len(report.text.split()))
        case "lines" | "text":
            return _say("lines", language, len(report.reading.lines))
        case "objects":
            return described(report, language)
        case "unknown":
            return _say("unknown_kind", language, described(report, language))
    answers = [_counted(report, kind, language) for kind in wanted.kinds]
    if wanted.coloured:  # how many are of one colour is for who reads it to say
        answers += [text for kind in wanted.kinds for text in _colours_of(report, kind, language)]
    if wanted.subject == "people":
        answers.append(_say("people_only", language))
    return "\n".join(answers)


def _of(objects: Sequence[SeenObject], kind: Name) -> list[SeenObject]:
    return [seen for seen in objects if seen.name == kind]


def _counted(report: SceneReport, kind: Name, language: Language) -> str:
    sure, unsure = len(_of(report.objects, kind)), len(_of(report.unsure_objects, kind))
    if not sure and not unsure:
        return _say("none", language, kind.one(language))
    if not sure:
        return _say("only_unsure", language, kind.counted(unsure, language))
    text = _say("found", language, kind.counted(sure, language))
    return f"{text} {_say('more', language, unsure)}" if unsure else text


def _presence(report: SceneReport, wanted: Asked, language: Language) -> str:
    if wanted.subject in ("text", "lines", "words"):
        return _read(report, wanted, language)
    return _count(report, wanted, language)


def _place(report: SceneReport, wanted: Asked, language: Language) -> str:
    if wanted.subject == "unknown":
        return _say("beyond", language, described(report, language))
    lines = []
    for kind in wanted.kinds:
        seen = _of(report.objects, kind)
        places = ", ".join(_where(one, report, language) for one in seen)
        lines.append(
            _say("placed", language, kind.counted(len(seen), language), places)
            if seen
            else _counted(report, kind, language)
        )
    return "\n".join(lines) if lines else described(report, language)


def _where(seen: SeenObject, report: SceneReport, language: Language) -> str:
    left, top, right, bottom = seen.box
    column = min(2, int((left + right) / 2 / report.width * 3))
    row = min(2, int((top + bottom) / 2 / report.height * 3))
    return _PLACES[language][row][column]


def _colour(report: SceneReport, wanted: Asked, language: Language) -> str:
    if wanted.kinds:
        told = [
            text
            for kind in wanted.kinds
            for text in _colours_of(report, kind, language) or [_counted(report, kind, language)]
        ]
        return "\n".join(told)
    shares = ", ".join(f"{colour_name(name, language)} ({share * 100:.0f} %)" for name, share in report.colours)
    return _say("colours", language, shares)


def _colours_of(report: SceneReport, kind: Name, language: Language) -> list[str]:
    """A sentence for each one of ``kind`` that was found."""
    return [
        _say("object_colour", language, kind.one(language), colour_name(seen.colour, language))
        for seen in _of(report.objects, kind)
    ]


def _code(report: SceneReport, wanted: Asked, language: Language) -> str:
    if not report.codes:
        return _say("no_code", language)
    return "\n\n".join(_say("code", language, code.kind, _content(code.text)) for code in report.codes)


def _content(text: str) -> str:
    """Of a code, as it stands there: whoever made it decides what is in it."""
    return verbatim(text) if len(text.splitlines()) < 2 else f"\n\n{quoted(text)}"


def _total(report: SceneReport, wanted: Asked, language: Language) -> str:
    found = receipt(report.reading.rows)
    if found is None:
        return _say("no_amount", language, described(report, language))
    named = named_entries(found, wanted.plain)
    if named:
        amounts = [(entry, shown_amount(entry.amount, found.currency, language == "fr")) for entry in named]
        return "\n".join(_say("price", language, amount, verbatim(entry.text)) for entry, amount in amounts)
    return total_answer(found, language)


def total_answer(found: Receipt, language: Language) -> str:
    """The total that a bill names, quoted; else what its amounts come to."""
    french = language == "fr"
    summed = shown_amount(found.items_sum, found.currency, french)
    if found.total is None:
        count = len(found.items)
        return _say("no_total", language, count, summed) if count else _say("no_total_no_items", language)
    total = shown_amount(found.total.amount, found.currency, french)
    text = _say("total", language, total, verbatim(found.total.text))
    if len(found.items) < 2:
        return text
    taxed = found.items_sum + sum(tax.amount for tax in found.taxes)
    if found.total.amount in (found.items_sum, taxed):
        return f"{text}\n{_say('agrees', language, len(found.items))}"
    return f"{text}\n{_say('differs', language, len(found.items), summed)}"


def _describe(report: SceneReport, wanted: Asked, language: Language) -> str:
    text = f"\n\n{_say('says', language)}\n\n{quoted(report.text[:MOST_QUOTED])}" if report.text else ""
    return described(report, language) + text


def _beyond(report: SceneReport, wanted: Asked, language: Language) -> str:
    return _say("beyond", language, described(report, language))


_ANSWERS: dict[str, Callable[[SceneReport, Asked, Language], str]] = {
    "total": _total,
    "code": _code,
    "count": _count,
    "presence": _presence,
    "place": _place,
    "colour": _colour,
    "read": _read,
    "describe": _describe,
    "beyond": _beyond,
}
_PLACES: dict[Language, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("at the top left", "at the top", "at the top right"),
        ("on the left", "in the middle", "on the right"),
        ("at the bottom left", "at the bottom", "at the bottom right"),
    ),
    "fr": (
        ("en haut à gauche", "en haut", "en haut à droite"),
        ("à gauche", "au milieu", "à droite"),
        ("en bas à gauche", "en bas", "en bas à droite"),
    ),
}


def _say(key: str, language: Language, *values: object) -> str:
    return _WORDS[key][language == "fr"].format(*values)


_WORDS: dict[str, tuple[str, str]] = {
    "picture": ("**Picture {}**", "**Image {}**"),
    "says": ("It says:", "On y lit :"),
    "no_text": ("I can't read any text in this picture.", "Je ne lis aucun texte dans cette image."),
    "doubtful": (
        "I'm not sure of this part, and may have misread it: {}",
        "Je ne suis pas sûr de cette partie, que j'ai peut-être mal lue : {}",
    ),
    "cut": ("(That is the beginning, {} characters.)", "(C'est le début, {} caractères.)"),
    "no_text_for_task": (
        "I can't read any text in this picture, so there is nothing to work on.\n{}",
        "Je ne lis aucun texte dans cette image : il n'y a rien à traiter.\n{}",
    ),
    "no_words_for_task": (
        "All that I read in this picture is “{}”, so there are no words to work on.\n{}",
        "Tout ce que je lis dans cette image est « {} » : il n'y a pas de mots à traiter.\n{}",
    ),
    "beyond": (
        "I can't tell that from the picture. What I can say of it:\n{}",
        "L'image ne me permet pas de le dire. Ce que je peux en dire :\n{}",
    ),
    "words": ("I read {} words.", "Je lis {} mots."),
    "lines": ("I read {} lines of text.", "Je lis {} lignes de texte."),
    "unknown_kind": (
        "I can't count that: it isn't among the things that I recognize.\n{}",
        "Je ne peux pas le compter : cela ne fait pas partie de ce que je reconnais.\n{}",
    ),
    "people_only": (
        "I recognize people, but can't tell who they are: neither their sex nor their age.",
        "Je reconnais des personnes, mais je ne sais pas qui elles sont : ni leur sexe, ni leur âge.",
    ),
    "none": (
        "I found none of this kind in the picture: {}. One that is small or half hidden may have escaped me.",
        "Je n'en ai trouvé aucun exemple dans l'image : {}. Ce qui est petit ou à demi caché a pu m'échapper.",
    ),
    "only_unsure": ("Perhaps {}, but I'm not sure.", "Peut-être {}, mais je n'en suis pas sûr."),
    "found": ("I found {}.", "J'ai trouvé {}."),
    "more": ("Perhaps there are {} more; I'm not sure.", "Il y en a peut-être {} de plus ; je n'en suis pas sûr."),
    "placed": ("{}: {}.", "{} : {}."),
    "object_colour": ("The place of the {} is mostly {}.", "À l'endroit de l'objet « {} », c'est surtout du {}."),
    "colours": ("The main colours of the picture: {}.", "Les couleurs principales de l'image : {}."),
    "code": ("The {} contains: {}", "Le code {} contient : {}"),
    "no_code": ("I found no QR code and no bar code.", "Je n'ai trouvé ni code QR ni code-barres."),
    "no_amount": (
        "I read no amount in this picture, so I can't tell a total.\n{}",
        "Je ne lis aucun montant dans cette image : je ne peux donc pas donner de total.\n{}",
    ),
    "no_total": (
        "No total is printed that I could read. The {} amounts that I read come to {}.",
        "Je ne lis aucun total. Les {} montants que je lis font {}.",
    ),
    "no_total_no_items": (
        "There are amounts, but I can't tell which of them is a total.",
        "Il y a des montants, mais je ne sais pas lequel est un total.",
    ),
    "price": ("{}. I read it here: “{}”.", "{}. Je le lis ici : « {} »."),
    "total": ("The total is {}. I read it here: “{}”.", "Le total est de {}. Je le lis ici : « {} »."),
    "agrees": (
        "The {} lines above it add up to the same.",
        "Les {} lignes au-dessus donnent le même résultat.",
    ),
    "differs": (
        "The {} lines that I read above it add up to {}: I may have missed or misread one.",
        "Les {} lignes que je lis au-dessus font {} : j'en ai peut-être manqué ou mal lu une.",
    ),
}
