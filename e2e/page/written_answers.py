"""Answers as models write them, in English and in French, and what a reader has to see of each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Written:
    """``text`` is the model's; all of ``shown`` is to be read on the page. The bold, slanted and struck words, and
    the number of formulas, are exactly these; ``has`` counts what a selector finds."""

    name: str
    text: str
    shown: tuple[str, ...]
    strong: tuple[str, ...] = ()
    em: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    formulas: int = 0
    has: dict[str, int] = field(default_factory=dict)


def _same(name: str, text: str, formulas: int = 0) -> Written:
    """Every character of it is shown."""
    return Written(name, text, (text,), formulas=formulas)


ANSWERS = [
    # sums and products
    _same("a product", "2*3*4 = 24"),
    _same("products in a sentence", "If a = 5*x and b = 3*y, then a*b = 15*x*y, not 8*x*y."),
    _same("a product with spaces", "5 * 3 * 2 = 30, and 7 * 8 is 56."),
    _same("products of brackets", "(a+b)*(c+d)*(e+f) and 2*(x+1)*3"),
    _same("powers in Python's writing", "2**3**2 is 512, since 3**2 is 9; f(x)**2 + g(x)**2"),
    Written("a sum in bold", "**Total: 3*4*5 = 60 €**", ("Total: 3*4*5 = 60 €",), strong=("Total: 3*4*5 = 60 €",)),
    Written(
        "bold amounts",
        "**Total:** 5*3=15, so you pay **$15**, or **-5 %**.",
        ("Total: 5*3=15, so you pay $15, or -5 %.",),
        strong=("Total:", "$15", "-5 %"),
    ),
    _same("multiplication one line each", "3*1 = 3\n3*2 = 6\n3*3 = 9"),
    _same("a dimension", "Cut a board of 120*60*2 cm; 3*2 boards are enough."),
    _same("un calcul", "Le prix est de 12*4 = 48 € et la remise de 10*2 = 20 €."),
    # about, from and to
    _same("ranges with tildes", "It takes 10~20 minutes and costs 30~40 euros."),
    _same("about", "It is ~5 km away, ~1 hour on foot, and costs ~10 €."),
    Written("struck out", "It was ~~Monday~~ Tuesday, 5~~ish~~.", ("It was Monday Tuesday",), struck=("Monday",)),
    # names
    _same("dunder names", 'Define __init__ and __str__, and test __name__ == "__main__".'),
    _same("a file of Python", "Put it into __init__.py and __main__.py, or my_package/__init__.py."),
    _same("snake case", "Call get_user_name with max_retry_count, then file_name_with_underscores.txt."),
    _same("private names", "The method _load_from_disk calls self._cache and self._lock_ twice."),
    _same("arguments", "Write def f(*args, **kwargs): return g(*args, **kwargs) to pass *args and **kwargs on."),
    _same("macros", "The macros __FILE__ and __LINE__ are filled in by the compiler."),
    _same("shell variables", "Set $HOME and $PATH_LIKE, or ${HOME}/bin:$PATH for both."),
    _same("PHP", "Read $_GET and $_POST with care."),
    Written(
        "a bold name", "The method **__init__** is called.", ("The method __init__ is called.",), strong=("__init__",)
    ),
    Written(
        "underscores for bold and slant",
        "__Important note__: _please_ read.",
        ("Important note: please read.",),
        strong=("Important note",),
        em=("please",),
    ),
    # programs outside of code
    _same("C++ templates", "Use std::vector<int> or std::map<std::string, T> with the parameter <T>."),
    _same("Java generics", "A Map<String, List<T>> holds lists; List<?> doesn't."),
    _same("pointers", "int *p = &x; int **q = &p; *p = 5; char *argv[]"),
    _same("SQL", "SELECT COUNT(*) FROM users WHERE COUNT(*) > 1"),
    _same("globs", "Match *.txt and *.py, or src/**/*.c and src/*.h."),
    _same("a cron line", "0 */2 * * * /usr/bin/backup and */5 * * * * for every 5 minutes"),
    _same("a regular expression", r"Use \d+\.\d* for numbers and (\w+)*\s* for words, .*foo.* for both."),
    _same("an escaped bracket", r"The pattern \(\d{3}\) \d{3}-\d{4} matches a phone number."),
    _same("a Windows path", r"Open C:\Users\ada\_private\*.log and C:\new_folder\test.txt."),
    _same("a network share", r"Connect to \\server\share_name\_data\.hidden for it."),
    _same("backslashes in pairs", r"\\(x\\) is how some write it."),
    _same("an HTML tag in a sentence", 'Wrap it in <div class="box"> and close it with </div>.'),
    _same("comparisons", "If a < b and c > d, then a<b && c>d is true; x <- 5."),
    Written(
        "code in a sentence",
        "Use `2*3*4` and `__init__` and `a_b`.",
        ("Use 2*3*4 and __init__ and a_b.",),
        has={"code": 3},
    ),
    Written(
        "a block of code",
        "```python\nx = 2*3*4\ndef __init__(self, *args): pass\n```",
        ("x = 2*3*4\ndef __init__(self, *args): pass",),
        has={".code-block": 1},
    ),
    # what is meant to be bold or slanted
    Written(
        "emphasis",
        "This is **very** important, *really*, and ***both***.",
        ("This is very important, really, and both.",),
        strong=("very", "both"),
        em=("really", "both"),
    ),
    Written("a bold plural", "Use **API**s and the **URL**.", ("Use APIs and the URL.",), strong=("API", "URL")),
    Written(
        "bold without a space",
        "**Note:**be careful. «**Attention !**»",
        ("Note:be careful. «Attention !»",),
        strong=("Note:", "Attention !"),
    ),
    Written(
        "bold in Chinese",
        "这是**重点**内容，**注意：**请看。",
        ("这是重点内容，注意：请看。",),
        strong=("重点", "注意："),
    ),
    Written(
        "in brackets and quotes",
        '(**one**) and "*two*" — *three* — and *a*/*b*.',
        ('(one) and "two" — three — and a/b.',),
        strong=("one",),
        em=("two", "three", "a", "b"),
    ),
    Written(
        "une élision",
        "C’est l’**essentiel**, d'*abord*.",
        ("C’est l’essentiel, d'abord.",),
        strong=("essentiel",),
        em=("abord",),
    ),
    Written("nested", "**The *inner* part**", ("The inner part",), strong=("The inner part",), em=("inner",)),
    Written(
        "escaped stars", r"\*not slanted\* and 5 \* 3 and snake\_case", ("*not slanted* and 5 * 3 and snake_case",)
    ),
    # lines
    _same("a poem", "Roses are red,\nViolets are blue,\nSugar is sweet,\nAnd so are you."),
    Written(
        "un poème en strophes",
        "Le vent se lève,\nla mer s’endort.\n\nEt dans mon rêve,\nje suis au port.",
        ("Le vent se lève,\nla mer s’endort.", "Et dans mon rêve,\nje suis au port."),
        has={"p": 2},
    ),
    _same("an address", "Ada Lovelace\n12 St James's Square\nLondon"),
    Written(
        "an e-mail",
        "**Subject:** Meeting\n\nDear Ms Martin,\n\nI can't come on Monday.\nCould we meet on Tuesday?\n\n"
        "Best regards,\n[Your Name]",
        ("I can't come on Monday.\nCould we meet on Tuesday?", "Best regards,\n[Your Name]"),
        strong=("Subject:",),
    ),
    Written(
        "un courriel",
        "Objet : Absence\n\nBonjour Madame,\n\nJe serai absente lundi.\nBien cordialement,\n[Votre nom]",
        ("Je serai absente lundi.\nBien cordialement,\n[Votre nom]",),
    ),
    _same("a form", "[Name]: Ada\n[Date]: 12 May"),
    _same("a dialogue", "— Bonjour !\n— Bonsoir, dit-il."),
    # lists and tables
    Written(
        "a numbered list",
        "1. First\n2. Second\n   - a detail\n3. Third",
        ("First", "Second", "a detail", "Third"),
        has={"ol > li": 3, "ul > li": 1},
    ),
    Written(
        "a list of names",
        "- `max_len`: 2*3*4\n- file_name_here\n- **Bold** item",
        ("max_len: 2*3*4", "file_name_here", "Bold item"),
        strong=("Bold",),
        has={"li": 3},
    ),
    Written(
        "une liste à cocher",
        "- [x] faire les courses\n- [ ] ranger",
        ("faire les courses", "ranger"),
        has={"li.task": 2},
    ),
    Written(
        "a table",
        "| Item | Qty | Price |\n|---|--:|--:|\n| Pen | 2*3 | $5 |\n| user_name_id | 1 | $10 |",
        ("2*3", "user_name_id", "$10"),
        has={"td": 6},
    ),
    Written(
        "un tableau",
        "| Ville | Habitants |\n|---|---|\n| **Lyon** | ~520 000 |",
        ("Lyon", "~520 000"),
        strong=("Lyon",),
        has={"tbody tr": 1},
    ),
    Written("an escaped number", r"1\. is not a list", ("1. is not a list",), has={"li": 0}),
    Written(
        "a heading and a quotation",
        "## Plan\n\n> Less is more.",
        ("Plan", "Less is more."),
        has={"h2": 1, "blockquote": 1},
    ),
    Written(
        "sources",
        "See [the docs][1].\n\n[1]: https://example.org/docs",
        ("See the docs.", "[1]: https://example.org/docs"),
        has={"a": 2},
    ),
    _same("notes", "As shown in [1] and [2], see also [Smith, 2020]."),
    # prices
    _same("prices", "It costs $5 and $10, $1,000,000 in all, US$20 or $5-$10."),
    _same("prices in a range of signs", "Cheap: $$ to $$$. It takes $$ and time."),
    _same("des prix", "De 5$ à 10$, soit 4,50 € à 9 €."),
    # formulas
    Written("an inline formula", r"So \(x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}\) holds.", ("So", "holds."), formulas=1),
    Written(
        "a displayed formula",
        "Then\n\\[\nx = 3\n- 4\n\\]\nDone.",
        ("Then", "Done."),
        formulas=1,
        has={".formula.display": 1, "li": 0},
    ),
    Written("dollars", "The area is $$A = \\pi r^2$$ and $x_1 + x_2 = $5? No: $x^2$.", ("No:",), formulas=2),
    Written("the form without backslashes", r"[ \frac{12}{3} = 4 ]", (), formulas=1),
    Written(
        "the same on three lines",
        "Compute:\n[\n\\frac{12}{3} = 4\n]",
        ("Compute:",),
        formulas=1,
        has={".formula.display": 1},
    ),
    Written(
        "the same in parentheses",
        r"where ( \frac{1}{2} ) is a half (as \(a_1\) is)",
        ("where", "is a half (as"),
        formulas=2,
    ),
    Written(
        "a boxed answer",
        r"The answer is \boxed{13}. La réponse est \boxed{\frac{1}{2}}.",
        ("The answer is", "La réponse est"),
        formulas=2,
        has={"mrow.boxed": 2},
    ),
    Written("an environment", "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}", (), formulas=1, has={"mtr": 2}),
    Written("commands without signs", r"3 \times 4 = 12 and 12 \div 4 = 3", ("4 = 12 and 12",), formulas=2),
    Written(
        "a formula in bold",
        r"**The sum \(x_{1} * y_{2}\) is *small***",
        ("The sum", "is small"),
        strong=("The sum x1∗y2 is small",),
        em=("small",),
        formulas=1,
    ),
    Written(
        "a formula in a list",
        "1. First\n   \\[ x = 1 \\]\n2. Second",
        ("First", "Second"),
        formulas=1,
        has={"ol > li": 2},
    ),
    Written("a formula in a table", "| f | f' |\n|---|---|\n| \\(x^2\\) | \\(2x\\) |", ("f'",), formulas=2),
    Written(
        "a broken formula",
        r"Here \(\frac{1}{\) is broken and \[ \frac{1}{2 \] too.",
        (r"Here \(\frac{1}{\) is broken and", r"\[ \frac{1}{2 \]", "too."),
    ),
    _same("a formula that has no end", "\\[ a + \\frac"),
    _same("an unknown command", r"\(\unknowncommand{x}\)"),
    Written(
        "placeholders with escaped brackets",
        r"Dear \[Company Name\], \(see below\)",
        ("Dear [Company Name], (see below)",),
    ),
    Written(
        "formulas in code",
        "Write `\\(x\\)` or `$x$`:\n\n```latex\n\\[ x^2 \\]\n```",
        ("Write \\(x\\) or $x$:", "\\[ x^2 \\]"),
    ),
    # addresses
    Written(
        "addresses",
        "See https://example.org/a_b_c?x=1*2 and mail ada_l@example.org.",
        ("https://example.org/a_b_c?x=1*2", "ada_l@example.org"),
        has={"a": 2},
    ),
    Written("a block of HTML", "<div>\n  <p>Hello</p>\n</div>", ("<div>\n<p>Hello</p>\n</div>",)),
    _same("blanks to fill in", "My name is ____ and I am (____) years old, ____."),
    _same("an emoticon", "That's it ¯\\_(ツ)_/¯ *shrug"),
]
