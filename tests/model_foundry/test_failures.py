"""The real reason and a remedy that fits it, from what the tools really printed (recorded/) and from exceptions."""

from __future__ import annotations

import errno
import socket
import ssl
import urllib.error
from pathlib import Path

import pytest

from model_foundry.failures import Reason, diagnose, local, of_error

RECORDED = Path(__file__).parent / "recorded"
SAID = {
    "apt-no-lists": ("no_such_name", "Unable to locate package chromium-x"),
    "apt-no-name": ("no_such_name", "Unable to locate package chromium-nobody-has"),
    "apt-no-network": ("no_network", "Unable to connect to 127.0.0.1:9"),
    "npm-404": ("no_such_name", "Not Found - GET https://registry.example/marked-orion-nobody-has"),
    "npm-integrity": ("wrong_hash", "Integrity checksum failed when using sha512: wanted sha512-AAAA"),
    "npm-no-dns": ("no_network", "getaddrinfo ENOTFOUND registry.invalid"),
    "npm-no-version": ("no_such_name", "No matching version found for marked@99.99.99"),
    "npm-outofsync": ("unlocked", "Invalid: lock file's marked@18.2.1 does not satisfy marked@18.2.0"),
    "npm-refused": ("no_network", "connect ECONNREFUSED 127.0.0.1:9"),
    "pip-badwheel": ("broken_file", "Wheel 'x' located at /home/ada/x-1-py3-none-any.whl is invalid"),
    "pip-full": ("disk_full", "No space left on device"),
    "pip-hash": ("wrong_hash", "certifi==2025.8.3 has sha256 f6c12493cfb1b06b… and the lock names 0000000000000000…"),
    "pip-no-dns": ("no_network", "[Errno -2] Name or service not known"),
    "pip-no-such": ("no_such_name", "No matching distribution found for numpy==2.4.3"),
    "pip-no-version": ("no_such_name", "No matching distribution found for certifi==1.2.3"),
    "pip-proxy": ("no_network", "[Errno 111] Connection refused"),
    "pip-readonly": ("read_only", "Read-only file system: '/home/ada/small/certifi-2025.8.3-py3-none-any.whl'"),
    "pip-refused": ("no_network", "[Errno 111] Connection refused"),
    "pip-truncated": ("broken_file", "Wheel 'colorama' located at"),
    "pip-unpinned": ("unlocked", "coverage[toml]>=7.10.6"),
    "pw-real": ("no_network", "getaddrinfo ENOTFOUND cdn.playwright.dev"),
    "pw-refused": ("no_network", "connect ECONNREFUSED 127.0.0.1:9"),
}
HELPS = {
    "no_network": "Connect to a network that reaches the index",
    "no_such_name": "the index doesn't have it",
    "wrong_hash": "Empty that cache",
    "unlocked": "take both from the same commit",
    "broken_file": "run the command again",
    "disk_full": "Free some space in /some/folder",
    "read_only": "Allow writing in /some/folder, or name another folder for downloads in ORION_CACHE",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.glob("*.txt")))
def test_a_tools_own_reason_is_found_with_what_helps_against_it(name: str) -> None:
    kind, line = SAID[name]
    reason = diagnose((RECORDED / f"{name}.txt").read_text("utf-8"), 1)
    assert reason.kind == kind
    assert line in reason.line
    assert "\n" not in reason.line
    assert HELPS[kind] in reason.remedy("the index", Path("/some/folder"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EROFS, "Read-only file system", "/cache"), "read_only"),
        (PermissionError(errno.EACCES, "Permission denied", "/cache"), "read_only"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/cache"), "read_only"),
        (MemoryError(), "out_of_memory"),
        (urllib.error.URLError(socket.gaierror(-2, "Name or service not known")), "no_network"),
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "no_network"),
        (urllib.error.URLError(PermissionError(errno.EACCES, "Permission denied")), "no_network"),
        (TimeoutError("timed out"), "no_network"),
        (urllib.error.URLError(ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")), "certificate"),
        (ValueError("the connection ended after 5 of 9 bytes"), "unknown"),
    ],
)
def test_an_exception_has_its_kind(error: BaseException, kind: str) -> None:
    assert of_error(error).kind == kind
    assert local(error) is (kind in ("disk_full", "read_only", "out_of_memory"))


@pytest.mark.parametrize(
    ("printed", "kind", "helps"),
    [
        ("/usr/bin/python3: No module named ensurepip", "system_package", "install python3-venv"),
        (
            "chrome: error while loading shared libraries: libnss3.so: cannot open shared object file",
            "system_package",
            "Install the system package with libnss3.so",
        ),
        ("ERROR: Package 'x' requires a different Python: 3.9.2 not in '>=3.11'", "old_python", "Python 3.11 or newer"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "busy", "Another program holds it"),
        ("E: Could not open lock file - open (13: Permission denied)\nE: are you root?", "read_only", "Allow writing"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "certificate", "PIP_CERT"),
    ],
)
def test_what_wasnt_recorded_is_known_by_its_words(printed: str, kind: str, helps: str) -> None:
    reason = diagnose(printed, 1)
    assert reason.kind == kind
    assert helps in reason.remedy()


def test_an_unknown_failure_ends_with_the_tools_last_words() -> None:
    printed = 'Traceback (most recent call last):\n  File "x.py", line 1\n    boom()\n    ^^^^^^\nValueError: boom\n\n'
    assert diagnose(printed, 1) == Reason("unknown", "ValueError: boom")
    assert diagnose("", 1) == Reason("unknown", "")


def test_a_program_that_the_system_killed_ran_out_of_memory() -> None:
    assert diagnose("compiling\n", -9).kind == "out_of_memory"


def test_names_and_passwords_in_addresses_are_never_shown() -> None:
    assert "secret" not in diagnose("ERROR: 404 for https://ada:secret@index.example/simple", 1).line


def test_a_missing_network_is_believed_before_what_follows_from_it() -> None:
    printed = (RECORDED / "pip-no-dns.txt").read_text("utf-8")
    assert "No matching distribution found" in printed
    assert diagnose(printed, 1).kind == "no_network"
