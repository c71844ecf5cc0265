"""The Makefile's targets, with the variables that its help names: those that make models run on tiny ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from build_support.sources import MODELS
from tests.model_foundry.merging.tiny_parents import TinyParent

ROOT = Path(__file__).resolve().parents[1]
FAMILY = ROOT / "tests" / "model_foundry" / "families" / "llama"
TARGETS = (
    *("help", "dev", "test", "test-e2e", "test-coverage", "quantize-model", "merge-models", "shard-model"),
    *("optimize-model", "check", "deploy-check"),
)

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make isn't installed")


def make(*words: str, only_print: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs make with the foundry of this environment. The set-up that it begins with is done already."""
    places = [f"BIN={Path(sys.executable).parent}", *([] if only_print else ["PYTHON=true"])]
    return subprocess.run(
        ["make", *(["-n"] if only_print else []), *words, *places], cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture
def parents(tmp_path: Path) -> tuple[Path, Path]:
    return TinyParent(1).write(tmp_path / "first"), TinyParent(2).write(tmp_path / "second")


def test_help_lists_every_target() -> None:
    listed = re.findall(r"^  ([a-z0-9-]+) ", make("help").stdout, re.MULTILINE)
    assert tuple(listed) == TARGETS


def test_the_names_that_build_py_makes_are_the_makefiles() -> None:
    names = re.search(r"^NAMES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert names is not None
    assert set(names[1].split()) == set(MODELS)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("dev", "build.py serve"),
        ("test", "build.py test"),
        ("test-e2e", "build.py test e2e"),
        ("test-coverage", "build.py test unit --coverage"),
        ("check", "build.py test lint unit"),
        ("deploy-check", "build.py build --base /orion/"),
        ("shard-model", "build.py models"),
    ],
)
def test_a_target_calls_the_command_that_it_names(target: str, command: str) -> None:
    done = make(target, "ARGS=--help", only_print=True)
    assert done.returncode == 0
    assert command in done.stdout
    assert "--help" in done.stdout


def test_two_models_are_merged_by_their_ratios(parents: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = parents
    done = make("merge-models", f"MODELS={first} {second}", "RATIOS=0.6 0.4", f"OUTPUT={tmp_path / 'merged'}")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "merged" / "merge.json").read_text())
    weights = [model["parameters"]["weight"] for model in record["recipe"]["models"]]
    assert weights == [0.6, 0.4]


def test_a_recipe_is_merged_and_checked_without_writing(parents: tuple[Path, Path], tmp_path: Path) -> None:
    recipe = tmp_path / "half.yaml"
    recipe.write_text(
        "merge_method: linear\nmodels:\n  - model: first\n  - model: second\nparameters:\n  weight: 0.5\n"
    )
    output = f"OUTPUT={tmp_path / 'half'}"
    checked = make("merge-models", f"RECIPE={recipe}", output, "ARGS=--check")
    assert checked.returncode == 0, checked.stderr
    assert not (tmp_path / "half").exists()
    assert make("merge-models", f"RECIPE={recipe}", output).returncode == 0
    assert (tmp_path / "half" / "merge.json").is_file()


@pytest.mark.parametrize("words", [[], ["MODELS=a b", "RATIOS=1"], ["MODELS=nowhere/a nowhere/b", "RATIOS=1 1"]])
def test_a_merge_that_cannot_be_says_why(words: list[str]) -> None:
    done = make("merge-models", *words)
    assert done.returncode != 0
    assert "foundry: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_is_optimized_quantized_and_sharded_into_the_folder_asked_for(tmp_path: Path) -> None:
    built = tmp_path / "built"
    named = "ARGS=--name tiny --licence Apache-2.0 --no-quality"
    done = make("optimize-model", f"MODEL={FAMILY}", f"OUTPUT={built}", named)
    assert done.returncode == 0, done.stderr
    first = json.loads((built / "tiny" / "manifest.json").read_text())
    done = make("shard-model", "MODEL=tiny", f"OUTPUT={built}", "SHARDS=2")
    assert done.returncode == 0, done.stderr
    sharded = json.loads((built / "tiny" / "manifest.json").read_text())
    assert sharded["version"] != first["version"]
    assert len([shard for shard in sharded["shards"] if shard["tensors"]]) == 2
    loose = "ARGS=--max-perplexity-loss 9 --min-agreement 0 --max-kl 9 --steps 4 --method rtn"
    done = make("quantize-model", "MODEL=tiny", f"OUTPUT={built}", "BITS=8", loose)
    assert done.returncode == 0, done.stdout + done.stderr
    quantized = json.loads((built / "tiny" / "manifest.json").read_text())
    assert quantized["recipe"]["options"]["quantization"].startswith("q8")


def test_a_model_that_is_nowhere_is_told_with_what_can_be_built() -> None:
    done = make("quantize-model", "MODEL=microsoft/phi-3", "OUTPUT=models/phi-3-q4")
    assert done.returncode != 0
    assert "microsoft/phi-3 is neither a GGUF" in done.stderr
    assert "lite" in done.stderr
