"""Codes in pictures are read by zxing, in the engine's worker as in CPython. Under Node."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from orion_py.native.codes import read_codes as read_natively
from tests.bridge_in_node import Node, Refused, bridge

ROOT = Path(__file__).resolve().parents[4]
PACKAGE = ROOT / "node_modules" / "zxing-wasm" / "dist"
SCRIPT = """
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readCodes } from "./bridge/worker/pictures/codes.js";
globalThis.ImageData ??= class {
  constructor(width, height) {
    Object.assign(this, { data: new Uint8ClampedArray(4 * width * height), width, height });
  }
};
const headers = { "Content-Type": "application/wasm" };
globalThis.fetch = async (url) => new Response(readFileSync(fileURLToPath(url)), { headers });
const root = new URL("./", import.meta.url);
const answer = ([pixels, width, height]) =>
  readCodes(root, new Uint8Array(Buffer.from(pixels, "base64")), width, height)
    .catch((error) => { throw new Error(error.code); });
"""


def vendored(folder: Path) -> None:
    """The library's files, as a built site has them."""
    for name, source in (
        ("share.js", "es/share.js"),
        ("reader/index.js", "es/reader/index.js"),
        ("zxing_reader.wasm", "reader/zxing_reader.wasm"),
    ):
        target = folder / "vendor" / "zxing" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PACKAGE / source).read_bytes())


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with bridge(tmp_path, SCRIPT) as running:
        yield running


def picture(*texts: str) -> np.ndarray:
    """QR codes below each other."""
    parts = [
        np.pad(
            np.asarray(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=6)),
            24,
            constant_values=255,
        )
        for text in texts
    ]
    width = max(part.shape[1] for part in parts)
    stacked = np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=255) for p in parts])
    return np.asarray(Image.fromarray(stacked).convert("RGB"))


def asked(node: Node, rgb: np.ndarray) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        str(node.ask([base64.b64encode(rgb.tobytes()).decode(), rgb.shape[1], rgb.shape[0]]))
    )
    return found


async def test_codes_are_told_from_the_top_down_as_in_cpython(node: Node, tmp_path: Path) -> None:
    vendored(tmp_path)
    rgb = picture("https://example.org/été", "second")
    found = asked(node, rgb)
    natively = await read_natively(rgb)
    assert [(code["kind"], code["text"]) for code in found] == [(code.kind, code.text) for code in natively]
    assert [code["text"] for code in found] == ["https://example.org/été", "second"]
    assert np.abs(np.array([code["box"] for code in found]) - np.array([code.box for code in natively])).max() <= 1


def test_a_picture_without_codes_has_none(node: Node, tmp_path: Path) -> None:
    vendored(tmp_path)
    assert asked(node, np.full((50, 50, 3), 255, np.uint8)) == []


def test_a_library_that_does_not_come_is_a_failed_download_and_is_asked_for_again(node: Node, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="download_failed"):
        asked(node, np.full((50, 50, 3), 255, np.uint8))
    vendored(tmp_path)
    assert asked(node, picture("now")) != []
