"""Brings a model's folder from the hub by its id, pinned to a commit, with every file verified by the hub's hashes.

    <cache>/hub/OWNER--NAME/pins.json            which commit each revision that was asked for stood for at first
    <cache>/hub/OWNER--NAME/COMMIT/listing.json  licence, languages, and the files with their sizes and hashes
    <cache>/hub/OWNER--NAME/COMMIT/NAME/…        the files: JSON, the chat template, safetensors; nothing that runs

The hub's answers: GET /api/models/OWNER/NAME/revision/REVISION and …/tree/COMMIT; its documentation names their fields
("Hub API Endpoints"). What was brought needs no network any more.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from build_support import paths, progress
from build_support.errors import SourceUnavailable, UsageError
from build_support.hub_http import HubFile, answer, base, download, room, unavailable
from build_support.locks import alone
from model_foundry.errors import FoundryError, MalformedFolder
from model_foundry.formats.bounded_json import JsonLimits, parse_json
from model_foundry.formats.hf_names import CONFIG, GENERATION, INDEX, TEMPLATE, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS

MAIN = "main"
MOST_WEIGHTS = 12_000_000_000
"""Bytes: what would be larger has no place in a tab."""
GROWTH = 0.6
"""Of the weights' bytes that the converted ones take at most, beside them."""

_ID = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9_.-]{0,95})/([A-Za-z0-9][A-Za-z0-9_.-]{0,95})(?:@([A-Za-z0-9][A-Za-z0-9._-]{0,99}))?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", re.ASCII)
_ANSWER = JsonLimits(size=4 * 2**20, depth=16, parts=400_000)
_MOST = {CONFIG: 2**20, GENERATION: 2**20, TOKENIZER_CONFIG: 2**20, TEMPLATE: 2**20, INDEX: 2**24, TOKENIZER: 2**26}
"""Bytes of the texts that are read, those of ``SafetensorsFolder``."""
_TEXTS = (CONFIG, GENERATION, TOKENIZER, TOKENIZER_CONFIG, TEMPLATE)
_SPELT = {"apache-2.0": "Apache-2.0", "mit": "MIT"}


@dataclass(frozen=True)
class HubId:
    """A model on the hub. ``revision``: a branch, a tag or a commit."""

    owner: str
    name: str
    revision: str = MAIN

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where all that was brought of it lies."""
        return paths.cache() / "hub" / f"{self.owner}--{self.name}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


@dataclass(frozen=True)
class Listing:
    """What the hub says of a model at one commit. ``files``: those that could be needed, by name."""

    commit: str
    licence: str
    languages: tuple[str, ...]
    files: dict[str, HubFile]


def hub_id(text: str) -> HubId:
    """The model that OWNER/NAME or OWNER/NAME@REVISION means. Raises UsageError."""
    found = _ID.fullmatch(text)
    if found is None or any(".." in part or "--" in part for part in text.split("@")[0].split("/")):
        raise UsageError(
            f"{text[:200]!r} isn't the id of a model on the hub.", "Write OWNER/NAME, or OWNER/NAME@REVISION."
        )
    return HubId(found[1], found[2], found[3] or MAIN)


def pinned(model: HubId) -> str | None:
    """The commit that ``model`` means on this machine; None where its revision was never looked up."""
    if _COMMIT.fullmatch(model.revision):
        return model.revision
    try:
        commit = json.loads((model.folder / "pins.json").read_text("utf-8"))[model.revision]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else None


def listed(model: HubId) -> Listing:
    """What there is of ``model``: as it was kept, or as the hub says now, and then its revision is pinned. Raises
    SourceUnavailable or UsageError."""
    commit = pinned(model)
    kept = _kept(model, commit) if commit else None
    if kept is not None:
        return kept
    progress.say(f"  asking {urllib.parse.urlsplit(base()).netloc} about {model}")
    found = _asked(model)
    _write(model.folder / found.commit / "listing.json", asdict(found))
    if not _COMMIT.fullmatch(model.revision):
        pins = model.folder / "pins.json"
        try:
            before = json.loads(pins.read_text("utf-8"))
        except (OSError, ValueError):
            before = {}
        _write(pins, {**(before if isinstance(before, dict) else {}), model.revision: found.commit})
    return found


def fetched(model: HubId) -> tuple[Path, Listing]:
    """The folder of ``model`` with all its files verified; what can't be converted is refused before its weights come.
    Raises SourceUnavailable or UsageError."""
    try:
        with alone(paths.cache() / "locks" / f"hub-{model.owner}--{model.name}", f"fetching {model}"):
            found = listed(model)
            folder = model.folder / found.commit / model.name
            folder.mkdir(parents=True, exist_ok=True)
            texts = [found.files[name] for name in _TEXTS if name in found.files]
            _bring(model, found, texts, folder)
            _convertible(model, folder)
            weights = _weights(model, found, folder)
            missing = sum(file.size for file in weights if not (folder / file.name).is_file())
            if missing:
                total = sum(file.size for file in weights)
                room([(folder, missing), (paths.MODELS, int(GROWTH * total))], str(model))
            _bring(model, found, weights, folder)
    except OSError as error:
        raise unavailable(str(model), base(), error) from error
    return folder, found


def _bring(model: HubId, found: Listing, files: list[HubFile], folder: Path) -> None:
    for file in files:
        target = folder / file.name
        if target.is_file():
            if file.fits(target):
                continue
            target.unlink()
        name = urllib.parse.quote(file.name)
        download(f"{base()}/{model.repository}/resolve/{found.commit}/{name}", file, target, str(model))


def _convertible(model: HubId, folder: Path) -> None:
    """Raises SourceUnavailable for a model that the foundry wouldn't take, by what it says of itself."""
    from model_foundry.importing.opening import check_texts

    try:
        check_texts(folder)
    except FoundryError as error:
        raise SourceUnavailable(
            f"{model} can't be converted: {error}.", "Its weights weren't fetched. Take another model."
        ) from error


