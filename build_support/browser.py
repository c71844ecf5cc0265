"""Finds a Chromium for the end-to-end tests and the benchmarks, or installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build_support import environment, progress
from build_support.errors import BrowserUnavailable
from build_support.processes import run
from model_foundry.failures import Reason, diagnose, of_error

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
    # What Playwright turns off anyway: the last list on the command line is the one that counts.
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
"""Options that Chromium is started with: it makes no network requests of its own."""
START_SECONDS = 60


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
    tried: list[BrowserUnavailable] = []
    if by_apt():
        with progress.step("Installing Chromium with apt-get"):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            # Without this apt-get ends well when no index was reached, and then doesn't know the package.
            update = ["apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any"]
            install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
            for command in (update, install):
                try:
                    what = f"apt-get {command[1]} failed"
                    run(command, env=quiet, what=what, place="the package servers", error=BrowserUnavailable)
                except BrowserUnavailable as error:
                    tried.append(error)
    if not find():
        with progress.step("Installing Chromium with playwright"):
            try:
                run(
                    [sys.executable, "-m", "playwright", "install", "chromium"],
                    what="playwright install failed",
                    place="playwright's download server",
                    error=BrowserUnavailable,
                )
            except BrowserUnavailable as error:
                tried.append(error)
    found = find()
    if found is None:
        reasons = "; ".join(error.what.rstrip(".") for error in tried)
        known = next((error for error in tried if error.remedy), None)
        own = "nstall one, or name it in the variable ORION_CHROMIUM."
        raise BrowserUnavailable(
            f"There is no Chromium or Chrome to test with{f' ({reasons})' if reasons else ''}.",
            f"{known.remedy} Or i{own}" if known else f"I{own}",
            known.reason if known else None,
        )
    return found


def by_apt() -> bool:
    """Whether Chromium can be installed with apt-get."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def starts(program: Path) -> tuple[str, Reason | None]:
    """The version that ``program`` says when it has drawn an empty page, or why it doesn't start."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [*ARGUMENTS, "--headless", f"--user-data-dir={profile}"]
        try:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=START_SECONDS)
            drawn = subprocess.run(
                [program, *arguments, "--dump-dom", "data:text/html,<p>up"],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=START_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return "", Reason("unknown", f"it didn't start within {START_SECONDS} s")
        except OSError as error:
            return "", of_error(error)
    if "<p>up" in drawn.stdout:
        return version.stdout.strip(), None
    return version.stdout.strip(), diagnose(drawn.stderr or drawn.stdout, drawn.returncode)


def launch_arguments() -> dict[str, object]:
    """For playwright's ``browser_type.launch`` and pytest-playwright's ``browser_type_launch_args``."""
    return {"executable_path": str(ensure()), "args": list(ARGUMENTS)}


def _playwright() -> str:
    """Where playwright would have put a Chromium of its own."""
    program = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    python = environment.python() if environment.python().exists() else sys.executable
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip()
