"""Tells whether somebody who speaks wants it to stop, in English and French. Pure."""

STOPS = ("stop", "stop it", "stop please", "please stop", "arrête", "arrete", "arrêtez", "arretez", "stoppe", "silence")
"""What is said alone, however often: within a question these words mean something else."""
EDGES = ".,;:!?…-–—'\"«»“”’() \u00a0\u202f"


def wants_stop(text):
    words = [word.strip(EDGES).lower() for word in text.replace("\u00a0", " ").split()]
    words = [word.replace("Ê", "ê") for word in words if word]
    said = " ".join([word for place, word in enumerate(words) if not place or word != words[place - 1]])
    return said in STOPS
