"""Ears for tests: speech is whatever is loud, and what is said in it was written before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from orion_py.runtime.graphs import Tensor
from orion_py.senses.hearing.decoding import Whisper
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.tokens import WhisperTokens
from orion_py.senses.hearing.transcriber import Ears

LANGUAGES = ("en", "fr", "de")


def tiny_tokens() -> WhisperTokens:
    """A token for each printable ASCII character, then the controls, then the times."""
    return WhisperTokens(*tiny_files())


def tiny_files() -> tuple[bytes, bytes]:
    letters = {chr(byte): index for index, byte in enumerate(range(0x21, 0x7F))}
    letters["Ġ"] = len(letters)  # a space, in GPT-2's table
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
    names += ["<|transcribe|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    ids = {name: len(letters) + index for index, name in enumerate(names)}
    added = [{"id": at, "content": name} for name, at in ids.items()]
    languages = {code: ids[f"<|{code}|>"] for code in LANGUAGES}
    rules = {"languages": languages, "suppress": [letters["#"]], "suppress_first": [letters["Ġ"], ids["<|endoftext|>"]]}
    vocabulary = {"model": {"vocab": letters}, "added_tokens": added}
    return json.dumps(vocabulary).encode(), json.dumps(rules).encode()


def ids_of(tokens: WhisperTokens, text: str) -> list[int]:
    """The tokens of ``text``; <1.20> is a time."""
    found: list[int] = []
    rest = text
    while rest:
        if rest[0] == "<" and ">" in rest:
            mark, _, rest = rest[1:].partition(">")
            found.append(tokens.times + round(float(mark) / 0.02))
        else:
            found.append(next(at for at in range(tokens.end) if tokens.text([at]) == rest[0]))
            rest = rest[1:]
    return found


@dataclass
class Voices:
    """A VAD: a frame is speech where it is loud. It counts what is carried from call to call."""

    calls: int = 0
    states: list[float] = field(default_factory=list)

    async def run(self, inputs: Mapping[str, Tensor], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        self.calls += 1
        frames, state = inputs["frames"], inputs["state"]
        assert frames.shape[1] == 576
        assert frames.flags.c_contiguous
        self.states.append(float(state[0, 0, 0]))
        loud = np.abs(frames[:, 64:]).mean(axis=1) > 0.01
        return {"speech": loud.astype(np.float32) * 0.9, "new_state": state + np.float32(len(frames))}

    async def reset(self) -> None:
        raise AssertionError("its state goes with each call")


@dataclass
class Encoder:
    mels: list[tuple[int, ...]] = field(default_factory=list)

    async def run(self, inputs: Mapping[str, Tensor], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        assert want == [], "what it heard is handed on, not given back"
        self.mels.append(inputs["mel"].shape)
        return {}

    async def reset(self) -> None: ...


@dataclass
class Decoder:
    """``says``: of the attempt with this number the text, its language, how sure it is (the logit above the others),
    and the probability of no speech."""

    tokens: WhisperTokens
    says: Callable[[int], tuple[str, str, float, float]]
    attempts: int = 0
    prompts: list[list[int]] = field(default_factory=list)
    _seen: list[int] = field(default_factory=list)
    _script: list[int] = field(default_factory=list)

    async def reset(self) -> None:
        self._seen = []
        self.attempts += 1

    async def run(self, inputs: Mapping[str, Tensor], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        assert want == ["logits"]
        text, language, sure, no_speech = self.says(self.attempts - 1)
        new = [int(token) for token in inputs["tokens"][0]]
        tokens = self.tokens
        logits = np.zeros(tokens.times + 1501, np.float32)
        if tokens.start in new:
            self.prompts.append(new)
            logits[tokens.languages[language]] = 5
            others = float(np.exp(logits).sum()) - 1
            logits[tokens.no_speech] = np.log(no_speech / (1 - no_speech) * others) if no_speech else -50
            self._script = ids_of(tokens, text)
            return {"logits": logits[None]}
        self._seen += new
        said = len(self._seen) - 2  # after the language and the task
        logits[self._script[said] if said < len(self._script) else tokens.end] = sure
        return {"logits": logits[None]}


def ears_that_hear(*said: str, language: str = "en", no_speech: float = 0.0) -> Ears:
    """Each window is what ``said`` has next; the last of it again and again."""
    tokens = tiny_tokens()

    def says(attempt: int) -> tuple[str, str, float, float]:
        return said[min(attempt, len(said) - 1)], language, 20.0, no_speech

    return Ears(Whisper(Encoder(), Decoder(tokens, says), tokens, lambda: 0.5), Voices())


def sound(*parts: tuple[str, float]) -> Samples:
    """Of ("speech", seconds) and ("silence", seconds)."""
    pieces = []
    for kind, seconds in parts:
        at = np.arange(round(seconds * RATE)) / RATE
        pieces.append(0.3 * np.sin(2 * np.pi * 220 * at) if kind == "speech" else np.zeros(len(at)))
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)
