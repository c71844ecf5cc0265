"""Defines what every message has, and the three kinds of it: requests, events and ends.

Every message is a JSON object with ``v`` (this version), ``id`` (the request's, chosen by the
caller) and ``type``. A request is answered by any number of events with its id and ends in exactly
one of ``result``, ``error`` or ``cancelled``. Events about no request in particular (a model that
comes in the background, the log) carry the id ``"engine"``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orion_py.errors import Family, OrionError, ProtocolError
from orion_py.faults import first_fault

VERSION = 1
ENGINE_ID = "engine"
STRICT = ConfigDict(extra="forbid", defer_build=True)
"""Deferred: in a browser, building the schema of all messages would take a tenth of the engine's start."""

MAX_ID = 80
MessageId = Annotated[str, Field(min_length=1, max_length=MAX_ID)]


class Envelope(BaseModel):
    model_config = STRICT
    v: Literal[1] = 1
    id: MessageId


REQUESTS: dict[str, type[Request]] = {}
"""Each class of request by its ``type``."""
EVENTS: dict[str, type[Event]] = {}
ENDS: dict[str, type[End]] = {}


class Request(Envelope):
    """What the page asks. ``reply``: the type of the payload that its ``result`` carries."""

    type: str
    reply: ClassVar[Any]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        REQUESTS[cls.model_fields["type"].default] = cls


class Event(Envelope):
    """What happens before a request's end, or beside all requests. ``carries``: the TypedDicts that fields hold which
    are plain dicts here, as the schema describes them."""

    type: str
    carries: ClassVar[dict[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        EVENTS[cls.model_fields["type"].default] = cls


class End(Envelope):
    """What a request ends in: exactly one of these."""

    type: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        ENDS[cls.model_fields["type"].default] = cls


class ErrorInfo(BaseModel):
    """``code`` is stable and documented in ``errors.py``, ``family`` the branch of the tree there that it belongs to;
    ``message`` is for people."""

    model_config = STRICT
    code: str
    family: Family = "engine"
    message: str
    hint: str = ""
    retryable: bool = False
    detail: dict[str, Any] = {}

    @classmethod
    def of(cls, error: OrionError) -> ErrorInfo:
        return cls(
            code=error.code,
            family=error.family,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
            detail=error.detail,
        )


class Result(End):
    """``payload``: what the request's class names as its ``reply``."""

    type: Literal["result"] = "result"
    payload: dict[str, Any] = {}


class Failed(End):
    type: Literal["error"] = "error"
    error: ErrorInfo


class CancelledEnd(End):
    """``partial``: the text that had streamed."""

    type: Literal["cancelled"] = "cancelled"
    partial: str = ""


_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any], config=ConfigDict(defer_build=True))


def read_message(text: str) -> dict[str, Any]:
    """The JSON object that ``text`` is. Raises ProtocolError, also for text that no UTF-8 can carry."""
    try:
        return _OBJECT.validate_json(text)
    except ValidationError as error:
        raise ProtocolError(f"(top): this isn't a JSON object: {first_fault(error)[1]}", path="(top)") from error


def id_of(message: dict[str, Any]) -> str:
    """The id that a malformed message names, so that its sender learns of the fault."""
    found = message.get("id")
    return found if isinstance(found, str) and 0 < len(found) <= MAX_ID else ENGINE_ID


def parse_request(message: dict[str, Any]) -> Request:
    """The request that ``message`` is. Raises ProtocolError, which names the field and the fault.

    The type is looked up first, so that only the schemas of requests that come are built.
    """
    tag = message.get("type")
    if not isinstance(tag, str):
        raise ProtocolError("type: a request is a JSON object with a type", path="type")
    if tag not in REQUESTS:
        raise ProtocolError(f"type: {tag[:80]!r} is none of {', '.join(REQUESTS)}", path="type")
    try:
        return REQUESTS[tag].model_validate(message)
    except ValidationError as error:
        path, fault = first_fault(error)
        path = f"{tag}.{path}" if path else tag
        raise ProtocolError(f"{path}: {fault}", path=path) from error
