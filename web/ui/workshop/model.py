"""Holds what is written in the workshop: fields, what is wrong with them, and drafts kept on the device. Pure.

Fields are texts: ``name``, ``prompt``, ``examples`` (one a line), ``code``, and ``question``, which is
there to try the agent and no part of it. A definition is the engine's AgentDefinition as a dict.
"""

import json

from ui.base.json_text import read

FIELDS = ("name", "prompt", "examples", "code")
MOST = 20
NAME_CHARS = 60
PROMPT_CHARS = 4000
EXAMPLES = 20
EXAMPLE_CHARS = 300
CODE_CHARS = 20_000
MAX_TOKENS = 512
ID_CHARS = 36
DRAFTS = "orion.workshop"
NEW = ""
"""The id of a new agent's draft."""
RESERVED = ("auto",)
PLAIN = {
    "a": "àáâãäåÀÁÂÃÄÅ",
    "c": "çÇ",
    "e": "èéêëÈÉÊË",
    "i": "ìíîïÌÍÎÏ",
    "n": "ñÑ",
    "o": "òóôõöÒÓÔÕÖ",
    "u": "ùúûüÙÚÛÜ",
    "y": "ýÿÝŸ",
    "ae": "æÆ",
    "oe": "œŒ",
    "ss": "ß",
}


def fresh():
    return {"name": "", "prompt": "", "examples": "", "code": "", "question": ""}


def fields_of(definition):
    """The fields in which an agent is changed."""
    fields = fresh()
    for name in ("name", "prompt", "code"):
        fields[name] = definition.get(name) or ""
    fields["examples"] = "\n".join(definition.get("examples") or [])
    return fields


def differs(one, other):
    return any(one[name].strip() != other[name].strip() for name in FIELDS)


def lines(text):
    """The examples of a text, each once."""
    found = []
    for line in text.split("\n"):
        line = line.strip()
        if line and line not in found:
            found.append(line)
    return found


def problems(fields, agent, made):
    """Field to (key of the page's words, values), for what keeps the agent ``agent`` (NEW: none yet)
    from being saved beside those ``made``."""
    found = {}
    name, prompt, code = fields["name"].strip(), fields["prompt"].strip(), fields["code"]
    if not name:
        found["name"] = ("wrong_name_missing", {})
    elif len(name) > NAME_CHARS:
        found["name"] = ("wrong_name_long", {"most": NAME_CHARS})
    elif any(row["id"] != agent and row["name"].lower() == name.lower() for row in made):
        found["name"] = ("wrong_name_taken", {})
    elif agent == NEW and len(made) >= MOST:
        found["name"] = ("wrong_too_many", {"most": MOST})
    if not prompt:
        found["prompt"] = ("wrong_prompt_missing", {})
    elif len(prompt) > PROMPT_CHARS:
        found["prompt"] = ("wrong_prompt_long", {"most": PROMPT_CHARS, "count": len(prompt)})
    examples = lines(fields["examples"])
    if len(examples) > EXAMPLES:
        found["examples"] = ("wrong_examples_many", {"most": EXAMPLES, "count": len(examples)})
    elif any(len(line) > EXAMPLE_CHARS for line in examples):
        found["examples"] = ("wrong_example_long", {"most": EXAMPLE_CHARS})
    problem = code_problem(code)
    if problem:
        found["code"] = problem
    return found


def code_problem(code):
    if len(code) > CODE_CHARS:
        return "wrong_code_long", {"most": CODE_CHARS}
    if code.strip() and "respond" not in code:
        return "wrong_code_respond", {}
    return None


def definition(fields, agent, made, taken):
    """What is saved. An agent keeps its id and what the form doesn't show; a new one gets an id that
    isn't among ``taken``."""
    kept = next((row for row in made if row["id"] == agent), None)
    saved = dict(kept or {"id": new_id(fields["name"], taken), "max_tokens": MAX_TOKENS})
    saved["name"], saved["prompt"] = fields["name"].strip(), fields["prompt"].strip()
    saved["examples"] = lines(fields["examples"])
    saved["code"] = fields["code"] if fields["code"].strip() else ""
    return saved


def new_id(name, taken):
    base = slug(name)
    found, number = base, 1
    while found in taken or found in RESERVED:
        number += 1
        found = base + "-" + str(number)
    return found


def slug(name):
    """A name in small letters, digits and hyphens; "agent" where nothing is left of it."""
    text = ""
    for letter in name:
        for plain, accented in PLAIN.items():
            if letter in accented:
                letter = plain
        for part in letter.lower():
            if "a" <= part <= "z" or "0" <= part <= "9":
                text += part
            elif text and text[-1] != "-":
                text += "-"
    return text[:ID_CHARS].strip("-") or "agent"


class Drafts:
    """What was written and neither saved nor discarded, by the agent's id; ``backing`` as in base/store.py.

    All tabs share the rows: each change reads what is kept now and changes one agent's.
    """

    def __init__(self, backing):
        self._backing = backing
        self._refused = {}  # what the device doesn't keep lasts as long as the page

    def _rows(self):
        found = {}
        try:
            rows = read(self._backing.get(DRAFTS) or "{}")
        except ValueError:
            rows = {}
        for agent, row in (rows if isinstance(rows, dict) else {}).items():
            if isinstance(row, dict):
                fields = fresh()
                fields.update({name: row[name] for name in fields if isinstance(row.get(name), str)})
                found[agent] = fields
        return found

    def get(self, agent):
        if agent in self._refused:
            return dict(self._refused[agent])
        return self._rows().get(agent)

    def ids(self):
        rows = self._rows()
        rows.update(self._refused)
        return list(rows)

    def keep(self, agent, fields):
        """False where the device keeps nothing."""
        rows = self._rows()
        rows[agent] = dict(fields)
        kept = self._backing.set(DRAFTS, json.dumps(rows))
        if kept:
            self._refused.pop(agent, None)
        else:
            self._refused[agent] = dict(fields)
        return kept

    def drop(self, agent):
        self._refused.pop(agent, None)
        rows = self._rows()
        if rows.pop(agent, None) is None:
            return
        if rows:
            self._backing.set(DRAFTS, json.dumps(rows))
        else:
            self._backing.remove(DRAFTS)
