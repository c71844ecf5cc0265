"""Lists the agents for the page: who may be asked, who is missing and why. Pure."""

STYLES = (
    "poem",
    "story",
    "dialogue",
    "slogan",
    "letter",
    "humorous",
    "formal",
    "lyrics",
    "description",
    "brainstorm",
)
UNSURE = 0.5


class Choice:
    """An agent as people may choose it. ``why_not`` is empty when it can answer."""

    def __init__(self, agent, name, about, why_not):
        self.agent, self.name, self.about, self.why_not = agent, name, about, why_not

    @property
    def available(self):
        return not self.why_not


def choices(agents, words):
    """Those of the status' ``agents`` that can answer first, each part in the registry's order."""
    able, unable = [], []
    for row in agents:
        about = words.among(row.get("description"))
        choice = Choice(row["id"], words.agent(row["id"]), about, _why_not(row, words))
        (able if choice.available else unable).append(choice)
    return able + unable


def _why_not(row, words):
    if row.get("available", True):
        return ""
    reasons = [words.among(absent.get("reason")) for absent in row.get("missing") or []]
    return " ".join([reason for reason in reasons if reason]) or words("agent_absent_plain")


def is_available(agents, agent):
    for row in agents:
        if row["id"] == agent:
            return bool(row.get("available", True))
    return False


def lacks_file(conversation, answer, agents):
    """Whether ``answer`` came from an agent that takes nothing but files, to a question without one."""
    question = conversation.question_of(answer)
    row = [row for row in agents if row["id"] == answer.agent]
    able = row[0].get("capabilities") or [] if row and row[0].get("available") else ["chat"]
    return answer.state == "success" and "chat" not in able and question is not None and not question.attached


def is_creative(agent):
    """Whether a kind of text can be asked of it."""
    return bool(agent) and agent.startswith("creative")


def alternative(turn, agents):
    """The agent to offer when the router wasn't sure, or None."""
    meta = turn.meta
    confidence, runner_up = meta.get("confidence"), meta.get("runner_up")
    if turn.state not in ("success", "cancelled") or confidence is None or confidence >= UNSURE:
        return None
    return runner_up if runner_up != turn.agent and is_available(agents, runner_up) else None


def certainty(turn):
    """How likely the router held the agent that answered to be the right one, or None where it can't say or
    wasn't sure of any: another agent's probability says nothing of this answer."""
    share = (turn.meta.get("probabilities") or {}).get(turn.agent)
    return share if share is not None and share >= UNSURE else None


def reason_words(turn, words):
    """Why this agent answered. The person's own choice is said in the page's words."""
    meta = turn.meta
    if meta.get("router") == "forced":
        return words("why_forced")
    return meta.get("reason") or words("why_unknown")
