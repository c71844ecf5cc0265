"""What mergekit made of each case: run now, or as it was recorded.

    python -m tests.model_foundry.merging.mergekit_outputs

runs mergekit in its environment (``foundry environment`` makes it) and records its outputs in
mergekit.npz. Tensors that several cases share are kept once.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.merging.merge import prepare
from model_foundry.merging.methods.dare import drawn_mask
from model_foundry.model.weights import Float32
from tests.model_foundry.merging.cases import CASES, SEED, write_parents
from tests.model_foundry.merging.written import recipe_from

HERE = Path(__file__).parent
RECORDED = HERE / "mergekit.npz"

Outputs = dict[str, tuple[dict[str, Float32], dict[str, str], dict[str, object]]]
"""Case to tensors, their stored types, and what config.json says of layers and vocabulary."""

_KEYS = ("num_hidden_layers", "vocab_size")


def run_mergekit(python: Path, folder: Path) -> Outputs:
    """``folder`` gets the parents and recipes of all cases, and mergekit's outputs."""
    write_parents(folder)
    for name, text in CASES.items():
        (folder / f"{name}.yml").write_text(text)
        if "dare" in name:
            np.savez(folder / f"{name}.masks.npz", **_masks(name, folder))
    done = subprocess.run([python, HERE / "mergekit_side.py", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: _read(folder / "out" / name) for name in CASES}


def recorded() -> Outputs:
    with np.load(RECORDED) as file:
        facts = json.loads(str(file["facts"]))
        return {
            name: ({tensor: file[f"{name}:{tensor}"] for tensor in types}, types, settings)
            for name, (types, settings) in facts.items()
        }


def record(outputs: Outputs) -> None:
    facts = json.dumps({name: (types, settings) for name, (_, types, settings) in outputs.items()})
    arrays = {
        f"{name}:{tensor}": _narrowest(values, outputs[name][1][tensor])
        for name, (tensors, _, _) in outputs.items()
        for tensor, values in tensors.items()
    }
    np.savez_compressed(RECORDED, facts=np.array(facts), **arrays)


def _narrowest(values: Float32, dtype: str) -> np.ndarray:
    """Types narrower than float32 lose nothing as float16 where they are one."""
    return values.astype(np.float16) if dtype == "F16" else values


def _masks(name: str, folder: Path) -> dict[str, np.ndarray]:
    merge = prepare(recipe_from(CASES[name]), folder, seed=SEED)
    masks = {}
    for tensor in merge.plan.tensors:
        others = [one for one in tensor.inputs if not one.is_base]
        for place, one in enumerate(others):
            mask = drawn_mask(SEED, tensor.name, place, tensor.shape, one.parameters["density"])
            if mask is not None:
                masks[f"{place}:{tensor.name}"] = mask
    return masks


def _read(folder: Path) -> tuple[dict[str, Float32], dict[str, str], dict[str, object]]:
    contents = SafetensorsFolder(folder)
    tensors = contents.tensors
    return (
        {name: tensor.read() for name, tensor in tensors.items()},
        {name: tensor.dtype for name, tensor in tensors.items()},
        {key: contents.config[key] for key in _KEYS},
    )


def main() -> None:
    from model_foundry.training.environment import make

    with tempfile.TemporaryDirectory() as folder:
        record(run_mergekit(make(print), Path(folder)))
    print(f"{RECORDED}: {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
