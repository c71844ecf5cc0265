"""Every error that the foundry raises on purpose.

FoundryError
├── MalformedGguf           truncated, hostile or contradicting itself
├── UnknownArchitecture     a model family that has no importer here
├── UnknownQuantization     a block format that has no decoder here
├── UnknownTokenizer        a tokenizer or pre-tokenizer type that can't be rebuilt
├── WrongSource             not the file that the recipe names
├── UnknownRecipe
├── MalformedEncoder        the router's encoder isn't what it should be
├── MalformedRows           a file of routing examples that can't be read
├── InexactScale           an equalization that float16 can't express without a loss
├── MalformedMerge          a merge recipe that can't be read, or names what isn't known here
├── MalformedFolder         a Hugging Face folder that is damaged, hostile or incomplete
├── IncompatibleParents     models that can't be merged, with the exact difference
└── NotBuilt                a built model that was asked for isn't there, or is incomplete
"""

from __future__ import annotations


class FoundryError(Exception):
    """Base of all. The message says what is wrong, in one sentence."""


class MalformedGguf(FoundryError):
    pass


class UnknownArchitecture(FoundryError):
    pass


class UnknownQuantization(FoundryError):
    pass


class UnknownTokenizer(FoundryError):
    pass


class WrongSource(FoundryError):
    pass


class UnknownRecipe(FoundryError):
    pass


class InexactScale(FoundryError):
    pass


class NotBuilt(FoundryError):
    pass


class MalformedEncoder(FoundryError):
    pass


class MalformedRows(FoundryError):
    pass


class MalformedMerge(FoundryError):
    pass


class MalformedFolder(FoundryError):
    pass


class IncompatibleParents(FoundryError):
    pass
