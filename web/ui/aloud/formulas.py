"""Puts a formula in TeX into words, in English and French. Pure."""

WORDS = {
    "en": {
        "+": "plus",
        "-": "minus",
        "=": "equals",
        "<": "is less than",
        ">": "is greater than",
        "/": "over",
        "!": "factorial",
        "%": "percent",
        "*": "times",
        "times": "times",
        "div": "divided by",
        "pm": "plus or minus",
        "le": "is at most",
        "ge": "is at least",
        "ne": "is not",
        "approx": "is about",
        "infty": "infinity",
        "to": "to",
        "in": "in",
        "sum": "the sum of",
        "prod": "the product of",
        "int": "the integral of",
        "lim": "the limit of",
        "sqrt": "the square root of",
        "frac": "over",
        "^2": "squared",
        "^3": "cubed",
        "^": "to the power of",
        "degrees": "degrees",
        "long": "A formula follows; it isn’t read.",
        "code": "Some code follows; it isn’t read.",
    },
    "fr": {
        "+": "plus",
        "-": "moins",
        "=": "égale",
        "<": "est inférieur à",
        ">": "est supérieur à",
        "/": "sur",
        "!": "factorielle",
        "%": "pour cent",
        "*": "fois",
        "times": "fois",
        "div": "divisé par",
        "pm": "plus ou moins",
        "le": "est au plus égal à",
        "ge": "est au moins égal à",
        "ne": "est différent de",
        "approx": "vaut environ",
        "infty": "l’infini",
        "to": "vers",
        "in": "appartient à",
        "sum": "la somme de",
        "prod": "le produit de",
        "int": "l’intégrale de",
        "lim": "la limite de",
        "sqrt": "la racine carrée de",
        "frac": "sur",
        "^2": "au carré",
        "^3": "au cube",
        "^": "puissance",
        "degrees": "degrés",
        "long": "Suit une formule, qui n’est pas lue.",
        "code": "Suit du code, qui n’est pas lu.",
    },
}
SAME = {
    "cdot": "times",
    "ast": "times",
    "leq": "le",
    "geq": "ge",
    "neq": "ne",
    "lt": "<",
    "gt": ">",
    "rightarrow": "to",
    "dfrac": "frac",
    "tfrac": "frac",
    "sim": "approx",
    "×": "times",
    "·": "times",
    "÷": "div",
    "±": "pm",
    "≤": "le",
    "≥": "ge",
    "≠": "ne",
    "≈": "approx",
    "∞": "infty",
    "→": "to",
    "−": "-",
    "–": "-",
    "²": "^2",
    "³": "^3",
    "°": "degrees",
    "circ": "degrees",
    "√": "sqrt",
}
"""Signs and commands that mean what another does."""
SILENT = (
    "left",
    "right",
    "quad",
    "qquad",
    "displaystyle",
    "boxed",
    "big",
    "Big",
    "bigl",
    "bigr",
    "limits",
    "cdots",
    "ldots",
    "dots",
)
WRITTEN = ("text", "textbf", "mathrm", "mathbf", "mathit", "operatorname")
"""Commands whose group is a word, and no product of letters."""
LONGEST = 60
"""Tokens; nobody follows a longer formula by ear."""


def phrase(name, language):
    """What is said in place of ``code`` and of a ``long`` formula; "" in a language that has no words here."""
    return WORDS.get(language, {}).get(name, "")


def spoken(tex, language):
    """The formula in words; in a language that has none here, without its marks."""
    words, tokens = WORDS.get(language, {}), tokens_of(tex)
    if len(tokens) > LONGEST or "begin" in tokens or "\\\\" in tokens:
        return phrase("long", language)
    out = []
    _read(tokens, 0, None, words, out)
    return " ".join([word for word in out if word])


def tokens_of(tex):
    """Commands without their backslash, whole numbers, single signs and letters, words with a space before them."""
    tokens, kind = [], ""
    chars = list(tex)
    place = 0
    while place < len(chars):
        char = chars[place]
        place += 1
        if char == "\\":
            name = ""
            while place < len(chars) and chars[place].isalpha():
                name += chars[place]
                place += 1
            if not name and place < len(chars):
                name = "\\\\" if chars[place] == "\\" else ("" if chars[place] in ",;:! " else chars[place])
                place += 1
            kind = ""
            if name in WRITTEN and "}" in chars[place:]:
                end = place + chars[place:].index("}")
                tokens.append(" " + "".join(chars[place:end]).replace("{", ""))
                place = end + 1
            elif name:
                tokens.append(name)
            continue
        now = "digit" if char.isdigit() else ""
        if now and kind == now:
            tokens[-1] += char
        elif char in ".," and kind == "digit" and place < len(chars) and chars[place].isdigit():
            tokens[-1] += char
            now = "digit"
        elif not char.isspace():
            tokens.append(char)
        kind = now
    return tokens


def _read(tokens, place, until, words, out):
    """Appends the words of what comes before ``until``; returns the place after it."""
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token == until:
            return place
        token = SAME.get(token, token)
        if token == "frac":
            place = _argument(tokens, place, words, out)
            out.append(words.get("frac", "/"))
            place = _argument(tokens, place, words, out)
        elif token == "sqrt":
            out.append(words.get("sqrt", "√"))
            place = _argument(tokens, place, words, out)
        elif token == "^":
            power = []
            place = _argument(tokens, place, words, power)
            text = " ".join(power)
            if text in ("2", "3"):
                out.append(words.get("^" + text, text))
            elif text == words.get("degrees"):
                out.append(text)
            else:
                out.extend([words.get("^", ""), text])
        elif token == "{":
            place = _read(tokens, place, "}", words, out)
        elif token in words:
            out.append(words[token])
        elif token not in SILENT and token not in "_&()[]{}|$`":
            out.append(token.strip())
    return place


def _argument(tokens, place, words, out):
    """Reads a group in braces, or one token."""
    if place < len(tokens) and tokens[place] == "{":
        return _read(tokens, place + 1, "}", words, out)
    _read(tokens[place : place + 1], 0, None, words, out)
    return place + 1
