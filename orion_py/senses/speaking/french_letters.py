"""Reads French letters aloud: rules for words that the lexicon doesn't have.

At each place of a word the first rule that fits is taken. V stands for a letter of a vowel, C for one of a consonant;
a rule that begins with ``>`` applies only after a vowel: an ending without one before it is the word's only vowel.
"""

from __future__ import annotations

import re

_V, _C = "[aeiouyàâäéèêëîïôöùûüœæ]", "[bcçdfghjklmnpqrstvwxz]"

_TEXT = """
>aient$ ɛ
>ai[ts]s?$ ɛ
aill aj
ail(?=s?$) aj
aings?$ iŋ
in(?![Vnh]) ɛ̃
aim(?![Vm]) ɛ̃
a[iî] ɛ
aï(?=[V]) aj
aï ai
ay(?=[V]) ɛj
ay ɛ
a[uû]x?(?=$) o
au o
aô o
aon(?=$|s$|n) ɑ̃
an(?![Vnh]) ɑ̃
am(?=[pb]) ɑ̃
[aàâ] a
æ e
eaux?$ o
eau o
euil(?=s?$) œj
euill œj
eil(?=s?$) ɛj
eill ɛj
eings?$ iŋ
in(?![Vnh]) ɛ̃
e[iî] ɛ
eun(?=$|s$) œ̃
eu[xst]?$ ø
eu(?=s[ei]) ø
eu(?=[td]r?[eiéa]) ø
eu(?=[V]) ø
eû ø
eu œ
ey(?=[V]) ɛj
ey ɛ
>ers?$ e
ez$ e
emment$ amɑ̃
>(?<=m)ent$ ɑ̃
>(?<=[iaéou])ent$ ɑ̃
>ents$ ɑ̃
>aient$ ɛ
>ent$
>es?$
ets?$ ɛ
(?<=[ié])en(?=$|s$|t$|d) ɛ̃
en(?![Vnh]) ɑ̃
em(?=[pb]) ɑ̃
en(?=n[uio]) ɑ̃
ex(?=[Vh]) ɛɡz
ex ɛks
é e
[èêë] ɛ
e(?=([bcdfglmnprstz])\\1) ɛ
e(?=[cfklprtxq]s?$) ɛ
e(?=[bcdfgptv][lr]) ə
e(?=(?:ch|ph|th|gn)) ə
e(?=CC) ɛ
e ə
(?<=v)ill il
(?<=[qg]u)ill(?=[V]) ij
(?<=C)ill(?=[V]) ij
ill(?=[V]) j
ie(?=s?$) i
ient$ jɛ̃
ien(?=c) jɑ̃
ien(?=n) jɛ
ien(?![Vn]) jɛ̃
(?<=[bcdfgptv][lr])i(?=[V]) ij
i(?=[aàâeéèêoôuœ]) j
ings?$ iŋ
in(?![Vnh]) ɛ̃
în(?![Vnh]) ɛ̃
im(?=[pb]) ɛ̃
[iîï] i
(?:œu|oeu)(?=(?:d?s|x|f?s)?$) ø
(?:œu|oeu) œ
(?:œ|oe)(?=[ln]) ɛ
œ e
oin(?![Vnh]) wɛ̃
oi[tdsx]?s?$ wa
o[iî] wa
oy(?=[V]) waj
oy wa
ouill uj
ouil(?=s?$) uj
ou(?=es?$) u
(?<=[bcdfgptv][lr])ou(?=[V]) u
ou(?=[aâeéèêiî]) w
o[uùû] u
on(?![Vnh]) ɔ̃
om(?=[pb]|s?$) ɔ̃
oo u
ô o
o(?=[stp]?s?$) o
o(?=s[eiéaœ]) o
o(?=tion) o
o(?=[V]) o
o ɔ
(?<=[qg])u(?=[eiéèêîy])
uill(?=[V]) ɥij
u[iî] ɥi
un(?![Vnh]) œ̃
um$ ɔm
um(?=[pb]) œ̃
u(?=es?$) y
(?<=[bcdfgptv][lr])u(?=[V]) y
u(?=[aeéèo]) ɥ
[uùûü] y
yn(?![Vn]) ɛ̃
ym(?=[pb]) ɛ̃
y(?=[V]) j
y i
(?<=m)bs?$
b(?=[st]) p
bb? b
sch ʃ
sh ʃ
ch(?=[rlnm]) k
(?<=psy)ch k
ch ʃ
cc(?=[eiéèêy]) ks
c?cqu k
c(?=[eiéèêëîïy]) s
ç s
(?<=n)cs?$
c[kq] k
cc? k
(?<=[nruaoie])ds?$
dd? d
ff? f
gn ɲ
gg(?=[eéi]) ɡʒ
ge(?=[aoâô]) ʒ
g(?=[eiéèêëîïy]) ʒ
(?<=[nruo])gs?$
gg? ɡ
h
j ʒ
k k
ll? l
mm? m
nn? n
ph f
(?<=m)p(?=t)
(?<=[moue])ps?$
pp? p
qu? k
>(?<=e)rs?$ ʁ
rr? ʁ
sc(?=[eiéèêy]) s
ss s
(?<=[V])s(?=[Vh]) z
s$
s s
(?<![sx])ti(?=on|el|eux|eus|aux|al|aire|en[ct]|ati) sj
th t
(?<=[c])ts?$ t
t+s?$
tt? t
v v
w w
xc(?=[eiéè]) ks
x$
(?<=i)x(?=i[eè]) z
x ks
z$
z z
"""


def _rule(line: str) -> tuple[bool, re.Pattern[str], str]:
    pattern, _, said = line.partition(" ")
    late = pattern.startswith(">")
    pattern = pattern.removeprefix(">").replace("[V]", _V).replace("V", _V[1:-1]).replace("C", _C)
    return late, re.compile(pattern), said


_RULES = tuple(_rule(line) for line in _TEXT.strip().splitlines())
_SPOKEN_VOWELS = frozenset("aɑeɛəiyuoɔøœ")


def letters_aloud(word: str) -> str:
    """The phonemes of a word in small letters. Signs that no rule knows are silent."""
    said, at = "", 0
    while at < len(word):
        had_vowel = any(sound in _SPOKEN_VOWELS for sound in said)
        for late, pattern, sound in _RULES:
            match = pattern.match(word, at) if had_vowel or not late else None
            if match and match.end() > at:
                said += sound
                at = match.end()
                break
        else:
            at += 1
    return said
