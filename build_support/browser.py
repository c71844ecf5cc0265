"""A Chromium for the end-to-end tests and the benchmarks: found, or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from build_support import progress
from build_support.errors import BrowserUnavailable
from build_support.processes import run

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
WITHOUT = (
    # Two pages of the browser's own in every window, for an address bar that nobody sees: more than a core-second.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright turns off by itself: the last list on the command line is the one that counts.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""Features of Chromium that tests and benchmarks do without."""
ARGUMENTS = [
    f"--disable-features={','.join(WITHOUT)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What Chromium is started with: it asks nothing of any network by itself."""


def find() -> Path | None:
    """A Chromium or Chrome that is installed; ``ORION_CHROMIUM`` names another one."""
    override = os.environ.get("ORION_CHROMIUM")
    if override:
        return Path(override)
    for name in NAMES:
        program = shutil.which(name)
        if program:
            return Path(program)
    for place in (*PLACES, _playwright()):
        if place and Path(place).exists():
            return Path(place)
    return None


def ensure() -> Path:
    """A Chromium, installed if there is none. Raises BrowserUnavailable."""
    found = find()
    if found:
        return found
    tried = []
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        with progress.step("Installing Chromium with apt-get"):
            try:
                quiet = {"DEBIAN_FRONTEND": "noninteractive"}
                run(["apt-get", "update", "-qq"], env=quiet, what="apt-get update failed", error=BrowserUnavailable)
                run(
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
                    env=quiet,
                    what="apt-get install chromium failed",
                    error=BrowserUnavailable,
                )
            except BrowserUnavailable as error:
                tried.append(error.what)
    if not find():
        with progress.step("Installing Chromium with playwright"):
            try:
                run(
                    [sys.executable, "-m", "playwright", "install", "chromium"],
                    what="playwright install chromium failed",
                    error=BrowserUnavailable,
                )
            except BrowserUnavailable as error:
                tried.append(error.what)
    found = find()
    if found is None:
        reasons = "; ".join(text.rstrip(".") for text in tried)
        raise BrowserUnavailable(
            f"There is no Chromium or Chrome to test with ({reasons}).",
            "Install one, or name it in the variable ORION_CHROMIUM.",
        )
    return found


def launch_arguments() -> dict[str, object]:
    """For playwright's ``browser_type.launch`` and pytest-playwright's ``browser_type_launch_args``."""
    return {"executable_path": str(ensure()), "args": list(ARGUMENTS)}


def _playwright() -> str:
    """Where playwright would have put a Chromium of its own."""
    program = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip()