def _weights(model: HubId, found: Listing, folder: Path) -> list[HubFile]:
    """The files of weights, of which those of several are named by their index. Raises SourceUnavailable."""
    if WEIGHTS in found.files:
        files = [found.files[WEIGHTS]]
    else:
        index = found.files[INDEX]
        _bring(model, found, [index], folder)
        try:
            limits = JsonLimits(size=_MOST[INDEX], depth=3, parts=400_000)
            named = parse_json((folder / INDEX).read_bytes(), INDEX, limits, MalformedFolder).get("weight_map")
        except FoundryError as error:
            raise SourceUnavailable(f"{model} can't be converted: {error}.", "Take another model.") from error
        names = set(named.values()) if isinstance(named, dict) and all(map(_is_text, named.values())) else set()
        lost = sorted(name for name in names if name not in found.files)
        if lost or not names:
            said = f"names {lost[0][:100]!r}, which the hub doesn't list" if lost else "names no file"
            raise SourceUnavailable(f"{INDEX} of {model} {said}.", "Take another model.")
        files = [index, *(found.files[name] for name in sorted(names))]
    total = sum(file.size for file in files)
    if total > MOST_WEIGHTS:
        raise SourceUnavailable(
            f"The weights of {model} have {total / 1e9:.1f} GB, which is more than a browser's tab can hold.",
            f"Take a model whose files have {MOST_WEIGHTS / 1e9:.0f} GB at most.",
        )
    return files


def _asked(model: HubId) -> Listing:
    """What the hub answers now. Raises SourceUnavailable."""
    where = f"{base()}/api/models/{model.repository}"
    data, _ = answer(f"{where}/revision/{model.revision}", str(model))
    said = _parsed(model, data)
    commit = said.get("sha")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise _puzzling(model, "names no commit")
    if _COMMIT.fullmatch(model.revision) and commit != model.revision:
        raise _puzzling(model, f"answers for another commit, {commit}")
    data, more = answer(f"{where}/tree/{commit}", str(model))
    if more:
        raise SourceUnavailable(f"{model} has more files than a model's folder should.", "Take another model.")
    rows = _parsed(model, b'{"files": ' + data + b"}")["files"]
    if not isinstance(rows, list):
        raise _puzzling(model, "lists no files")
    listing = Listing(commit, _licence(model, said), _languages(said), _files(model, rows))
    _complete(model, listing, {str(row.get("path")) for row in rows if isinstance(row, dict)})
    return listing


