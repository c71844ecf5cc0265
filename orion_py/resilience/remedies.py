"""Lists what is tried after which error, while a model is opened, answers or sees: one table.

Three pure functions read it, each for one column, and say whether a remedy is left and what is tried then:
``opening.recovery`` for a load, ``answering.recovery`` for an answer, ``answering.looking`` for looking at pictures.
One loop each executes what they say: ``opening.opener.ModelOpener``, ``answering.by_model.ModelAnswer`` and
``answering.looking.seen``; ``routing.load`` executes the one remedy that concerns the router's shards. An attempt in
itself includes what ``fetching.loader`` does: it downloads again after a failure that may pass (``resilience.retry``),
and fetches anew a shard that turns out damaged or gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    CircuitOpen,
    DownloadFailed,
    EngineClosed,
    GoldenMismatch,
    IllegalTransition,
    InferenceTimeout,
    InvalidConfig,
    InvalidInput,
    InvalidModel,
    LoadError,
    OrionError,
    OutOfMemory,
    ProtocolError,
    QuotaExceeded,
    RuntimeFailure,
    SimdMissing,
    StorageUnavailable,
    Unavailable,
    WorkerDied,
)

LoadRemedy = Literal["evict_idle", "store_in_memory", "next_rung", "shorter_context", "another_version"]
"""End idle models; keep new shards in memory; compute in the next way of the ladder; halve the context; open the
version that the server has now."""

AnswerRemedy = Literal["keep_text", "next_rung", "new_worker", "earlier_version", "next_model"]
"""End the answer with the text that there is; go on with it in the next way of the ladder; go on with it in the same
way, in a new worker; roll the model back to the version before; leave the answer to the next model, the first agent's
among them."""

LookRemedy = Literal["evict_idle", "smaller_picture"]
"""End idle models; look for text in a smaller picture."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What helps against an error, in the order in which it is tried. Empty: nothing does, and the error ends the load,
    the answer or the look."""

    load: tuple[LoadRemedy, ...] = ()
    answer: tuple[AnswerRemedy, ...] = ()
    look: tuple[LookRemedy, ...] = ()


_GIVE_UP = Remedies()

REMEDIES: tuple[tuple[type[OrionError], Remedies], ...] = (
    (
        OutOfMemory,
        Remedies(
            load=("evict_idle", "next_rung", "shorter_context"),
            answer=("next_rung", "next_model"),
            look=("evict_idle", "smaller_picture"),
        ),
    ),
    (DownloadFailed, Remedies(load=("next_rung", "another_version"), answer=("next_model",))),
    (QuotaExceeded, Remedies(load=("store_in_memory",), answer=("next_model",))),
    (StorageUnavailable, Remedies(load=("store_in_memory",), answer=("next_model",))),
    # A shard that stays damaged or missing, what can never fit, a load without a sign of life.
    (LoadError, Remedies(answer=("next_model",))),
    # A worker that died or was silent says nothing of how it computed.
    (WorkerDied, Remedies(load=("next_rung",), answer=("new_worker", "earlier_version", "next_model"))),
    (InferenceTimeout, Remedies(load=("next_rung",), answer=("new_worker", "earlier_version", "next_model"))),
    # Nothing on this device computes any model.
    (SimdMissing, _GIVE_UP),
    # The same again would end in the same way.
    (BackendUnavailable, Remedies(load=("next_rung",), answer=("earlier_version", "next_model"))),
    (GoldenMismatch, Remedies(load=("next_rung",), answer=("earlier_version", "next_model"))),
    # A kernel that fails, a lost GPU.
    (
        RuntimeFailure,
        Remedies(load=("next_rung",), answer=("next_rung", "new_worker", "earlier_version", "next_model")),
    ),
    (InvalidModel, Remedies(answer=("next_model",))),
    (CircuitOpen, Remedies(answer=("next_model",))),
    # A person's Stop, which nothing follows, or the request's time limit.
    (Cancelled, Remedies(answer=("keep_text",))),
    # No attempt would end otherwise: what was asked has to change, or the engine has a bug.
    (InvalidInput, _GIVE_UP),
    (InvalidConfig, _GIVE_UP),
    (ProtocolError, _GIVE_UP),
    (Unavailable, _GIVE_UP),
    (IllegalTransition, _GIVE_UP),
    (EngineClosed, _GIVE_UP),
)
"""The first class that fits an error counts."""


def remedies_against(error: OrionError) -> Remedies:
    """The row of ``error``. An error without one is given up."""
    return next((known for kind, known in REMEDIES if isinstance(error, kind)), _GIVE_UP)
