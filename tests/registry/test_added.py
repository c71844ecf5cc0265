"""What an address may be, and what it becomes."""

from __future__ import annotations

import pytest

from orion_py.errors import InvalidInput
from orion_py.registry.added import folder_of


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://example.org/models/mine/", "https://example.org/models/mine/"),
        (" https://example.org/models/mine ", "https://example.org/models/mine/"),
        ("https://example.org/models/mine/manifest.json", "https://example.org/models/mine/"),
        ("http://localhost:8000/m", "http://localhost:8000/m/"),
        ("./models/mine", "models/mine/"),
        ("models/mine", "models/mine/"),
        ("somebody/A-Model_0.5b", "https://huggingface.co/somebody/A-Model_0.5b/resolve/main/"),
    ],
)
def test_a_folder_a_path_or_an_id_is_understood(address: str, folder: str) -> None:
    assert folder_of(address) == folder


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "../secrets/",
        "models/../../etc/",
        "https://example.org/a/../b/",
        "https://me:secret@example.org/",
        "https://example.org/?q=1",
        "https://example.org/#x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "file:///etc/",
        "//example.org/x/",
        "a/b/c d/",
    ],
)
def test_what_climbs_hides_or_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        folder_of(address)