def _files(model: HubId, rows: list[Any]) -> dict[str, HubFile]:
    """Those files that could be needed; what else lies there is left alone. Raises SourceUnavailable."""
    found: dict[str, HubFile] = {}
    for row in rows:
        name = row.get("path") if isinstance(row, dict) and row.get("type") == "file" else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            continue
        if name not in _MOST and not name.endswith(".safetensors"):
            continue
        large = row.get("lfs")
        size = (large if isinstance(large, dict) else row).get("size")
        mark = (large if isinstance(large, dict) else row).get("oid")
        pattern = _SHA256 if isinstance(large, dict) else _COMMIT
        if type(size) is not int or size < 0 or not isinstance(mark, str) or not pattern.fullmatch(mark):
            raise _puzzling(model, f"lists {name} without a size or a hash")
        if size > _MOST.get(name, 2**40):
            raise SourceUnavailable(
                f"{name} of {model} has {size} bytes, too many for what it is.", "Take another model."
            )
        found[name] = HubFile(name, size, sha256=mark) if isinstance(large, dict) else HubFile(name, size, blob=mark)
    return found


def _complete(model: HubId, listing: Listing, names: set[str]) -> None:
    """Raises SourceUnavailable where what a conversion needs isn't among the files."""
    for name in (CONFIG, TOKENIZER):
        if name not in listing.files:
            raise SourceUnavailable(f"{model} has no {name}.", "Take a model that has one, as transformers saves it.")
    if WEIGHTS in listing.files or INDEX in listing.files:
        return
    pickles = sorted(name for name in names if name.endswith((".bin", ".pt", ".pth", ".ckpt")))
    said = f", only {pickles[0][:100]}, whose format can run code when it is read" if pickles else ""
    raise SourceUnavailable(f"{model} has no {WEIGHTS}{said}.", "Take a model that is saved as safetensors.")


def _licence(model: HubId, said: dict[str, Any]) -> str:
    """As we spell it. Raises SourceUnavailable where the hub names none."""
    card = said.get("cardData")
    card = card if isinstance(card, dict) else {}
    labels = said.get("tags")
    tagged = (
        [tag[8:] for tag in labels if _is_text(tag) and tag.startswith("license:")] if isinstance(labels, list) else []
    )
    for named in (card.get("license_name") if card.get("license") == "other" else None, card.get("license"), *tagged):
        if isinstance(named, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9. +-]{0,79}", named) and named != "other":
            return _SPELT.get(named.lower(), named)
    raise SourceUnavailable(
        f"The hub names no licence for {model}.",
        "Find out whether you may use it; then foundry optimize FOLDER --licence NAME builds a folder of your own.",
    )


def _languages(said: dict[str, Any]) -> tuple[str, ...]:
    """As the model's card says; "und" where it says none."""
    card = said.get("cardData")
    named = card.get("language") if isinstance(card, dict) else None
    every = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return tuple(one for one in every[:64] if _is_text(one) and re.fullmatch(r"[a-z]{2,3}", one)) or ("und",)


def _kept(model: HubId, commit: str) -> Listing | None:
    try:
        said = json.loads((model.folder / commit / "listing.json").read_text("utf-8"))
        files = {name: HubFile(**file) for name, file in said["files"].items() if _NAME.fullmatch(name)}
        return Listing(commit, str(said["licence"]), tuple(map(str, said["languages"])), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(value, indent=1), "utf-8")
    partial.replace(path)


def _parsed(model: HubId, data: bytes) -> dict[str, Any]:
    try:
        return parse_json(data, "it", _ANSWER, MalformedFolder)
    except FoundryError as error:
        raise _puzzling(model, f"can't be read: {error}") from error


def _puzzling(model: HubId, what: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"What {base()} answers about {model} isn't the hub's: it {what}.",
        "A proxy or a sign-in page may have answered: use another network, or another address in ORION_HUB.",
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)
