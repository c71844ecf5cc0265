"""Holds a conversation in a terminal (``orion chat`` without a prompt), with commands that begin with a slash."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.protocol import InferOptions, Response
from orion_py.runtime.tokenizer import ChatMessage

HELP = """\
/help            this list
/new             begin a new conversation
/agent [NAME]    let this agent answer; without a name, let the router choose
/model [NAME]    let this model answer; without a name, let the agent choose
/why             why that agent answered, and with what
/save FILE       write the conversation as JSON
/quit            end (as Ctrl-D does; Ctrl-C stops an answer)
A message that begins with a slash itself: write it twice, //like this."""

Ask = Callable[[str, InferOptions, list[ChatMessage]], Coroutine[Any, Any, Response]]
"""Prints the answer to a question as it comes. Raises OrionError."""


@dataclass
class TerminalChat:
    """``ask`` answers one message. Everything that isn't an answer is written to ``notices``."""

    engine: Engine
    ask: Ask
    options: InferOptions
    notices: TextIO
    history: list[ChatMessage] = field(default_factory=list)
    last: Response | None = None

    async def run(self, read: Callable[[], str | None]) -> None:
        """Answers each line that ``read`` gives, until it gives None or the person quits."""
        while (line := read()) is not None:
            text = line.strip()
            if text.startswith("/") and not text.startswith("//"):
                if not self._command(text):
                    return
            elif text:
                await self._answer(text.removeprefix("/") if text.startswith("//") else text)

    async def _answer(self, text: str) -> None:
        task = asyncio.ensure_future(self.ask(text, self.options, self.history))
        try:
            with _interrupt_cancels(task):
                response = await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            self._say("\n[stopped; the question isn't part of the conversation]")
        except OrionError as error:
            self._say(f"orion: {error.message}{' ' + error.hint if error.hint else ''}")
        else:
            self.last = response
            self.history += [{"role": "user", "content": text}, {"role": "assistant", "content": response.content}]

    def _command(self, text: str) -> bool:
        """Does what ``text`` asks for; False ends the conversation."""
        name, _, argument = text[1:].partition(" ")
        argument = argument.strip()
        known: dict[str, Callable[[str], None]] = {
            "help": lambda _: self._say(HELP),
            "new": self._new,
            "agent": self._agent,
            "model": self._model,
            "why": self._why,
            "save": self._save,
        }
        if name in ("quit", "exit"):
            return False
        if name in known:
            known[name](argument)
        else:
            self._say(f"There is no command /{name}; /help lists them.")
        return True

    def _new(self, _: str) -> None:
        self.history.clear()
        self.last = None
        self._say("[a new conversation]")

    def _agent(self, name: str) -> None:
        known = self.engine.agents.ids
        if name and name not in known:
            self._say(f"There is no agent {name}; there are {', '.join(known)}.")
            return
        self.options = self.options.model_copy(update={"force_agent": name or None})
        self._say(f"[{name} answers]" if name else "[the router chooses the agent]")

    def _model(self, name: str) -> None:
        known = [entry.id for entry in self.engine.registry.known]
        if name and name not in known:
            self._say(f"There is no model {name} here; there are {', '.join(known)}.")
            return
        self.options = self.options.model_copy(update={"model": name or None})
        self._say(f"[{name} answers]" if name else "[the agent chooses the model]")

    def _why(self, _: str) -> None:
        if self.last is None:
            self._say("Nothing was answered yet.")
            return
        routing = self.last.routing
        share = (routing.probabilities or {}).get(self.last.agent)
        confidence = "" if share is None else f", {share:.0%} certain of the agent"
        self._say(f"[{self.last.agent} by the {routing.router} router{confidence}: {routing.reason}]")

    def _save(self, name: str) -> None:
        if not name:
            self._say("Name the file: /save FILE")
            return
        try:
            Path(name).write_text(json.dumps(self.history, ensure_ascii=False, indent=1) + "\n", "utf-8")
        except OSError as error:
            self._say(f"{name} can't be written: {error.strerror or error}")
        else:
            self._say(f"[{len(self.history)} messages are in {name}]")

    def _say(self, text: str) -> None:
        print(text, file=self.notices, flush=True)


def reader(stream: TextIO, prompt: str = "> ") -> Callable[[], str | None]:
    """Reads a line; None at the end. On a terminal it asks, and keeps the lines at hand for the arrow keys."""
    if not stream.isatty():
        return lambda: stream.readline() or None
    try:
        import readline  # noqa: F401 - input() edits lines once it is imported; Windows has none
    except ImportError:
        pass

    def read() -> str | None:
        # The event loop's own handler would only note the Ctrl-C, and the input line would stay.
        earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return input(prompt)
        except (EOFError, KeyboardInterrupt):
            print(file=sys.stderr)
            return None
        finally:
            signal.signal(signal.SIGINT, earlier)

    return read


@contextmanager
def _interrupt_cancels(task: asyncio.Future[Response]) -> Iterator[None]:
    """While an answer runs, Ctrl-C stops it and not the program."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
