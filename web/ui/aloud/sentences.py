"""Finds where sentences end, in a text that may still grow. Pure."""

ENDS = ".!?…"
CLOSERS = "\"'»”’)]*_"
SPACES = " \u00a0\u202f"
"""The second and third are without a line's end."""
PAUSES = ",;:"
ABBREVIATIONS = (
    "m mm mme mlle mr mrs ms dr prof st ste e.g i.e etc cf vs no nos p pp fig al approx env ex art chap vol éd av apr "
    "j.-c a.m p.m u.s inc ltd jan feb févr mar avr apr jun juil jul aug sep sept oct nov dec déc"
).split()
"""Words before a full stop that isn't the sentence's."""
LONGEST = 200
"""Characters that are said at once: a stop comes soon after, and no voice loses its breath."""
CLAUSE = 30
"""Characters of a clause that may be said alone."""


def split(text):
    """The sentences of a text that is whole and has no marks."""
    chars, found, start = list(text), [], 0
    for place in range(len(chars)):
        after = _end(chars, place, True)
        if after and after > start:
            found.append(_inner(chars, start, after))
            start = after
    found.append(_inner(chars, start, len(chars)))
    return [part for sentence in found if sentence for part in shortened(sentence)]


def shortened(sentence):
    """The same in parts that aren't too long, cut where a reader would breathe."""
    parts = []
    while len(sentence) > LONGEST:
        cut = max([sentence.rfind(mark + " ", CLAUSE, LONGEST) for mark in PAUSES])
        cut = cut + 1 if cut > 0 else sentence.rfind(" ", 0, LONGEST)
        cut = cut if cut > 0 else LONGEST
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return parts + [sentence] if sentence else parts


def last_cut(text, clauses=False):
    """How much of a paragraph that goes on can be said: up to the last end of a sentence that stands outside of
    code, formulas and links; 0 for none. ``clauses``: to the first clause's end, where no sentence ends."""
    chars, best = list(text), 0
    for place in range(len(chars)):
        after = _end(chars, place, False)
        if after and not _open(chars, after):
            best = after
    if best or not clauses:
        return best
    for place in range(CLAUSE, len(chars) - 1):
        if chars[place] in PAUSES and chars[place + 1].isspace() and not _open(chars, place + 1):
            return place + 1
    return 0


def _inner(chars, start, end):
    return "".join(chars[start:end]).strip()


def _end(chars, place, whole):
    """The place after a sentence that ends with the sign at ``place``, 0 for none. Where the text isn't ``whole`` the
    next sentence has to have begun."""
    if chars[place] not in ENDS:
        return 0
    after = place + 1
    while after < len(chars) and (chars[after] in ENDS or chars[after] in CLOSERS or _second(chars, after)):
        after += 1
    following = after
    while following < len(chars) and chars[following].isspace():
        following += 1
    if following == after or following == len(chars):
        return 0 if not whole or after < len(chars) else after
    lower = chars[following].islower()
    if chars[place] != ".":
        return 0 if lower and after > place + 1 else after  # “No!” he said
    word = _word_before(chars, place)
    continues = lower or word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isupper())
    return 0 if continues or (word.isdigit() and place == len(word)) else after


def _second(chars, place):
    """A closing sign after a space, as French sets it."""
    after = chars[place + 1] if place + 1 < len(chars) else " "
    return (chars[place] in SPACES and after == "»") or (chars[place] in SPACES[1:] and after in "!?")


def _word_before(chars, place):
    start = place
    while start and not chars[start - 1].isspace() and chars[start - 1] not in "(«“\"'’":
        start -= 1
    return "".join(chars[start:place])


def _open(chars, end):
    """Whether code, a formula or a link is open before ``end``."""
    text = "".join(chars[:end])
    if text.count("`") % 2:
        return True
    formula = text.rfind("$")
    if (
        text.count("$") % 2
        and formula + 1 < end
        and not chars[formula + 1].isspace()
        and not chars[formula + 1].isdigit()
    ):
        return True
    if text.rfind("\\(") > text.rfind("\\)") or text.rfind("\\[") > text.rfind("\\]"):
        return True
    link = text.rfind("[")
    if link > text.rfind("]"):
        return True
    return text.rfind("](") > text.rfind(")")
