"""Names the fixed words that messages use: states, kinds of fallback, phases, reasons."""

from __future__ import annotations

from typing import Literal

StateName = Literal[
    "idle", "validating", "routing", "loading_agent", "inferencing", "success", "fallback", "error", "cancelled"
]
FallbackKind = Literal[
    "agent",
    "backend",
    "session",
    "kernel",
    "onnxruntime",
    "simd",
    "threads",
    "cache",
    "model",
    "router",
    "context",
    "storage",
    "picture",
    "settings",
    "worker",
    "memory",
    "version",
    "code",
]
UpgradeState = Literal["waiting", "downloading", "paused", "loading", "ready", "failed", "cancelled"]
Style = Literal[
    "poem", "story", "dialogue", "slogan", "letter", "humorous", "formal", "lyrics", "description", "brainstorm"
]
PresetName = Literal["production", "development", "low_end"]
FinishReason = Literal["stop", "length", "timeout", "loop"]
GuardCategory = Literal["injection", "weapons", "minors", "violence", "self_harm"]
Granularity = Literal["token", "word", "sentence"]
MetricName = Literal[
    "first_token", "routing", "inference", "total", "pace", "tokens_per_second", "cached_tokens", "loading"
]
PhaseName = Literal["initializing", "downloading", "loading_shard", "warming_up", "ready"]
CodeEnd = Literal["done", "failed", "time"]
RevisionReason = Literal["loop", "code", "skill"]
SkillStep = Literal["reading", "choosing", "planning", "writing", "running", "mending", "checking"]
"""What a skill does now."""
RunEnd = Literal["done", "failed", "time", "memory"]
BreakerState = Literal["closed", "open", "half_open"]
BreakerCause = Literal["failures", "slow"]
GpuState = Literal[
    "serves", "absent", "off", "none", "software", "wrong", "failed", "preferred", "slower", "checked", "untried"
]
"""``absent``: the device says why; ``off``: the configuration asks for the processor; ``none``: the model has no form
for a GPU; ``software``: it is emulated; ``wrong``: the golden vectors disagreed; ``failed``: its trial ended
in the error ``reason``; ``preferred``: it won its trial and serves from the next load on; ``slower``: it
lost it; ``checked``: right, and not timed yet; ``untried``: nothing is known."""
Section = Literal[
    "version",
    "preset",
    "config",
    "device",
    "storage",
    "models",
    "senses",
    "groups",
    "coming",
    "recommended",
    "added",
    "agents",
    "custom",
    "loaded",
    "loading",
    "webgpu",
    "fallbacks",
    "versions",
    "router",
    "metrics",
    "breakers",
    "queue",
    "predictive",
    "upgrade",
    "memory",
]
"""A part of the status."""
