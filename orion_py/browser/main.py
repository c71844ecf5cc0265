"""Starts the engine in its worker: binds the bridge to the engine's ports."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyodide.ffi import create_proxy, to_js

from orion_py.browser.ahead import BrowserAhead
from orion_py.browser.attachments import BrowserAttachments
from orion_py.browser.codes import BrowserCodes
from orion_py.browser.errors import translated
from orion_py.browser.live_sound import BrowserLiveSound
from orion_py.browser.prefixes import BrowserPrefixes
from orion_py.browser.runtime import BrowserRuntime
from orion_py.browser.snapshots import BrowserSnapshots
from orion_py.browser.store import BrowserSettings, BrowserShardStore
from orion_py.browser.tabs import BrowserTabs
from orion_py.browser.tokenizer import template_factory, tokenizer_factory
from orion_py.engine.host import EngineHost
from orion_py.language.detector import LangidDetector
from orion_py.ports import FileFacts, Ports
from orion_py.protocol import SoundEvent
from orion_py.runtime.next_visit import NextVisit
from orion_py.senses.hearing.lent import LentEars
from orion_py.senses.scenes.sight import LentSight

if TYPE_CHECKING:
    from orion_py.senses.speaking.voices import Samples


def start(bridge: Any) -> Callable[[str], None]:
    """The function that takes the page's messages. ``bridge`` is engine.js's: resolve, exists, facts, shards, tabs,
    detectDevice, newInferenceClient, rememberSpec, heldAhead, dropAhead, limitAhead, makeSnapshot, stopSnapshot,
    keptPrefixes, dropPrefixes, listIsKept, newPlainClient, newTokenizer, newTemplate, fetchText, addBundle, metered,
    attachments, liveSound, readCodes, send and sendSound."""
    from js import performance  # at the module's import it might be a snapshot's stand-in, which has no getters

    store = BrowserShardStore(bridge.shards, lambda path: str(bridge.resolve(path)))
    chance = random.SystemRandom()

    async def fetch_text(path: str) -> str:
        with translated():
            return str(await bridge.fetchText(path))

    async def exists(path: str) -> bool:
        with translated():
            return bool(await bridge.exists(path))

    async def facts(path: str) -> FileFacts | None:
        with translated():
            found = str(await bridge.facts(path))
        return FileFacts(**json.loads(found)) if found else None

    async def fetch_languages() -> None:
        with translated():
            await bridge.addBundle("language")
        importlib.invalidate_caches()

    async def keep_spec(spec: str, memory_bytes: int) -> None:
        await bridge.rememberSpec(spec, memory_bytes)

    following = NextVisit(keep_spec)
    ports = Ports(
        runtime=BrowserRuntime(bridge, store, following),
        store=store,
        settings=BrowserSettings(bridge.shards),
        tabs=BrowserTabs(bridge.tabs),
        ahead=BrowserAhead(bridge, following),
        snapshots=BrowserSnapshots(bridge),
        prefixes=BrowserPrefixes(bridge),
        attachments=BrowserAttachments(bridge.attachments),
        live_sound=BrowserLiveSound(bridge.liveSound),
        sight=lambda lend: LentSight(lend, BrowserCodes(bridge.readCodes)),
        hearing=LentEars,
        tokenizer_factory=tokenizer_factory(bridge.newTokenizer),
        template_factory=template_factory(bridge.newTemplate),
        fetch_text=fetch_text,
        clock=lambda: performance.now() / 1000,
        sleep=asyncio.sleep,
        uniform=chance.random,
        new_seed=lambda: chance.randrange(2**53),
        languages=LangidDetector(fetch_languages),
        exists=exists,
        facts=facts,
        metered=lambda: bool(bridge.metered()),
        list_is_kept=lambda: bool(bridge.listIsKept()),
    )

    def send_sound(event: SoundEvent, samples: Samples) -> None:
        bridge.sendSound(event.model_dump_json(), to_js(samples))

    host = EngineHost(ports, bridge.send, send_sound=send_sound)
    receive: Callable[[str], None] = create_proxy(host.receive)
    # What is here lives as long as this worker. To look through it takes the garbage collector some 50 ms each time, of
    # which an answer's tokens would wait.
    gc.freeze()
    return receive
