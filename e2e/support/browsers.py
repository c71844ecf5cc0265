"""Real browsers with profiles of their own on disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright

from build_support.browser import ARGUMENTS, find
from e2e.support.evidence import Evidence
from e2e.support.site import link

# The browser's own services would only fill its network log.
SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
"""WebGPU, computed by the processor; without ``--disable-gpu``."""
OWN = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]
WATCH_POLICY = """
globalThis.policyViolations = [];
addEventListener("securitypolicyviolation", (event) =>
  policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def copy_profile(source: Path, target: Path) -> Path:
    """A profile's copy. The browser never rewrites a Blob's file, so these are links."""

    def copy(file: str, to: str) -> None:
        if ".indexeddb.blob" in file:
            link(file, to)
        else:
            shutil.copyfile(file, to)

    shutil.copytree(source, target, copy_function=copy, ignore=shutil.ignore_patterns("Singleton*"))
    return target


@dataclass
class Browsers:
    """Every browser of one test. ``close`` ends those that are still open."""

    playwright: Playwright
    evidence: Evidence
    headed: bool = False
    errors: list[str] = field(default_factory=list)
    """Uncaught exceptions of pages."""
    contexts: list[BrowserContext] = field(default_factory=list)

    def start(self, profile: Path, *, arguments: list[str] | None = None, gpu: bool = False, **options: Any) -> Page:
        """A browser on ``profile`` (a folder, which may be new), and its first page; with ``gpu`` it has an emulated
        one. It asks for reduced motion: without a GPU, animations would take a tenth of the cores' time."""
        usual = [each for each in ARGUMENTS if each != "--disable-gpu"] + SOFTWARE_GPU if gpu else ARGUMENTS
        context = self.playwright.chromium.launch_persistent_context(
            profile,
            executable_path=find(),
            args=[*usual, *OWN, *(arguments or [])],
            headless=not self.headed,
            **{"locale": "en-GB", "reduced_motion": "reduce", **options},
        )
        context.set_default_timeout(60_000)
        context.add_init_script(WATCH_POLICY)
        self.evidence.watch(context)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.contexts.append(context)
        return context.pages[0] if context.pages else context.new_page()

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
