"""Defines every error that ORION raises, as one tree.

OrionError
├── InvalidInput            a prompt, an option or an attachment that can't be used
│   ├── EmptyQuery, QueryTooLong, BinaryInput
│   ├── UnreadableSound     a recording that is empty, damaged, or no sound at all
│   │   └── NobodySpeaks    there is sound in it, and no word
│   ├── BlockedByGuard
│   │   ├── HarmRefused     it asks for help with severe harm to others
│   │   └── SelfHarmRefused it asks how to hurt oneself: the answer is where help is
│   ├── ContextOverflow     the conversation doesn't fit the model's context
│   ├── EmbeddingsUnsupported  what computes the model takes text alone
│   ├── AttachmentMissing   a question names a picture or a recording that didn't come with it
│   ├── AttachmentBroken    it can't be decoded: damaged, empty, or of a kind that nothing here reads
│   │   ├── UnreadableImage, UnsupportedImage  empty, damaged, no image, or of a kind that isn't decoded here
│   │   ├── RecordingTooLong    a page can't hold all of it
│   │   └── ImageTooLarge, ImageTooSmall  more pixels or bytes than can be decoded, or too few to see anything
│   └── NothingAllowed      the form that the answer has to have leaves the model no next token
├── InvalidConfig           a configuration, a registry or a manifest that fails its schema
│   ├── InvalidModel        a model that can't be run as it is
│   │   ├── InvalidManifest
│   │   ├── UnsupportedModel    a folder in a layout that isn't understood
│   │   └── InvalidModelFolder  a folder whose files are damaged, or lie about what they are
│   ├── UnknownModel        and ModelNotBuilt: one that a checkout can build, and hasn't
│   ├── UnknownAgent, InvalidRegistry
│   ├── NoEarlierVersion    there is nothing on the device to go back to
│   └── ForeignOrigin       a model's address that this build may not talk to
├── ProtocolError           a message that isn't one of ours
├── LoadError               a model can't be brought into memory
│   ├── DownloadFailed, ShardMissing
│   ├── ShardCorrupt        the bytes don't have the hash that the manifest promises
│   ├── QuotaExceeded       there is no room left to store more
│   ├── StorageUnavailable  nothing can be stored: a read-only folder, a private window
│   └── OutOfMemory, LoadTimeout, and TooLarge: the memory budget can never hold it
├── RuntimeFailure          a loaded model fails
│   ├── BackendUnavailable (and SimdMissing: nothing here computes any model), WorkerDied, DeviceLost
│   ├── GoldenMismatch      the backend computes, but wrongly
│   └── InferenceTimeout, and NoSandbox: a program that a model wrote can't be confined here, so it isn't run
├── Unavailable             right now nothing is tried; later it may work
│   ├── CircuitOpen         it failed too often and is left alone for a while
│   ├── QueueFull, QueueTimeout  too many requests wait already, or its turn didn't come in time
│   └── DeadlineExceeded    the request's own time limit passed before it had an answer
├── Cancelled               the user stopped it; never counted as a failure
├── IllegalTransition       a bug: the state machine was asked for a move it doesn't have
└── EngineClosed            the engine was shut down, or never initialized

Each class has a stable ``code``, which is what crosses the worker boundary, and a ``hint``
that says what the person can do about it. ``from_code`` turns a code back into its class. Its
``family`` crosses too: the branch of the tree, for callers that treat all of its errors alike.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Family = Literal[
    "engine", "invalid_input", "invalid_config", "invalid_model", "protocol", "load", "runtime", "unavailable",
    "cancelled",
]  # fmt: skip
"""The branches of the tree; "engine" is what belongs to no other."""


class OrionError(Exception):
    """Base of all errors. ``detail`` holds JSON-serialisable facts, never a prompt's text."""

    code: ClassVar[str] = "orion"
    family: ClassVar[Family] = "engine"
    hint: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", **detail: Any) -> None:
        super().__init__(message or type(self).hint or type(self).code)
        self.message = str(self)
        self.detail = detail


class InvalidInput(OrionError):
    code = "invalid_input"
    family = "invalid_input"
    hint = "Change the message and send it again."


class EmptyQuery(InvalidInput):
    code = "empty_query"
    hint = "Type a question first."


