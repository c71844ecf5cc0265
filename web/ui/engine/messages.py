"""Converts messages to and from JSON text, as ``orion_py/protocol/`` defines them.

Only the envelope is checked here: the engine validates what it gets, and the reducer ignores
what it doesn't know, so an engine that says more than this page understands does no harm.
"""

import json

from ui.base.json_text import read

VERSION = 1
ENGINE_ID = "engine"


def request(message_id, kind, fields=None):
    """The JSON text of one request. ``None`` values are left out: absent means default."""
    message = {"v": VERSION, "id": message_id, "type": kind}
    for key, value in (fields or {}).items():
        if value is not None:
            message[key] = value
    return json.dumps(message)


def settings(sent, now):
    """(type, fields) of the requests that bring an engine from one ``initialize``'s settings to another's."""
    requests = []
    before, config = sent.get("config") or {}, now.get("config") or {}
    if now.get("preset") != sent.get("preset") or any([name not in config for name in before]):
        requests.append(("configure", {"preset": now.get("preset") or "auto", "config": config or None}))
    elif config != before:
        changed = {name: value for name, value in config.items() if before.get(name) != value}
        requests.append(("configure", {"config": changed}))
    return requests


def parse(text):
    """A message as a dict, or None for what isn't one of ours."""
    try:
        message = read(text)
    except (ValueError, TypeError):
        return None
    if not isinstance(message, dict) or message.get("v") != VERSION:
        return None
    if not isinstance(message.get("type"), str) or not isinstance(message.get("id"), str):
        return None
    return message


def failure(message_id, code, family="engine"):
    """An ``error`` end made by the page itself, for requests that a dead engine leaves open."""
    info = {"code": code, "family": family, "message": "", "hint": "", "retryable": True, "detail": {}}
    return {"v": VERSION, "id": message_id, "type": "error", "error": info}
