"""Defines the ways in which a build can fail, each saying what is missing and what to do about it.

BuildError
├── UsageError          the command line asks for something that doesn't exist (exit code 2)
├── EnvironmentFailed   the virtual environment or a Python package isn't available
├── NodeUnavailable     node, npm or an npm package isn't available
├── SourceUnavailable   no place has a file to download, or none with the right hash
├── BrowserUnavailable  no Chromium to test with
└── StepFailed          a program that the build ran has failed
"""

from __future__ import annotations

from model_foundry.failures import Reason


class BuildError(Exception):
    """``what`` happened, in one sentence, and the ``remedy``, in another. ``reason``: of the tool that failed."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "", reason: Reason | None = None) -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy
        self.reason = reason


class UsageError(BuildError):
    exit_code = 2


class EnvironmentFailed(BuildError):
    pass


class NodeUnavailable(BuildError):
    pass


class SourceUnavailable(BuildError):
    pass


class BrowserUnavailable(BuildError):
    pass


class StepFailed(BuildError):
    pass
