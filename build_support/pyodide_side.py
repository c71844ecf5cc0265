"""Compiles the Python bundle inside Pyodide, under Node.

Bytecode belongs to one Python version, so the Pyodide that will load it also compiles it. Called by
python_bundle.mjs, whose header describes the formats.
"""

import importlib._bootstrap_external as bootstrap
import importlib.util
import io
import json
import zipfile

SITE = "/lib/python3.14/site-packages"
STDLIB = "/lib/python314.zip"
MAGIC = b"ORIONPY1"

STDLIB_WITHOUT = (
    # Programs and servers that a browser tab can't run, and network protocols that it can't speak.
    "_pyrepl/", "ensurepip/", "idlelib/", "lib2to3/", "pydoc_data/", "tkinter/", "turtledemo/", "venv/", "wsgiref/",
    "xmlrpc/", "curses/", "dbm/", "sqlite3/", "_pyio.py", "ftplib.py", "imaplib.py", "mailbox.py", "poplib.py",
    "smtplib.py", "socketserver.py", "antigravity.py", "this.py", "turtle.py", "webbrowser.py", "_aix_support.py",
    "_android_support.py", "_apple_support.py", "_ios_support.py", "_osx_support.py", "nturl2path.py",
    # Character sets of old systems; those of the web stay.
    "encodings/mac_", "encodings/cp0", "encodings/cp1006", "encodings/cp1026", "encodings/cp1125",
    "encodings/cp1140", "encodings/cp2", "encodings/cp3", "encodings/cp5", "encodings/cp7", "encodings/cp85",
    "encodings/cp86", "encodings/cp875", "encodings/hp_", "encodings/kz1048", "encodings/palmos",
    "encodings/ptcp154", "encodings/tis_620",
)  # fmt: skip
STDLIB_WITH = ("encodings/cp850.py", "encodings/cp858.py", "_pyrepl/__init__.py", "_pyrepl/pager.py")
"""What stays of the above: two character sets, and the pager that ``help()`` imports."""

SITE_WITHOUT = (
    "numpy/_pyinstaller/", "numpy/distutils/", "numpy/f2py/", "numpy/testing/", "numpy/typing/mypy_plugin.py",
    "numpy/conftest",
    "numpy/_core/include/", "numpy/_core/lib/", "numpy/random/_examples/", "numpy/random/lib/", "numpy/doc/",
    "numpy/_core/_simd.", "numpy/_core/_multiarray_tests.", "numpy/_core/_umath_tests.",
    "numpy/_core/_rational_tests.", "numpy/_core/_operand_flag_tests.", "numpy/_core/_struct_ufunc_tests.",
    "pydantic/v1/", "pydantic/mypy.py", "pydantic/_internal/_mypy", "pydantic/experimental/",
)  # fmt: skip
SITE_WITHOUT_SUFFIX = (
    ".pyi", ".h", ".c", ".a", ".pxd", ".pyx", ".in", ".ini", ".md", ".sh", ".typed", ".build", ".toml", ".txt",
)  # fmt: skip


def pyc(source: bytes, filename: str) -> bytes:
    """``source`` compiled, as a hash-based .pyc that is never checked against a source file."""
    code = compile(source, filename, "exec", dont_inherit=True)
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), False))


def stdlib(archive: bytes) -> bytes:
    """The zip of the standard library, pruned and with .pyc in the place of .py."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            name = info.filename
            if info.is_dir() or (name.startswith(STDLIB_WITHOUT) and name not in STDLIB_WITH):
                continue
            content = source.read(info)
            if name.endswith(".py"):
                name, content = name + "c", pyc(content, f"{STDLIB}/{name}")
            # A fixed date: equal inputs make equal bytes.
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def site(wheels: list[bytes], lock: dict) -> bytes:
    """The bundle of third-party packages, without what only developers need."""
    files = []
    for wheel in wheels:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            for info in archive.infolist():
                name = info.filename
                if info.is_dir() or name.startswith(SITE_WITHOUT) or name.endswith(SITE_WITHOUT_SUFFIX):
                    continue
                if ".dist-info/" in name or "/tests/" in name:
                    continue
                files.append((name, archive.read(info)))
    return bundle(files, lock)


def bundle(files: list[tuple[str, bytes]], lock: dict) -> bytes:
    """``files`` (path under site-packages, content) as one bundle, Python sources compiled."""
    entries, folders, data, offset = [], {}, [], 0
    for name, content in sorted(files):
        if name.endswith(".py"):
            name, content = name + "c", pyc(content, f"{SITE}/{name}")
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folders["/".join(parts[:depth])] = None
        entries.append([name, offset, len(content)])
        data.append(content)
        offset += len(content)
    header = {"format": 1, "root": SITE, "lock": lock, "folders": list(folders), "files": entries}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *data])
