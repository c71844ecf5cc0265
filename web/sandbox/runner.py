"""Defines how the sandbox's Python runs code, before anybody's code runs there.

``orion_run(code, data, ask)`` answers with JSON text: ``value``, the last expression's repr or what
``respond`` returned, or ``error``, a traceback that begins in the person's own code. With ``data``
(JSON of a request) the code's ``respond(request, llm)`` is called, and its pieces are printed.
"""

import inspect
import json
import linecache
import sys
import traceback

import orion_terminal
from pyodide.code import eval_code_async

NAME = "<code>"


class Request:
    """What an agent is asked: ``query``, ``history`` ([{"role", "content"}]), ``locale``."""

    def __init__(self, query, history, locale):
        self.query, self.history, self.locale = query, history, locale


class Llm:
    """The model: ``await llm(prompt)`` for the whole text, ``async for piece in llm.stream(prompt)``."""

    def __init__(self, ask):
        self._ask = ask

    async def __call__(self, prompt, system=None, max_tokens=None):
        begun = await self._call({"prompt": str(prompt), "system": system, "max_tokens": max_tokens})
        return begun["text"]

    async def stream(self, prompt, system=None, max_tokens=None):
        answer = await self._call({"prompt": str(prompt), "system": system, "max_tokens": max_tokens, "stream": True})
        while True:
            if answer["text"]:
                yield answer["text"]
            if answer["done"]:
                return
            answer = await self._call({"next": answer["stream"]})

    async def _call(self, body):
        answer = json.loads(await self._ask(json.dumps(body, ensure_ascii=False)))
        if answer.get("error"):
            raise RuntimeError(answer["error"])
        return answer


async def _respond(space, data, ask):
    respond = space.get("respond")
    if not callable(respond):
        raise NameError("the code defines no respond(request, llm)")
    asked = json.loads(data)
    answer = respond(Request(asked["query"], asked["history"], asked["locale"]), Llm(ask))
    if hasattr(answer, "__aiter__"):
        async for piece in answer:
            print(piece, end="", flush=True)
        return ""
    if inspect.isgenerator(answer):
        for piece in answer:
            print(piece, end="", flush=True)
        return ""
    if inspect.isawaitable(answer):
        answer = await answer
    return "" if answer is None else str(answer)


def _missing(error):
    """What to say beside an import of what isn't here: only what the site brings can be imported."""
    name = (getattr(error, "name", None) or "").split(".")[0]
    if not isinstance(error, ModuleNotFoundError) or name in ("", *sys.modules, *orion_terminal.ABSENT):
        return ""
    unfetched = globals().get("orion_unfetched", "").split()
    if name in unfetched or "*" in unfetched:
        return f"\n{name} couldn't be fetched from this site: connect to the network and run the code again."
    known = sorted(["numpy", *globals().get("orion_known", "").split()])
    return f"\n{name} isn't on this site. Besides the standard library, code here can import: {', '.join(known)}."


def _told(error):
    frames = traceback.extract_tb(error.__traceback__)
    own = next((place for place, frame in enumerate(frames) if frame.filename == NAME), len(frames))
    lines = traceback.format_list([frame for frame in frames[own:] if frame.filename != orion_terminal.__file__])
    head = ["Traceback (most recent call last):\n"] if lines else []
    return "".join([*head, *lines, *traceback.format_exception_only(error)]).rstrip() + _missing(error)


async def orion_run(code, data, ask):
    linecache.cache[NAME] = (len(code), None, code.splitlines(True), NAME)
    space = orion_terminal.prepare(NAME, None if data else ask)
    try:
        value = await eval_code_async(code, globals=space, filename=NAME)
        if data:
            return json.dumps({"value": await _respond(space, data, ask)}, ensure_ascii=False)
        return json.dumps({"value": "" if value is None else repr(value)})
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return json.dumps({"value": ""})
    except BaseException as error:
        return json.dumps({"error": _told(error)})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
