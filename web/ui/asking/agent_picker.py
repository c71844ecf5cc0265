"""Offers the two choices beside the message box: who answers, and for the creative agent which kind of text."""

from ui.asking import agents

NEW = "+"
"""The choice that is no agent but the way to make one."""


class AgentPicker:
    """``on_new()`` when a new agent is wanted; None where none can be made."""

    def __init__(self, dom, words, on_new):
        self._dom, self._words, self._on_new = dom, words, on_new
        self._chosen = ""
        self._agent = dom.by_id("agent")
        self._kind = dom.by_id("text-kind")
        self._drawn = None
        dom.on(self._agent, "change", lambda _event: self._changed())

    @property
    def options(self):
        """The choice as an ``infer`` request's options."""
        chosen = {}
        if self._agent.value:
            chosen["force_agent"] = self._agent.value
            if not self._kind.hidden and self._kind.value:
                chosen["style"] = self._kind.value
        return chosen

    def _changed(self):
        if self._agent.value == NEW:
            self._agent.value = self._chosen
            self._on_new()
        agent = self._chosen = self._agent.value
        self._kind.hidden = not agents.is_creative(agent)
        self._dom.attribute(self._agent, "data-chosen", "true" if agent else None)

    def draw(self, rows, groups=()):
        """Again only when the agents or the language changed; what is chosen stays. ``groups``: rows
        {"id", "agents"} of the registry; an agent in none of them is listed alone."""
        choices = agents.choices(rows, self._words)
        key = (
            self._words.lang,
            [(choice.agent, choice.name, choice.why_not) for choice in choices],
            [(row["id"], list(row["agents"])) for row in groups],
        )
        if key == self._drawn:
            return
        self._drawn = key
        named = [(self._group_name(row["id"]), row["agents"]) for row in groups]
        self._fill(self._agent, [("", self._words("agent_auto"), "")] + self._in_groups(choices, named))
        kinds = [("", self._words("kind_any"), "")]
        self._fill(self._kind, kinds + [(style, self._words("kind_" + style), "") for style in agents.STYLES])
        self._agent.title = self._words("agent_auto_hint")
        self._changed()

    def _group_name(self, group):
        return self._words("group_" + group) if self._words.has("group_" + group) else group

    def _in_groups(self, choices, groups):
        """Rows for ``_fill``: a group is (its name, its rows). Those that can't answer are in one of their
        own at the end."""
        placed = [agent for _, members in groups for agent in members]
        rows = []
        for name, members in groups:
            mine = [self._row(choice) for choice in choices if choice.agent in members and choice.available]
            if mine:
                rows.append((name, mine))
        others = [self._row(choice) for choice in choices if choice.agent not in placed and choice.available]
        if self._on_new:
            others.append((NEW, self._words("new_agent"), ""))
        absent = [self._row(choice) for choice in choices if not choice.available]
        if absent:
            others.append((self._words("agents_absent"), absent))
        return rows + others

    def _row(self, choice):
        return choice.agent, choice.name, choice.why_not

    def _fill(self, select, rows):
        chosen, able = select.value, []
        select.replaceChildren()
        for row in rows:
            if len(row) == 2:
                place = self._dom.el("optgroup", None, None, {"label": row[0]})
                select.appendChild(place)
                members = row[1]
            else:
                place, members = select, [row]
            for value, text, why_not in members:
                option = self._dom.el("option", None, text, {"value": value})
                if why_not:
                    option.disabled = True
                    option.title = why_not
                else:
                    able.append(value)
                place.appendChild(option)
        select.value = chosen if chosen in able else ""
