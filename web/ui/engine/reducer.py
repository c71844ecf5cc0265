"""Turns protocol messages into view state: ``apply(state, message, now)``. Pure.

Messages may come late (a token after Stop), twice, or about a request that this page no longer
shows; none of that may disturb what is shown.
"""

from ui.engine import parts
from ui.engine.scenes import scenes_of
from ui.engine.view_state import Load

ACTIVITY = {
    "validating": ("routing", "validating"),
    "routing": ("routing", "routing"),
    "loading_agent": ("loading", "loading"),
    "fallback": ("loading", "loading"),
    "inferencing": ("streaming", "thinking"),
}
LIMITING = ("threads", "storage")
DRAWN_BY = {
    "agents": ("names",),
    "groups": ("names",),
    "models": ("names", "status", "upgrade"),
    "coming": ("upgrade",),
    "recommended": ("upgrade",),
    "loaded": ("status", "upgrade"),
    "router": ("status",),
    "config": ("upgrade",),
}
"""What has to be drawn again when a part of the engine's status is another."""
LOOPS = ("loop_again", "loop")
"""The answer was cut back where it began to repeat itself, and was tried again; or ended there."""
LOOKED = ("picture", "pictures", "line", "lines")


def apply(state, message, now):
    """Changes ``state`` by one message. ``now`` in ms, from any steady clock."""
    parts.hear(state.device, message)
    handler = _HANDLERS.get(message["type"])
    if handler:
        handler(state, message, state.conversation.answering(message["id"]), now)


def _touch(state, turn):
    turn.version += 1
    state.touch(turn.id, "status")


def _boot(state, message, turn, now):
    state.boot_phase = message.get("phase") or state.boot_phase
    state.touch("status")


def _state(state, message, turn, now):
    if not turn:
        return
    if message.get("previous") != "idle":
        turn.path.append((message.get("previous"), message.get("ms") or 0))
    turn.at = message.get("state")
    turn.progress = max(turn.progress, message.get("progress") or 0)
    if state.upgrade and state.upgrade["state"] == "ready":
        state.upgrade = None  # it has been read
        state.touch("upgrade")
    if message.get("agent"):
        turn.agent = message["agent"]
    if message.get("model"):
        turn.model = message["model"]
    if message.get("routing"):
        turn.meta.update(_why(message["routing"]))
    step = ACTIVITY.get(message.get("state"))
    if step:
        turn.state, activity = step
        if not (turn.state == "streaming" and not turn.silent):
            turn.activity = activity
    _touch(state, turn)


def _advance(state, message, turn, now):
    """How far the request is; late or repeated messages take nothing back."""
    if turn and (message.get("progress") or 0) > turn.progress:
        turn.progress = message["progress"]
        turn.version += 1
        state.touch(turn.id)


def _sense(state, message, turn, now):
    """What the turn waits for is at work: its models are in memory. Hearing says how far it is."""
    if not turn:
        return
    if message.get("sense") == "vision":
        turn.state, turn.activity = "loading", "looking"
        turn.looked = tuple([message.get(part) or 0 for part in LOOKED])
    else:
        turn.activity, turn.heard = "listening", (message.get("done") or 0, message.get("total"))
        if turn.silent:
            turn.state = "loading"
    _touch(state, turn)


def _step(state, message, turn, now):
    """A skill answers in several steps: the one that it takes now."""
    if turn:
        turn.step = message.get("step")
        _touch(state, turn)


def _progress(state, message, turn, now):
    """Loads report under the engine's own id: several requests may wait for the same one."""
    phase, load = message.get("phase"), state.load
    current = state.conversation.current
    waiting = current is not None and current.state != "streaming"
    if load is not None and load.model == message.get("model"):
        if load.phase == "paused":
            return  # what trickles in after Stop; ``revive`` takes up a paused load
        if load.phase == "ready" and (phase == "ready" or (message.get("from_storage") and not waiting)):
            return  # a second copy of a model that already serves, e.g. a trial on the GPU
    elif phase == "ready" and load is None:
        return
    else:
        load = None
    if load is None:
        load = state.load = Load(message.get("model"))
    load.version = message.get("version") or ""
    load.phase = phase or load.phase
    load.total = message.get("total_bytes") or 0
    load.loaded = min(message.get("loaded_bytes") or 0, load.total)
    load.speed = message.get("bytes_per_second")
    load.seconds_left = message.get("seconds_left")
    load.from_storage = bool(message.get("from_storage"))
    load.shards = message.get("shards") or load.shards
    load.error = None
    if phase == "ready":
        state.model = state.model if state.is_sense(load.model) else load.model
    elif waiting and current.state in ("routing", "loading"):
        current.state, current.activity = "loading", "loading"
        _touch(state, current)
    state.touch("load", "status")


