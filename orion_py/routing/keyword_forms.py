"""Recognises the form of a message: a question about a thing, an order to translate, quotes, code, another script.

``SYNTAX`` and ``SCRIPTS`` see the text as it was typed, all others folded text (``keyword_rules.py``).
"""

from __future__ import annotations

import re

ASKS_ABOUT = re.compile(
    r"^(?:what(?:'s| is| are| was| makes)|who|why|when|where|which|explain|is|are|do|does|did|how|qui|que|qu'est|quel|"
    r"quelle|"
    r"quels|quelles|pourquoi|explique|est-ce|c'est quoi|comment|can you (?:recommend|explain)|tu connais|do you know|"
    r"should|"
    r"i saw|i read|i love|j'ai (?:lu|vu)|i get|have you)\b"
)
"""A question about poems isn't an order for one."""

ASKS_AMOUNT = re.compile(
    r"\bhow (?:much|many|old|long|far|fast|tall)\b|\bwhen (?:do|will) they\b|\bwhat(?:'s| is| was| will)\b|"
    r"\bprice of\b|\bfind\b|"
    r"\bcombien\b|\bquel(?:le)?s?\b|\ba quelle heure\b|\bdans combien\b|\btrouve[rz]?\b|\bfigure out\b|\bj'aurai\b"
)

TRANSLATES = re.compile(
    r"\b(?:translat(?:e|ion)|traduis|traduire|traduisez|traduction|how (?:do|would|can) (?:you|i|we) say|"
    r"comment (?:dit-on|"
    r"on dit|dire)|que (?:veut dire|signifie)|what does)\b"
)
"""Then the text in quotes or after a colon is what to translate, and asks for nothing."""

QUOTES = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")

SYNTAX = re.compile(
    r"\bdef \w+\s*\(|\bfunction\s*\w*\s*\(|=>|[;{]\s*(?:\n|$)|#include|console\.log|^\s*(?:import|"
    r"from) \w+ ?(?:import|$|\n)"
    r"|</?(?:div|button|html|span|img|script|input|form|body|table|ul|li|style|a|p)\b[^>]*>|"
    r"[{;]\s*[\w-]+\s*:\s*[\w#\"']"
    r"|\bSELECT\b.+\bFROM\b|\bprint\(|\w\(\)|\b(?:for|while|if)\s*\(|\b[a-z]\w*\.[a-z]\w*\(|===?|!=|&&|\|\||\w\+\+|"
    r"\w\[\w+\]"
    r"|\b[A-Z]\w*(?:Error|Exception)\b|Traceback|\bERR_\w+|\bE[A-Z]{6,}\b|\s--[a-z]+-?[a-z]+\b|\$\w+ ?=|= ?\[|"
    r"\bpublic static\b"
    r"|\bint main\b|\w \| ?\w+ -\w|\b[a-z]+ -[a-z]{1,3} [\"'/.\w]",
    re.MULTILINE,
)
"""Code itself, an error's name or a command with options."""

SCRIPTS = re.compile(
    r"[\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Han, Hangul."""
