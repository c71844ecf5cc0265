"""What the bridge does where the browser offers less: hashes by a library, ids, waits that end."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab

NO_SUBTLE = "Object.defineProperty(crypto, 'subtle', { value: undefined }); delete Crypto.prototype.randomUUID;"


@pytest.fixture
def poor(context: BrowserContext, server: StaticServer) -> Lab:
    context.add_init_script(NO_SUBTLE)
    return Lab(context, server.url)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 64, 65, 100_003])
def test_a_hash_is_the_same_without_the_browsers_help(poor: Lab, size: int) -> None:
    found = poor.run(
        """
        const { sha256Hex } = await import("./bridge/worker/storage/hash.js");
        return sha256Hex(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251));
        """,
        size=size,
    )
    assert found == hashlib.sha256(bytes(index * 7 % 251 for index in range(size))).hexdigest()


def test_ids_are_different_and_can_be_names(poor: Lab) -> None:
    ids = poor.run(
        "const { newId } = await import('./bridge/shared/ids.js'); return Array.from({ length: 100 }, newId);"
    )
    assert len(set(ids)) == 100
    assert all(each.isalnum() for each in ids)


def test_a_wait_ends_and_what_comes_in_time_is_given(lab: Lab) -> None:
    seen = lab.run(
        """
        const { within } = await import("./bridge/worker/limit.js");
        const late = await lab.attempt(within(new Promise(() => {}), 10, "storage_unavailable", "the database"));
        return [late.code, late.message, await within(Promise.resolve(3), 10, "x", "y")];
        """
    )
    assert seen == ["storage_unavailable", "the database didn't answer within 0.01 s", 3]


def test_a_module_that_didnt_arrive_says_nothing_of_the_backend(lab: Lab) -> None:
    codes = lab.run(
        """
        const { toBridgeError } = await import("./bridge/worker/errors.js");
        const missing = await import("./nothing.js").catch((cause) => toBridgeError(cause, "backend_unavailable").code);
        const wrapped = new Error("no available backend found. ERR: [webgpu] TypeError: Failed to fetch");
        const refused = new Error("no available backend found. ERR: [webgpu] Error: no adapter");
        return [missing, ...[wrapped, refused].map((cause) => toBridgeError(cause, "backend_unavailable").code)];
        """
    )
    assert codes == ["download_failed", "download_failed", "backend_unavailable"]