class QueryTooLong(InvalidInput):
    code = "query_too_long"
    hint = "Shorten the message, or send it in parts."


class BinaryInput(InvalidInput):
    code = "binary_input"
    hint = "This looks like a file's bytes and not like text. Paste text instead."


class UnreadableSound(InvalidInput):
    code = "unreadable_sound"
    hint = "Choose another recording, or save it again as wav, mp3 or ogg."


class NobodySpeaks(UnreadableSound):
    code = "nobody_speaks"
    hint = "Choose another recording, or record it again closer to the microphone."


class BlockedByGuard(InvalidInput):
    code = "blocked_by_guard"
    hint = "Rephrase the message."


class HarmRefused(BlockedByGuard):
    code = "harm_refused"
    hint = "Orion doesn't help to harm people. If this is a misunderstanding, put it in other words."


class SelfHarmRefused(BlockedByGuard):
    code = "self_harm_refused"
    hint = "Call 3114 (France) or 988 (United States), free, day and night; findahelpline.com elsewhere."


class ContextOverflow(InvalidInput):
    code = "context_overflow"
    hint = "Start a new conversation or shorten the message."


class EmbeddingsUnsupported(InvalidInput):
    code = "embeddings_unsupported"
    hint = "Ask without the attachment, or let Orion's own kernel compute the model: it takes embeddings."


class AttachmentMissing(InvalidInput):
    code = "attachment_missing"
    hint = "Attach the file again, or remove it from the question."


class AttachmentBroken(InvalidInput):
    code = "attachment_broken"
    hint = "Open the file and save it as JPEG, PNG or WebP, or as WAV or MP3, and attach it again."


class UnreadableImage(AttachmentBroken):
    code = "unreadable_image"
    hint = "Open it in another program to see whether it is whole, or choose another image."


class UnsupportedImage(AttachmentBroken):
    code = "unsupported_image"
    hint = "PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF can be used."


class RecordingTooLong(AttachmentBroken):
    code = "recording_too_long"
    hint = "Cut it into parts of at most an hour, or use orion transcribe in a terminal, which takes any length."


class ImageTooLarge(AttachmentBroken):
    code = "image_too_large"
    hint = "Scale it down, or cut out the part that matters."


class ImageTooSmall(AttachmentBroken):
    code = "image_too_small"
    hint = "Choose a larger image."


class NothingAllowed(InvalidInput):
    code = "nothing_allowed"
    hint = "The model can't continue in the required form: allow another form, or ask without one."


class InvalidConfig(OrionError):
    code = "invalid_config"
    family: ClassVar[Family] = "invalid_config"
    hint = "Correct the configuration at the path named."


class InvalidRegistry(InvalidConfig):
    code = "invalid_registry"
    hint = "Correct models.json at the path named; models.schema.json describes it."


class NewerRegistry(InvalidRegistry):
    code = "newer_registry"
    hint = "Update Orion: the list of models is newer than this version of it."


class InvalidModel(InvalidConfig):
    code = "invalid_model"
    family: ClassVar[Family] = "invalid_model"
    hint = "Choose another model, or build it again."


class InvalidManifest(InvalidModel):
    code = "invalid_manifest"
    hint = "Build the model again: python3 build.py models lite."


class UnknownModel(InvalidConfig):
    code = "unknown_model"
    hint = "Use an id that `orion models list` shows."


class ModelNotBuilt(UnknownModel):
    code = "model_not_built"
    hint = "Build it first: python3 build.py models speech."


class UnknownAgent(InvalidConfig):
    code = "unknown_agent"
    hint = "Use an id that `orion models list` shows."


class UnsupportedModel(InvalidModel):
    code = "unsupported_model"
    hint = "Choose a model of a supported kind, or import it with the foundry and add the folder that this makes."


class InvalidModelFolder(InvalidModel):
    code = "invalid_model_folder"
    hint = "The folder's files are damaged, or not what they claim to be. Choose another model, or tell its author."


class NoEarlierVersion(InvalidConfig):
    code = "no_earlier_version"
    hint = "The previous version is kept only after an update."


class ForeignOrigin(InvalidConfig):
    code = "foreign_origin"
    hint = "Put the model's folder on this site, or build the site with --allow-origin and that address."


