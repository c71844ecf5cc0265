"""A tokenizer.json as it lies in a model's folder, with what our tokenizer shards hold beside it."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.errors import InvalidManifest
from orion_py.generation.tokenizer import ChatMessage, Tokenizer, TokenizerFactory
from orion_py.loading.manifest import Manifest


def read_tokenizer(factory: TokenizerFactory, manifest: Manifest, definition: bytes) -> Tokenizer:
    """The tokenizer of ``manifest`` from its shard's bytes. Raises InvalidManifest."""
    if manifest.chat is None:
        return factory(definition)
    # Put together as text: such a file has tens of megabytes, and whoever reads it parses it anyway.
    # Our keys come last, so that no key it may smuggle in counts.
    rest = manifest.chat.model_dump_json().removeprefix("{")
    tokenizer = factory(b'{"tokenizer": ' + definition.strip() + b", " + rest.encode())
    return _WithoutSystem(tokenizer) if _refuses_system(tokenizer) else tokenizer


def _refuses_system(tokenizer: Tokenizer) -> bool:
    """Some templates, Gemma's among them, raise for a system message. Raises InvalidManifest where the
    template takes a question neither."""
    asks: ChatMessage = {"role": "user", "content": "a"}
    try:
        tokenizer.render([{"role": "system", "content": "b"}, asks])
    except Exception:  # whatever a template's language raises
        try:
            tokenizer.render([asks])
        except Exception as error:
            raise InvalidManifest(f"chat template: {str(error)[:200]}", path="chat_template") from None
        return True
    return False


class _WithoutSystem:
    """What the system says stands at the start of the first question instead, as Gemma's authors advise."""

    def __init__(self, inner: Tokenizer) -> None:
        self._inner = inner
        self.special_tokens = inner.special_tokens
        self.encode, self.decode = inner.encode, inner.decode

    def render(self, messages: Sequence[ChatMessage]) -> str:
        said = [m["content"] for m in messages if m["role"] == "system"]
        rest: list[ChatMessage] = [m for m in messages if m["role"] != "system"]
        if said and rest:
            rest[0] = {"role": rest[0]["role"], "content": "\n\n".join([*said, rest[0]["content"]])}
        return self._inner.render(rest)
