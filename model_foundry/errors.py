"""Defines every error that the foundry raises on purpose.

FoundryError
├── MalformedGguf           truncated, hostile or contradicting itself
├── MalformedSafetensors    the same, for a safetensors file
├── MalformedFolder         the same, for a model folder's JSON files, or what doesn't fit its config
├── MalformedGraph          the same, for another format's graph, or an operation in it that isn't known here
├── MalformedOnnx           the same, for an ONNX file or its external data
├── UnsafePickle            a file that runs code when it is read; it isn't
├── UnknownArchitecture     a model family that has no importer here
├── UnknownQuantization     a block format that has no decoder here
├── UnknownTokenizer        a tokenizer or pre-tokenizer type that can't be rebuilt
├── WrongSource             not the file that the recipe names
├── UnknownRecipe
├── MalformedEncoder        the router's encoder isn't what it should be
├── MalformedRows           a file of routing examples that can't be read
├── InexactScale           an equalization that float16 can't express without a loss
├── NotBuilt                a built model that was asked for isn't there, or is incomplete
├── UnknownScheme           a way to quantize, or an override, that isn't written right
├── UnknownSource           what a build was to start from is none of the things that it can
├── UnquantizableMatrix     a matrix that can't be cut into blocks or held by float16
├── UnknownLayout           a number or a size of shards that the model can't have
├── UnknownVersion          a version of a built model that isn't there, or can't be dropped
├── EvaluationFailed        a task's data, or an outside program that answers, isn't what it should be
├── MalformedMerge          a merge recipe that can't be read, or names what isn't known here
└── IncompatibleParents     models that can't be merged, with the exact difference
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


class MalformedSafetensors(FoundryError):
    pass


class MalformedMerge(FoundryError):
    pass


class MalformedFolder(FoundryError):
    pass


class MalformedGraph(FoundryError):
    pass


class MalformedOnnx(FoundryError):
    pass


class UnsafePickle(FoundryError):
    pass


class UnknownScheme(FoundryError):
    pass


class UnquantizableMatrix(FoundryError):
    pass


class UnknownLayout(FoundryError):
    pass


class UnknownVersion(FoundryError):
    pass


class UnknownSource(FoundryError):
    pass


class EvaluationFailed(FoundryError):
    pass


class IncompatibleParents(FoundryError):
    pass