class ProtocolError(OrionError):
    code = "protocol"
    family = "protocol"
    hint = "The caller and the engine have different versions: update and restart both."


class LoadError(OrionError):
    code = "load_failed"
    family = "load"
    hint = "Try again; what was downloaded is kept."
    retryable = True


class DownloadFailed(LoadError):
    code = "download_failed"
    hint = "Check the connection and try again; what was downloaded is kept."


class RunnerMissing(DownloadFailed):
    """The model is here whole; what would compute it isn't, and can't be fetched now."""

    code = "runner_missing"
    hint = "Connect to the internet once: what computes the model is downloaded then, and kept."


class ShardCorrupt(LoadError):
    code = "shard_corrupt"
    hint = "The damaged part is downloaded again automatically."


class ShardMissing(LoadError):
    code = "shard_missing"
    hint = "The missing part is downloaded again automatically."


class QuotaExceeded(LoadError):
    code = "quota_exceeded"
    hint = "Free some disk space, or allow Orion to store more, and try again."
    retryable = False


class StorageUnavailable(LoadError):
    code = "storage_unavailable"
    hint = "Nothing can be stored here: the model stays in memory only."
    retryable = False


class OutOfMemory(LoadError):
    code = "out_of_memory"
    hint = "Close other programs, or choose a smaller model."
    retryable = False


class TooLarge(LoadError):
    code = "too_large"
    hint = "Choose a smaller model, or allow more memory in the settings."
    retryable = False


class LoadTimeout(LoadError):
    code = "load_timeout"
    hint = "Loading took too long; try again."


class RuntimeFailure(OrionError):
    code = "runtime_failure"
    family = "runtime"
    hint = "Ask again; the model is being restarted."
    retryable = True


class BackendUnavailable(RuntimeFailure):
    code = "backend_unavailable"
    hint = "Another way to compute is used instead."
    retryable = False


class SimdMissing(BackendUnavailable):
    """This browser, or the processor below it, has no WebAssembly SIMD: nothing here computes any model."""

    code = "simd_missing"
    hint = "Update the browser, or open Orion on a newer device: models need WebAssembly SIMD."


class WorkerDied(RuntimeFailure):
    code = "worker_died"
    hint = "The model's worker stopped and is replaced."


class DeviceLost(RuntimeFailure):
    code = "device_lost"
    hint = "The GPU is no longer available; the processor takes over."


class GoldenMismatch(RuntimeFailure):
    code = "golden_mismatch"
    hint = "This device computes the model wrongly; another way to compute is used instead."
    retryable = False


class InferenceTimeout(RuntimeFailure):
    code = "inference_timeout"
    hint = "The answer took too long; ask again or ask for less."


class NoSandbox(RuntimeFailure):
    code = "no_sandbox"
    hint = "Here nothing can confine a program, so none is run; the answer comes without that."


class Unavailable(OrionError):
    code = "unavailable"
    family = "unavailable"
    hint = "Try again in a moment."
    retryable = True


class CircuitOpen(Unavailable):
    code = "circuit_open"
    hint = "It failed several times in a row and is tried again soon; wait a moment, or choose another model."


class QueueFull(Unavailable):
    code = "queue_full"
    hint = "Wait for an answer, or stop one, and ask again."


class QueueTimeout(Unavailable):
    code = "queue_timeout"
    hint = "Other answers took too long; ask again."


class DeadlineExceeded(Unavailable):
    code = "deadline_exceeded"
    hint = "Allow more time, or ask for less."


class Cancelled(OrionError):
    """``partial``: what of an answer had been shown by then. It is no ``detail``, which may be logged."""

    code = "cancelled"
    family = "cancelled"
    hint = "Stopped."
    partial = ""


class IllegalTransition(OrionError):
    code = "illegal_transition"
    hint = "This is a bug in the engine; start it again."


class EngineClosed(OrionError):
    code = "engine_closed"
    hint = "Start the engine again."


def _tree(root: type[OrionError]) -> dict[str, type[OrionError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_code(code: str, message: str = "", **detail: Any) -> OrionError:
    """The error that ``code`` names; an unknown code becomes a plain ``OrionError``."""
    return _tree(OrionError).get(code, OrionError)(message, **detail)
