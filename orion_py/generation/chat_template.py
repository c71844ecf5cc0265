"""Applies a model's chat template: defines the seam to jinja, and handles where templates differ.

Templates differ in what they take. Some raise for a system message (Gemma) or leave it out without a
word; some raise unless questions and answers alternate (Mistral). What the agent and the person said
has to reach the model all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orion_py.errors import InvalidManifest, OrionError
from orion_py.generation.template_features import refuse_unknown
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer

_QUESTION: ChatMessage = {"role": "user", "content": "orion-question"}
_ANSWER: ChatMessage = {"role": "assistant", "content": "orion-answer"}


class ChatTemplate(Protocol):
    @property
    def features(self) -> tuple[str, ...]:
        """What it uses, as ``template_features.refuse_unknown`` takes it."""

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """The text of ``messages``, with the assistant's turn opened. Raises OrionError where it can't take them."""


class TemplateFactory(Protocol):
    def __call__(self, template: str, bos_token: str, eos_token: str) -> ChatTemplate:
        """Raises UnsupportedModel where it can't be understood."""


def examine(template: ChatTemplate) -> None:
    """Returns if a conversation can be written with ``template``. Raises UnsupportedModel for a feature
    that isn't available here, InvalidManifest where it takes no question or leaves it out."""
    refuse_unknown(template.features)
    for conversation in ([_QUESTION], [_QUESTION, _ANSWER, _QUESTION]):
        try:
            text = template.render(conversation)
        except OrionError:
            raise
        except Exception as error:  # whatever a template's language raises
            raise InvalidManifest(f"chat template: {str(error)[:200]}", path="chat_template") from None
        if _QUESTION["content"] not in text:
            raise InvalidManifest("chat template: it leaves out the question", path="chat_template")


class SpokenFor:
    """A tokenizer whose template gets every message said: a system message that it refuses or leaves out
    stands at the start of the first question instead, as Gemma's authors advise, and turns of one role
    in a row become one where it wants them to alternate."""

    def __init__(self, inner: Tokenizer) -> None:
        self._inner = inner
        self.special_tokens = inner.special_tokens
        self.encode, self.decode = inner.encode, inner.decode

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """Raises InvalidManifest where the template takes the messages in no way."""
        system = [message["content"].strip() for message in messages if message["role"] == "system"]
        refused: Exception | None = None
        try:
            for attempt in (list(messages), _merged(messages), _folded(messages), _merged(_folded(messages))):
                try:
                    text = self._inner.render(attempt)
                except Exception as error:  # whatever a template's language raises
                    refused = refused or error
                    continue
                if all(said in text for said in system):
                    return text
            if isinstance(refused, OrionError):
                raise refused
            why = "it leaves out the system message" if refused is None else str(refused)[:200]
            raise InvalidManifest(f"chat template: {why}", path="chat_template") from refused
        finally:
            refused = None  # it knows this frame by its traceback, and would keep the tokenizer


def _folded(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """With what the system says before the first question; as a question of its own where there is none."""
    said = [message["content"] for message in messages if message["role"] == "system"]
    rest: list[ChatMessage] = [message for message in messages if message["role"] != "system"]
    if not said:
        return rest
    first = next((index for index, message in enumerate(rest) if message["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": "\n\n".join(said)}, *rest]
    rest[first] = {"role": "user", "content": "\n\n".join([*said, rest[first]["content"]])}
    return rest


def _merged(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    merged: list[ChatMessage] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            text = merged[-1]["content"] + "\n\n" + message["content"]
            merged[-1] = {"role": message["role"], "content": text}
        else:
            merged.append(message)
    return merged
