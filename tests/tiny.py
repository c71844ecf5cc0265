"""A tiny model for tests: real shards with real hashes, a scripted tongue instead of weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from orion_py.errors import DownloadFailed
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.ports import Ports
from orion_py.protocol import Event
from orion_py.runtime.base import Device
from orion_py.runtime.scripted import ScriptedRuntime
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.storage.memory import MemoryShardStore
from orion_py.storage.memory_settings import MemorySettings

EOS = 0
VOCAB = 64


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


GRAPH = b"prefill and decode graph"
GPU_GRAPH = b"graph for the gpu"
TOKENIZER = b'{"tokenizer": {}}'
WEIGHTS = [bytes([n]) * 64 for n in range(1, 4)]
FILES = [GRAPH, GPU_GRAPH, TOKENIZER, *WEIGHTS]
BASE = "models/"
REMOTE = {f"{BASE}shards/{sha(data)}": data for data in FILES}


def url(data: bytes) -> str:
    return f"{BASE}shards/{sha(data)}"


def manifest_json(**changes: Any) -> str:
    weights = [
        {"sha256": sha(data), "size": len(data), "role": "layers", "priority": 10 + n, "layers": [n, n + 1]}
        for n, data in enumerate(WEIGHTS)
    ]
    graph = {"graph": sha(GRAPH), "kv": "grow"}
    gpu = {"graph": sha(GPU_GRAPH), "kv": "inplace"}
    manifest: dict[str, Any] = {
        "format": 1,
        "model": "tiny",
        "version": "1.0.0",
        "licence": "Apache-2.0",
        "source": {"name": "tiny", "file": "tiny.gguf", "sha256": "0" * 64, "revision": "1"},
        "recipe": {"name": "test", "tool": "test"},
        "seed": 0,
        "architecture": {
            "family": "llama",
            "layers": 3,
            "hidden_size": 8,
            "heads": 2,
            "kv_heads": 1,
            "head_dim": 4,
            "ffn_size": 16,
            "vocab_size": VOCAB,
            "context_length": 256,
            "rope_theta": 10000.0,
            "norm_epsilon": 1e-5,
            "tied_embeddings": True,
        },
        "eos_tokens": [EOS],
        "tokenizer": sha(TOKENIZER),
        "shards": [
            {"sha256": sha(GRAPH), "size": len(GRAPH), "role": "graph", "priority": 0},
            {"sha256": sha(GPU_GRAPH), "size": len(GPU_GRAPH), "role": "graph", "priority": 0},
            {"sha256": sha(TOKENIZER), "size": len(TOKENIZER), "role": "tokenizer", "priority": 1},
            *weights,
        ],
        "variants": [
            {"id": "wasm", "backend": "wasm", "exact": False, "prefill": graph, "decode": graph, "tolerance_kl": 0.05},
            {"id": "webgpu", "backend": "webgpu", "exact": True, "prefill": gpu, "decode": gpu, "tolerance_kl": 0.05},
        ],
        "golden": [],
    }
    return json.dumps(manifest | changes)


def manifest(**changes: Any) -> Manifest:
    return parse_manifest(manifest_json(**changes))


class LetterTokenizer:
    """A token per character: 1 is "a", 26 is "z", 27 a space; 28 to 30 open a turn."""

    special_tokens: tuple[str, ...] = ("<system>", "<user>", "<assistant>", "<end>")
    _ROLES: ClassVar = {"<system>": 28, "<user>": 29, "<assistant>": 30, "<end>": EOS}

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            special = next((s for s in self.special_tokens if text.startswith(s)), None)
            if special:
                ids.append(self._ROLES[special])
                text = text[len(special) :]
                continue
            letter = text[0].lower()
            ids.append(ord(letter) - 96 if "a" <= letter <= "z" else 27 if letter == " " else 31)
            text = text[1:]
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(chr(i + 96) if 1 <= i <= 26 else " " if i == 27 else "?" if i == 31 else "" for i in ids)

    def render(self, messages: Sequence[ChatMessage]) -> str:
        return "".join(f"<{m['role']}>{m['content']}<end>" for m in messages) + "<assistant>"


def says(text: str) -> Any:
    """A script that answers every prompt with ``text``, letter by letter, then ends."""
    wanted = LetterTokenizer().encode(text)

    def script(tokens: list[int]) -> int:
        # A prompt ends with the assistant's turn opened; what follows is what was said so far.
        said = len(tokens) - 1 - max((i for i, t in enumerate(tokens) if t == 30), default=len(tokens) - 1)
        return wanted[said] if said < len(wanted) else EOS

    return script


class Clock:
    """Seconds that pass only when told, or a little at every look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now

    async def sleep(self, seconds: float) -> None:
        import asyncio

        self.now += seconds
        await asyncio.sleep(0)


REGISTRY = {
    "version": 1,
    "models": [
        {
            "id": "tiny",
            "title": "Tiny",
            "manifest": "models/tiny/manifest.json",
            "tier": "lite",
            "family": "llama",
            "licence": "Apache-2.0",
            "download_bytes": 1,
            "memory_bytes": 1,
            "languages": ["en"],
        }
    ],
    "agents": [
        {
            "id": "conversation",
            "title": {"en": "Conversation", "fr": "Conversation"},
            "description": {"en": "Chats.", "fr": "Discute."},
            "models": ["tiny"],
            "system": {"en": "be brief", "fr": "sois bref"},
            "max_tokens": 64,
        }
    ],
}


class World:
    """Everything outside the engine, scripted and in reach: network, storage, runtime, time, chance."""

    seed = 42

    def __init__(self, script: Any, device: Device | None = None) -> None:
        self.clock = Clock(step=0.001)
        self.store = MemoryShardStore(dict(REMOTE))
        self.runtime = ScriptedRuntime(script, VOCAB, device=device)
        self.settings = MemorySettings()
        self.texts = {"models.json": json.dumps(REGISTRY), "models/tiny/manifest.json": manifest_json()}
        self.events: list[Event] = []
        self.ports = Ports(
            runtime=self.runtime,
            store=self.store,
            settings=self.settings,
            tokenizer_factory=lambda definition: LetterTokenizer(),
            fetch_text=self._fetch_text,
            clock=self.clock,
            sleep=self.clock.sleep,
            uniform=lambda: 0.5,
            new_seed=lambda: self.seed,
            prefixes=self.runtime.prefixes,
        )

    async def _fetch_text(self, path: str) -> str:
        if path not in self.texts:
            raise DownloadFailed(f"404: {path}")
        return self.texts[path]
