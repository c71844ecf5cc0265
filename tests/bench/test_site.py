"""One folder holds everything that a bench serves."""

from __future__ import annotations

from pathlib import Path

from bench.site import add_before, add_plain, assemble


def test_the_site_the_pages_and_the_weights_share_one_origin(tmp_path: Path) -> None:
    (tmp_path / "dist" / "workers").mkdir(parents=True)
    (tmp_path / "dist" / "workers" / "engine.js").write_text("engine")
    (tmp_path / "cached").write_text("weights")
    folder = tmp_path / "out"
    assemble(folder, tmp_path / "dist", {"model/model.onnx": tmp_path / "cached"})
    assert (folder / "orion" / "workers" / "engine.js").read_text() == "engine"
    assert (folder / "weights" / "model" / "model.onnx").read_text() == "weights"
    assert (folder / "pages" / "index.html").is_file()


def test_a_second_site_has_the_kernel_without_relaxed_simd_under_every_name(tmp_path: Path) -> None:
    """So that a page runs it whatever its browser has, by the product's own way to it."""
    site = tmp_path / "orion"
    (site / "kernel").mkdir(parents=True)
    for name in ("relaxed-threads", "relaxed", "plain-threads", "plain"):
        (site / "kernel" / f"{name}.wasm").write_text(name)
    (site / "relaxed.txt").write_text("no kernel")
    add_plain(tmp_path)
    read = {file.stem: file.read_text() for file in (tmp_path / "orion-plain" / "kernel").iterdir()}
    assert read == {
        "relaxed-threads": "plain-threads",
        "relaxed": "plain",
        "plain-threads": "plain-threads",
        "plain": "plain",
    }
    assert (tmp_path / "orion-plain" / "relaxed.txt").read_text() == "no kernel"


def test_an_earlier_build_lies_beside_this_one(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "index.html").write_text("old")
    add_before(tmp_path / "served", tmp_path / "old")
    assert (tmp_path / "served" / "before" / "index.html").read_text() == "old"