def _upgrade(state, message, turn, now):
    """What comes in the background: its last word is what is shown."""
    state.upgrade = None if message.get("state") == "cancelled" else message
    state.touch("upgrade")


def _token(state, message, turn, now):
    if not turn:
        return
    if turn.silent:
        turn.first_token_ms = None if turn.asked_at is None else now - turn.asked_at
    turn.append(message.get("text") or "")
    turn.state, turn.activity = "streaming", "streaming"
    rate = message.get("tokens_per_second")
    if rate:
        turn.meta["rate"] = rate
    turn.version += 1
    state.touch(turn.id)


def _revision(state, message, turn, now):
    """What streamed gives way to what is left of it: the model had begun to repeat itself, code failed, or a
    skill checked what it had."""
    if not turn:
        return
    turn.text = message.get("content") or ""
    if message.get("reason") == "loop":
        _looped(turn, again=bool(message.get("again")))
    _touch(state, turn)


def _looped(turn, again):
    """Says what became of the loop; the last word of it is the one that stays."""
    turn.notes = [note for note in turn.notes if note.get("kind") not in LOOPS]
    turn.note(kind=LOOPS[0] if again else LOOPS[1])


def _fallback(state, message, turn, now):
    note = {
        "kind": "fallback",
        "step": message.get("kind") or "",
        "to": message.get("to") or "",
        "code": message.get("reason_code") or "",
        "reason": message.get("reason") or "",
    }
    if turn:
        turn.note(**note)
        _touch(state, turn)
    else:
        state.notice(**note)
    if note["step"] in ("backend", "kernel", "simd", "threads"):
        state.backend = note["to"]
    if note["step"] in LIMITING and state.engine == "ready":
        state.engine = "degraded"
    state.touch("status")


def _guard(state, message, turn, now):
    """The engine let a message through and has something to say about it."""
    if turn:
        category = message.get("category")
        turn.note(kind="guard_" + (category if category in ("injection", "self_harm") else "harm"))
        _touch(state, turn)


def _weak(state, message, turn, now):
    """The model that is to answer is seldom of use to this agent. Once a visit is enough."""
    told = (message.get("agent"), message.get("model"))
    if turn and told not in state.weak_told:
        state.weak_told.add(told)
        better = message.get("better")
        names = {"model": state.model_name(told[1])}
        if better:
            names["better"] = state.model_name(better)
        turn.note(kind="weak_better" if better else "weak", **names)
        _touch(state, turn)


def _result(state, message, turn, now):
    if not turn:
        return
    answer = message.get("payload") or {}
    if isinstance(answer.get("content"), str):
        turn.text = answer["content"]
    timings = answer.get("timings") or {}
    usage = answer.get("usage") or {}
    turn.agent = answer.get("agent") or turn.agent
    turn.model = answer.get("model") or turn.model
    turn.meta = {
        "backend": answer.get("backend"),
        "rate": answer.get("tokens_per_second"),
        "first_token_ms": timings.get("first_token", turn.first_token_ms),
        "total_ms": timings.get("total"),
        "tokens": usage.get("completion"),
        "prompt": usage.get("prompt"),
        "cached": usage.get("cached"),
        "drafted": usage.get("drafted"),
        "accepted": usage.get("accepted"),
        "timings": timings,
        "stream": answer.get("stream"),
        "version": answer.get("model_version"),
        "seed": answer.get("seed"),
    }
    notes = answer.get("notes") or {}
    for kind in ("recordings", "pictures"):
        if notes.get(kind):
            turn.meta[kind] = notes[kind]
    turn.meta.update(_why(answer.get("routing") or {}))
    turn.scenes = scenes_of(answer.get("notes"))
    if answer.get("loops"):
        _looped(turn, again=answer.get("finish_reason") != "loop")
    if answer.get("finish_reason") in ("length", "timeout"):
        turn.note(kind=answer["finish_reason"])
    if usage.get("completion"):  # else no model said it
        state.backend = answer.get("backend") or state.backend
        state.model = turn.model or state.model
    if state.load and state.load.active:
        state.load.phase = "ready"
        state.touch("load")
    _end(state, turn, "success")


