"""One folder holds everything that a bench serves."""

from __future__ import annotations

from pathlib import Path

from bench.site import assemble


def test_the_site_the_pages_and_the_weights_share_one_origin(tmp_path: Path) -> None:
    (tmp_path / "dist" / "workers").mkdir(parents=True)
    (tmp_path / "dist" / "workers" / "engine.js").write_text("engine")
    (tmp_path / "cached").write_text("weights")
    folder = tmp_path / "out"
    assemble(folder, tmp_path / "dist", {"model/model.onnx": tmp_path / "cached"})
    assert (folder / "orion" / "workers" / "engine.js").read_text() == "engine"
    assert (folder / "weights" / "model" / "model.onnx").read_text() == "weights"
    assert (folder / "pages" / "index.html").is_file()
