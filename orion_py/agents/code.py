"""Answers with code: in the language asked for, and always in a fence."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from orion_py.agents.base import Brief
from orion_py.agents.fences import FenceTransform
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.skills.developer import Developer
from orion_py.skills.examples import function_in

DEFAULT = "python"
SHORT_QUERY = 160
"""Characters up to which a request for code wants code and no essay."""

_LANGUAGES: dict[str, tuple[str, str]] = {
    "python": (r"python3?|django|flask|numpy|pandas", "py"),
    "javascript": (r"javascript|java script|node(?:\.?js)?|js|react", "js|mjs"),
    "typescript": (r"typescript|ts", "ts|tsx"),
    "java": (r"java(?! ?script)", "java"),
    "c": (r"(?:in|en|langage|language) c(?![+#])", "c|h"),
    "cpp": (r"c\+\+|cpp", "cpp|hpp"),
    "csharp": (r"c#|c sharp|csharp|dotnet", "cs|net"),
    "rust": ("rust", "rs"),
    "go": (r"golang|(?:in|en) go", "go"),
    "php": ("php", "php"),
    "ruby": ("ruby", "rb"),
    "swift": (r"(?:in|en) swift|swiftui", "swift"),
    "kotlin": ("kotlin", "kt"),
    "sql": (r"sql|sqlite|postgres\w*|mysql", "sql"),
    "bash": ("bash|shell script|script shell", "sh"),
    "powershell": ("powershell", "ps1"),
    "html": ("html5?", "html?"),
    "css": ("css", "css"),
    "r": ("(?:in|en|langage|language) r", "r"),
    "lua": ("lua", "lua"),
    "scala": ("scala", "scala"),
    "haskell": ("haskell", "hs"),
    "json": ("json(?! schema)", "json"),
    "yaml": ("ya?ml", "ya?ml"),
}
"""The fence's label to the names that people give a language, and the ends of its files."""
_NAMED = {
    label: re.compile(rf"(?<![\w.])(?:{names})(?!\w)|(?<=\w)\.(?:{ends})(?!\w)", re.IGNORECASE)
    for label, (names, ends) in _LANGUAGES.items()
}
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


_COMPLETES = re.compile(r"\b(?:complete|finish|fill in|compl[èée]te|termine)\w*\b", re.IGNORECASE)
_FUNCTION = re.compile(r"\b(?:function|fonction|method|méthode|def)\b", re.IGNORECASE)
_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def language_of(query: str) -> str:
    """The fence label of the programming language that ``query`` asks for; Python where it names
    none. Of several, the last is the one that is asked for ("from Java to Python")."""
    fenced = _FENCED.search(query)
    found = [(match.start(), label) for label, names in _NAMED.items() for match in names.finditer(query)]
    if found:
        return max(found)[1]
    return fenced[1].lower() if fenced else DEFAULT


def wants_only_code(query: str) -> bool:
    """A short request to write something, which asks for no explanation."""
    return len(query) <= SHORT_QUERY and bool(_WANTS_CODE.search(query)) and not _WANTS_WORDS.search(query)


def wants_function(query: str) -> bool:
    """A request for a Python function or class, which can be tried: no explanation, no other language."""
    asked = _CODE_BLOCK.sub(" ", query)
    wanted = _WANTS_CODE.search(asked) or _COMPLETES.search(asked)
    named = _FUNCTION.search(asked) or function_in(query)
    return bool(wanted and named and not _WANTS_WORDS.search(asked)) and language_of(query) == DEFAULT


class CodeAgent(RegisteredAgent):
    """Who only wants code gets it at once: the answer begins with the fence, and ends with it. A Python function is
    tried, and mended once."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        language, only_code = language_of(query), wants_only_code(query)
        french = french_or_english(query, locale).lower().startswith("fr")
        wish = (
            f"Écris le code en {language}, dans un bloc ```{language}."
            if french
            else f"Write the code in {language}, inside a ```{language} block."
        )
        prefix = f"```{language}\n" if only_code else ""
        transform = partial(FenceTransform, language, only_code)
        return replace(
            brief,
            system=f"{brief.system} {wish}",
            quotes=language not in _LANGUAGES,
            assistant_prefix=prefix,
            output_transform=transform,
            skill=Developer(prefix, transform) if wants_function(query) else None,
            notes={**brief.notes, "code_language": language},
        )
