"""Reads a tokenizer.json from a model's folder as if it were one of our tokenizer shards."""

from __future__ import annotations

from orion_py.errors import InvalidManifest
from orion_py.generation.chat_template import SpokenFor
from orion_py.generation.pictured_template import SeeingTokenizer
from orion_py.manifest.manifest import Manifest
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer, TokenizerFactory

MAX_ENDS = 16


def read_tokenizer(factory: TokenizerFactory, manifest: Manifest, definition: bytes) -> Tokenizer:
    """The tokenizer of ``manifest`` from its shard's bytes, every message of a conversation said whatever
    its template takes (``SpokenFor``). Raises InvalidManifest, also where it takes no question."""
    if manifest.chat is not None:
        # Put together as text: such a file has tens of megabytes, and its reader parses it anyway.
        # Our keys come last, so that no key it may smuggle in counts.
        rest = manifest.chat.model_dump_json().removeprefix("{")
        definition = b'{"tokenizer": ' + definition.strip() + b", " + rest.encode()
    tokenizer = factory(definition)
    if manifest.sight is not None:
        tokenizer = SeeingTokenizer(tokenizer, manifest.sight.token)
    question: ChatMessage = {"role": "user", "content": "a"}
    try:
        tokenizer.render([question])
    except InvalidManifest:
        raise
    except Exception as error:  # whatever a template's language raises
        raise InvalidManifest(f"chat template: {str(error)[:200]}", path="chat_template") from None
    return SpokenFor(tokenizer)


def with_named_end(manifest: Manifest, tokenizer: Tokenizer) -> Manifest:
    """``manifest`` with the token that its chat format calls the end among those that end a turn. Folders
    that were added by engines that didn't look it up lack it."""
    end = manifest.chat.eos_token if manifest.chat is not None else ""
    if end not in tokenizer.special_tokens:
        return manifest
    ids = tokenizer.encode(end)
    if len(ids) != 1 or ids[0] in manifest.eos_tokens or len(manifest.eos_tokens) >= MAX_ENDS:
        return manifest
    return manifest.model_copy(update={"eos_tokens": (*manifest.eos_tokens, ids[0])})