def _why(routing):
    return {name: routing.get(name) for name in ("reason", "router", "confidence", "runner_up", "probabilities")}


def _error(state, message, turn, now):
    if not turn:
        return
    error, load = _error_of(message), state.load
    if load and load.active and turn.state in ("routing", "loading"):
        load.phase, load.error = "failed", error
        state.touch("load", "status")
    turn.error = error
    _end(state, turn, "error")


def _error_of(message):
    info = message.get("error") or {}
    return {
        "code": info.get("code") or "orion",
        "family": info.get("family") or "engine",
        "message": info.get("message") or "",
        "hint": info.get("hint") or "",
        "retryable": bool(info.get("retryable")),
    }


def _cancelled(state, message, turn, now):
    if turn:
        if message.get("partial"):
            turn.text = message["partial"]
        _end(state, turn, "cancelled")


def preloaded(state, message):
    """How a ``preload`` ended."""
    load, how = state.load, message["type"]
    if not load or not load.active:
        return
    if how == "error":
        load.phase, load.error = "failed", _error_of(message)
    else:
        load.phase = "ready" if how == "result" else "paused"
    state.touch("load", "status")


def _changed(state, message, turn, now):
    status(state, message["parts"], now)


def status(state, payload, now):
    """Parts of the engine's status, or all of it: names, device, what is loaded."""
    parts.take(state.device, payload, now)
    state.router = (payload.get("router") or {}).get("name") or state.router
    state.agents = payload.get("agents") or state.agents
    for row in state.agents:
        state.agent_titles[row.get("id")] = row.get("title") or {}
    named = dict(state.model_titles)
    for row in payload.get("models") or []:
        state.model_titles[row.get("id")] = row.get("title") or row.get("id")
        state.model_languages[row.get("id")] = row.get("languages") or []
        state.model_sizes[row.get("id")] = row.get("download_bytes")
    for row in payload.get("senses") or []:
        state.model_titles[row.get("id")] = row.get("title") or row.get("id")
        state.model_sizes[row.get("id")] = row.get("download_bytes")
    if state.model_titles != named:
        for turn in state.conversation.turns:  # of an earlier visit: they were drawn before anybody knew a name
            if turn.model:
                _touch(state, turn)
    if "loaded" in payload:
        loaded = payload["loaded"]
        state.model = loaded[-1].get("model") if loaded else None
        state.backend = loaded[-1].get("backend") if loaded else None
    for name in payload:
        state.touch(*DRAWN_BY.get(name, ()))


def stop(state, turn):
    """The person pressed Stop: shown at once, whatever the engine is doing."""
    if turn.state != "streaming":
        pause(state)
    _end(state, turn, "cancelled")


def pause(state):
    """The load is stopped; what came is kept."""
    if state.load and state.load.active:
        state.load.phase = "paused"
        state.touch("load", "status")


def revive(state):
    """The model is wanted again: a paused or failed load gives way to the one that starts now."""
    if state.load and not state.load.active and state.load.phase != "ready":
        state.load = None
    state.offer_load = False
    state.touch("load", "status")


def _router(state, message, turn, now):
    """Which router answers from now on: "neural" or "keyword"."""
    state.router = message["name"]
    state.touch("status")


def _end(state, turn, how):
    turn.state, turn.activity = how, None
    _touch(state, turn)


_HANDLERS = {
    "boot": _boot,
    "changed": _changed,
    "state": _state,
    "advance": _advance,
    "sense": _sense,
    "skill.step": _step,
    "progress": _progress,
    "upgrade": _upgrade,
    "token": _token,
    "revision": _revision,
    "fallback": _fallback,
    "guard": _guard,
    "weak": _weak,
    "router": _router,
    "result": _result,
    "error": _error,
    "cancelled": _cancelled,
}
