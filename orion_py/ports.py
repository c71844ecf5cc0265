"""Defines what the engine needs from outside: a browser, CPython or a test passes it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from orion_py.generation.chat_template import TemplateFactory
from orion_py.language.detector import LanguageDetector, NoDetector
from orion_py.resilience.retry import Sleep
from orion_py.runtime.ahead import Ahead, NothingAhead
from orion_py.runtime.attachments import Attachments, HeldAttachments
from orion_py.runtime.base import InferenceRuntime
from orion_py.runtime.code_runner import CodeRunner
from orion_py.runtime.live_sound import LiveSound, NoLiveSound
from orion_py.runtime.prefixes import NoPrefixes, Prefixes
from orion_py.runtime.snapshots import NoSnapshots, Snapshots
from orion_py.runtime.tokenizer import TokenizerFactory
from orion_py.storage.base import ShardStore
from orion_py.storage.settings import Settings
from orion_py.storage.tabs import Tabs

if TYPE_CHECKING:
    from orion_py.runtime.graphs import Lend
    from orion_py.senses.hearing.lent import Hearing
    from orion_py.senses.scenes.sight import Sight


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a server says of a file without sending it. ``size`` in bytes; ``sha256`` where it names one;
    ``tag`` is another word as soon as the content is another, if the server knows such words."""

    size: int | None = None
    sha256: str | None = None
    tag: str = ""


async def _nothing_exists(path: str) -> bool:
    return False


async def _no_facts(path: str) -> FileFacts | None:
    return None


@dataclass(frozen=True, slots=True)
class Ports:
    """``clock``: monotonic seconds. ``uniform``: random numbers in [0, 1). ``new_seed``: an
    integer in [0, 2**53). ``fetch_text``: a small text by its path relative to the page; raises
    DownloadFailed. ``metered``: whether the connection is metered, or the person asked to save data, as
    far as the platform tells. ``exists``: whether there is a file at a path or URL, without reading it;
    ``facts``: what is known of it, None where there is none. ``template_factory``: reads the chat template of a
    model that is to be added; without one it is read when the model is loaded. ``ahead``: the model that was begun
    before anybody asked. ``list_is_kept``: whether the list of models was the one that the device had kept, while the
    newest is fetched behind it. ``snapshots``: what the next start begins with. ``prefixes``: read prompts that are
    kept. ``attachments``: the files that questions name. ``tabs``: the other engines on this store; None: there is no
    other. ``sight`` and ``hearing``: make what looks at pictures and what hears, of what lends the models; None:
    nothing here can. ``live_sound``: what is recorded while the engine listens. ``code_runner``: runs what a skill
    wants run, where the caller of a question doesn't run it itself; None: nothing does."""

    runtime: InferenceRuntime
    store: ShardStore
    settings: Settings
    tokenizer_factory: TokenizerFactory
    fetch_text: Callable[[str], Awaitable[str]]
    clock: Callable[[], float]
    sleep: Sleep
    uniform: Callable[[], float]
    new_seed: Callable[[], int]
    languages: LanguageDetector = field(default_factory=NoDetector)
    metered: Callable[[], bool] = lambda: False
    list_is_kept: Callable[[], bool] = lambda: False
    template_factory: TemplateFactory | None = None
    ahead: Ahead = field(default_factory=NothingAhead)
    snapshots: Snapshots = field(default_factory=NoSnapshots)
    prefixes: Prefixes = field(default_factory=NoPrefixes)
    attachments: Attachments = field(default_factory=HeldAttachments)
    live_sound: LiveSound = field(default_factory=NoLiveSound)
    tabs: Tabs | None = None
    sight: Callable[[Lend], Sight] | None = None
    hearing: Callable[[Lend], Hearing] | None = None
    code_runner: CodeRunner | None = None
    exists: Callable[[str], Awaitable[bool]] = _nothing_exists
    facts: Callable[[str], Awaitable[FileFacts | None]] = _no_facts


class _WithOwn:
    """Everything but two of the ports is looked up each time: the host may change one."""

    def __init__(self, ports: Ports, settings: Settings, tabs: Tabs) -> None:
        self._ports, self.settings, self.tabs = ports, settings, tabs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


def with_own(ports: Ports, settings: Settings, tabs: Tabs) -> Ports:
    """``ports`` with other settings and tabs."""
    return cast(Ports, _WithOwn(ports, settings, tabs))
