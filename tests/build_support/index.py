"""A package index on the loopback, and wheels to put there, for the real pip to install from."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pip
import pytest

from build_support.server import StaticServer


def write_wheel(
    folder: Path, name: str, version: str, requires: Sequence[str] = (), files: Mapping[str, bytes] | None = None
) -> Path:
    """A wheel with one module ``name`` and ``files``, the extra ``more`` and the requirements ``requires``."""
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Provides-Extra: more"]
    metadata += [f"Requires-Dist: {text}" for text in requires]
    content = {
        f"{name}.py": f"VERSION = {version!r}\n".encode(),
        **(files or {}),
        f"{info}/METADATA": "\n".join([*metadata, "", ""]).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in content.items())
    content[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return wheel


class Index:
    """``server`` serves the simple index of ``folder``: add wheels, and order faults from the server."""

    def __init__(self, folder: Path, server: StaticServer) -> None:
        self.folder, self.server = folder, server

    def add(
        self, name: str, version: str, requires: Sequence[str] = (), files: Mapping[str, bytes] | None = None
    ) -> str:
        """Offers a wheel; returns its line in a lock."""
        wheel = write_wheel(self.folder / "files", name, version, requires, files)
        page = self.folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        offered = sorted((self.folder / "files").glob(f"{name}-*.whl"))
        page.write_text("".join(f'<a href="../../files/{path.name}">{path.name}</a>\n' for path in offered))
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


@contextmanager
def index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index, which pip asks and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    with StaticServer(folder) as server:
        only(server.url + "simple/", monkeypatch)
        yield Index(folder, server)


def only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets pip ask the index at ``url`` alone, once, and keep nothing."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "*")


def borrow_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual environments borrow our pip from now on: seconds sooner than with one of their own."""
    create = venv.EnvBuilder.create

    def quick(builder: venv.EnvBuilder, folder: str | Path) -> None:
        builder.with_pip = False
        create(builder, folder)
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        program = "import site; print(site.getsitepackages()[0])"
        found = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
        Path(found, "borrowed.pth").write_text(str(Path(pip.__file__).parents[1]), "utf-8")

    monkeypatch.setattr(venv.EnvBuilder, "create", quick)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
