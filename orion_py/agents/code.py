"""The agent that writes code: in the language asked for, and always in a fence."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from orion_py.agents.base import Brief
from orion_py.agents.fences import FenceShaper
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions

DEFAULT = "python"
SHORT_QUERY = 160
"""Characters up to which a request for code wants code and no essay."""

_LANGUAGES: dict[str, str] = {
    "python": r"python3?|\.py\b|django|flask|numpy|pandas",
    "javascript": r"javascript|java script|node(?:\.?js)?|js\b|\.js\b|react",
    "typescript": r"typescript|ts\b|\.ts\b",
    "java": r"java\b(?! ?script)|\.java\b",
    "c": r"(?:in|en|langage|language) c\b(?![+#])|\.c\b",
    "cpp": r"c\+\+|cpp\b",
    "csharp": r"c#|c sharp|csharp|dotnet|\.net\b",
    "rust": r"rust\b|\.rs\b",
    "go": r"golang|(?:in|en) go\b|\.go\b",
    "php": r"php\b",
    "ruby": r"ruby\b|\.rb\b",
    "swift": r"(?:in|en) swift\b|swiftui",
    "kotlin": r"kotlin\b",
    "sql": r"sql\b|sqlite|postgres\w*|mysql",
    "bash": r"bash\b|shell script|script shell|\.sh\b",
    "powershell": r"powershell",
    "html": r"html5?\b",
    "css": r"css\b",
    "r": r"(?:in|en|langage|language) r\b",
    "lua": r"lua\b",
    "scala": r"scala\b",
    "haskell": r"haskell",
    "json": r"json\b(?! schema)",
    "yaml": r"ya?ml\b",
}
_NAMED = {label: re.compile(rf"(?<![\w.])(?:{names})", re.IGNORECASE) for label, names in _LANGUAGES.items()}
_FENCED = re.compile(r"```([\w+#-]+)")
_WANTS_CODE = re.compile(
    r"\b(?:writ|creat|generat|implement|cod|give|show|make|add|convert|refactor|rewrite|build|sort|program"
    r"|[ée]cri[srtv]|cr[ée]e|g[ée]n[èée]re|impl[ée]mente|donne|montre|fais|ajoute|convertis|réécris|programme)\w*\b",
    re.IGNORECASE,
)
_WANTS_WORDS = re.compile(
    r"\b(?:explain|why|how does|what does|difference|describe|compare|debug|wrong|error|what is|which"
    r"|expli\w+|pourquoi|que fait|comment fonctionne|différence|décri\w+|compare|erreur|qu'est-ce|quelle?)\b",
    re.IGNORECASE,
)


def language_of(query: str) -> str:
    """The fence label of the programming language that ``query`` asks for; Python where it names
    none. Of several the one that is asked for ("from Java to Python") stands last."""
    fenced = _FENCED.search(query)
    found = [(match.start(), label) for label, names in _NAMED.items() for match in names.finditer(query)]
    if found:
        return max(found)[1]
    return fenced[1].lower() if fenced else DEFAULT


def wants_only_code(query: str) -> bool:
    """A short request to write something, which asks for no explanation."""
    return len(query) <= SHORT_QUERY and bool(_WANTS_CODE.search(query)) and not _WANTS_WORDS.search(query)


class CodeAgent(RegisteredAgent):
    """Who only wants code gets it at once: the answer begins with the fence, and ends with it."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        language, only_code = language_of(query), wants_only_code(query)
        french = french_or_english(query, locale).lower().startswith("fr")
        wish = (
            f"Écris le code en {language}, dans un bloc ```{language}."
            if french
            else f"Write the code in {language}, inside a ```{language} block."
        )
        return replace(
            brief,
            system=f"{brief.system} {wish}",
            opening=f"```{language}\n" if only_code else "",
            shaper=partial(FenceShaper, language, only_code),
            notes={**brief.notes, "code_language": language},
        )
