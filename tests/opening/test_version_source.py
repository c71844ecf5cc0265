"""Which version of a model is opened: the one kept on the device, or the one that the server has."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from orion_py.errors import DownloadFailed, InvalidManifest
from orion_py.manifest.manifest import Manifest
from orion_py.opening.version_source import VersionSource, is_folder, shards_base
from orion_py.registry.added import AddedEntry
from orion_py.registry.load import parse_registry
from tests.tiny import REGISTRY, World, manifest_json, says

ENTRY = parse_registry(json.dumps(REGISTRY)).model("tiny")
PATH = "models/tiny/manifest.json"


class Site:
    """A server with the model, and a device that has ``whole`` versions of it."""

    def __init__(self) -> None:
        self.world = World(says("hi"))
        self.whole: list[str] = []
        self.source = VersionSource(self.world.ports, cast(Any, None), self._complete, lambda event: None)

    async def _complete(self, manifest: Manifest) -> bool:
        return manifest.version in self.whole

    def publish(self, version: str | None) -> None:
        """None: the server can't be reached any more."""
        if version is None:
            del self.world.texts[PATH]
        else:
            self.world.texts[PATH] = manifest_json(version=version)

    async def kept(self) -> str | None:
        version = await self.source.versions.kept("tiny")
        return version and version.manifest.version


async def test_the_first_time_the_servers_version_is_taken_and_kept() -> None:
    site = Site()
    site.publish("one")
    assert (await site.source.obtain(ENTRY)).version == "one"
    assert await site.kept() == "one"


async def test_a_version_that_is_here_whole_is_used_whatever_the_server_has() -> None:
    site = Site()
    site.publish("one")
    await site.source.obtain(ENTRY)
    site.publish("two")
    site.whole = ["one"]
    assert (await site.source.obtain(ENTRY)).version == "one"
    assert await site.source.stored(ENTRY)


async def test_a_version_that_isnt_whole_makes_way_for_the_servers() -> None:
    site = Site()
    site.publish("one")
    await site.source.obtain(ENTRY)
    site.publish("two")
    assert (await site.source.obtain(ENTRY)).version == "two"
    assert await site.kept() == "two"
    assert not await site.source.stored(ENTRY)


async def test_offline_the_kept_version_is_used_and_without_one_the_failure_is_told() -> None:
    site = Site()
    site.publish("one")
    await site.source.obtain(ENTRY)
    site.publish(None)
    assert (await site.source.obtain(ENTRY)).version == "one"
    newcomer = Site()
    newcomer.publish(None)
    with pytest.raises(DownloadFailed):
        await newcomer.source.obtain(ENTRY)


async def test_another_version_is_what_the_server_has_in_place_of_one() -> None:
    site = Site()
    site.publish("one")
    one = await site.source.obtain(ENTRY)
    assert await site.source.another(ENTRY, one) is None, "it is the same"
    site.publish("two")
    other = await site.source.another(ENTRY, one)
    assert other is not None
    assert (other.version, await site.kept()) == ("two", "two")
    site.publish(None)
    assert await site.source.another(ENTRY, other) is None


async def test_a_manifest_of_another_model_is_refused() -> None:
    site = Site()
    site.world.texts[PATH] = manifest_json(model="other")
    with pytest.raises(InvalidManifest, match="the registry says 'tiny'"):
        await site.source.obtain(ENTRY)
    assert await site.kept() is None


def test_shards_lie_beside_the_models_folder_or_inside_it() -> None:
    assert shards_base(ENTRY) == "models/"
    assert not is_folder(ENTRY)
    address = "https://models.example/tiny/manifest.json"
    added = {**json.loads(ENTRY.model_dump_json()), "manifest": address}
    assert shards_base(AddedEntry(**added, shards="beside")) == "https://models.example/"
    assert shards_base(AddedEntry(**added, shards="inside")) == "https://models.example/tiny/"
