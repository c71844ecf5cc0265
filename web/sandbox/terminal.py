"""Provides what a program finds around it when a person runs it: a main module, input, help, and plain words for what
isn't available. ``prepare(name, ask)`` is called before it runs; ``ask`` is None for code that answers in the place of
a model, where nobody sits at a keyboard.
"""

import builtins
import io
import json
import sys
import types

from pyodide.ffi import can_run_sync, run_sync

ABSENT = {
    "sqlite3": "this Python has no database",
    "dbm": "this Python has no database",
    "tkinter": "there are no windows here",
    "turtle": "there are no windows here",
    "curses": "there is no terminal here",
    "venv": "no other program can be started here",
    "ensurepip": "nothing can be installed here",
    "pip": "nothing can be installed here",
    "wsgiref": "there is no network here",
    "xmlrpc": "there is no network here",
    "socketserver": "there is no network here",
    "ftplib": "there is no network here",
    "imaplib": "there is no network here",
    "poplib": "there is no network here",
    "smtplib": "there is no network here",
    "webbrowser": "code can't leave its frame",
}
"""Modules of the standard library that are left out, and why; docs/workshop.md lists them."""


class Missing:
    """The last to be asked for a module: says in words that it isn't here."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}: {ABSENT[top]}.", name=name)


class Keyboard(io.TextIOBase):
    """Standard input: each line is asked for on the page."""

    def __init__(self, ask):
        self._ask = ask
        self._left = ""
        self._ended = False

    def readable(self):
        return True

    def readline(self, size=-1):
        if not self._left and not self._ended:
            self._left = self._line("")
        end = len(self._left) if size is None or size < 0 else size
        line, self._left = self._left[:end], self._left[end:]
        return line

    def read(self, size=-1):
        lines = []
        while line := self.readline():
            lines.append(line)
        return "".join(lines)

    def input(self, prompt=""):
        line = self._left or self._line(str(prompt))
        self._left = ""
        if not line:
            raise EOFError("EOF when reading a line")
        return line.removesuffix("\n")

    def _line(self, prompt):
        """The next line with its end, "" at the end of the input."""
        sys.stdout.write(prompt)
        sys.stdout.flush()
        if self._ended:
            return ""
        if self._ask is None:
            raise OSError("input() can't be asked for here: an agent's code gets its question as request.query.")
        if not can_run_sync():
            raise OSError("This browser can't wait for input while Python runs; a current Chrome or Edge can.")
        answer = json.loads(run_sync(self._ask(json.dumps({"input": prompt[-200:]}))))
        self._ended = bool(answer.get("end"))
        return "" if self._ended else str(answer.get("text", "")).replace("\n", " ") + "\n"


def help_(*request):
    """``help()`` as in any Python; it is no dialogue here, so it takes what it is to tell of."""
    import pydoc

    if not request:
        print("help(name) tells what `name` is: a module, a class, a function, or a text such as 'str.join'.")
        return
    pydoc.Helper(io.StringIO(), sys.stdout).help(*request)


def prepare(name, ask):
    """The names of a fresh ``__main__``, which is what ``unittest.main`` and pickle look into."""
    main = types.ModuleType("__main__")
    main.__file__ = name
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    sys.argv = [name]
    if not any(isinstance(finder, type) and finder is Missing for finder in sys.meta_path):
        sys.meta_path.append(Missing)
    sys.stdin = keyboard = Keyboard(ask)
    builtins.input = keyboard.input
    builtins.help = help_
    return main.__dict__
