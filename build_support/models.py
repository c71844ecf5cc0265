"""Fetches, verifies, converts and shards models into public/models/, through the model foundry."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_support import built, general, hub, paths, progress, senses
from build_support.downloads import Source, obtain, sha256_of
from build_support.errors import BuildError, StepFailed, UsageError
from build_support.locks import alone
from build_support.public_folders import FOLDERS, fetched
from build_support.sources import MODELS, ROUTER
from build_support.stamps import Stamp, digest, tree

ROUTER_NAME = "router"
"""Beside the models: what every site needs to choose an agent."""

ALL = "all"
"""Every model that packages carry."""

Report = Callable[[str, int, int], None]


def check_names(names: list[str]) -> list[str]:
    """``names`` without repeats, and with its members in place of a group such as "vision", or of "all". Raises
    UsageError for one that can't be built. A model from the hub is named with its revision then."""
    found: list[str] = []
    for name in names:
        group = (*MODELS, *senses.SENSES) if name == ALL else senses.members(name)
        if not group and name not in (ROUTER_NAME, *MODELS, *senses.SENSES, *FOLDERS):
            from_hub = general.whole_name(name)
            if not from_hub:
                raise UsageError(f"There is no model {name!r}.", f"These can be built: {_known()}.")
            group = (from_hub,)
        found += group or [name]
    return list(dict.fromkeys(found))


def _known() -> str:
    groups = dict.fromkeys(sense.group for sense in senses.SENSES.values())
    of_ours = ", ".join((ALL, *MODELS, *groups, *senses.SENSES, *FOLDERS, ROUTER_NAME))
    from_hub = ", ".join(["any OWNER/NAME", *(model.id for model in general.known())])
    return f"{of_ours}; and from the hub {from_hub}"


def build(name: str) -> Path:
    """Brings the model ``name``, or the router, up to date; returns the path of its manifest. Raises BuildError."""
    with alone(paths.WORK / "models" / f"{_file_name(name)}.lock", f"making {name}"):
        if general.is_from_hub(name) and general.commit_of(name) is None:
            hub.listed(hub.hub_id(name))
        return _build(name)


def sources_of(name: str) -> tuple[Source, ...]:
    """What ``name`` is made from: a model, a graph model or the router; nothing of what comes as a folder."""
    if name in FOLDERS or general.is_from_hub(name):
        return ()
    if name in senses.SENSES:
        return senses.SENSES[name].sources
    return ROUTER if name == ROUTER_NAME else (MODELS[name],)


def fetch(name: str) -> list[Path]:
    """The files that ``name`` is made from, in the cache. Raises BuildError."""
    if name in FOLDERS:
        folder = fetched(name, progress.say)
        return [folder / file for file in FOLDERS[name].files]
    if general.is_from_hub(name):
        folder, _ = hub.fetched(hub.hub_id(name))
        return sorted(path for path in folder.iterdir() if path.suffix != ".partial")
    found = obtain(sources_of(name))
    return [found[source] for source in sources_of(name)]


def made(name: str) -> bool:
    """Whether ``name`` is up to date, by its record: ``build`` looks at its files too. A group is if its members
    are."""
    if group := senses.members(name):
        return all(map(made, group))
    if general.is_from_hub(name) and general.commit_of(name) is None:
        return False
    stamp, record, key = _record(name)
    return stamp.fresh(key, [record])


def _record(name: str) -> tuple[Stamp, Path, str]:
    """The stamp of a model, the file that names its manifest, and the hash of what goes into it."""
    if general.is_from_hub(name):
        origins = [str(general.commit_of(name))]
    else:
        origins = [repr(FOLDERS[name])] if name in FOLDERS else [source.sha256 for source in sources_of(name)]
    key = digest(_makers(name), name, *origins, base=paths.ROOT)
    place = paths.WORK / "models"
    return Stamp(place / f"{_file_name(name)}.stamp"), place / f"{_file_name(name)}.json", key


def _file_name(name: str) -> str:
    return name.replace("/", "--")


def _build(name: str) -> Path:
    stamp, record, key = _record(name)
    if stamp.fresh(key, [record]):
        manifest = paths.MODELS / str(json.loads(record.read_text())["manifest"])
        if intact(manifest) and _offered(name, manifest):
            return manifest
    stamp.forget()
    taken = built.take_model(_file_name(name), key)
    if taken is not None and intact(paths.MODELS / taken / "manifest.json"):
        progress.say(f"• {name} is taken from the cache, as another clone made it")
        return _recorded(name, paths.MODELS / taken / "manifest.json")
    built.forget_model(_file_name(name), key)
    with progress.step(f"Fetching the weights of {name}"):
        files = fetch(name)
    key = _record(name)[2]  # what a branch of the hub stands for is known only now
    from model_foundry.errors import FoundryError

    with progress.step(f"Converting {name}") as shown:
        try:
            model = _convert(name, files, shown.update)
        except FoundryError as error:
            raise StepFailed(f"The model {name} can't be converted: {error}") from error
    manifest = paths.MODELS / model / "manifest.json"
    if not intact(manifest):
        raise BuildError(f"The conversion of {name} left {manifest.parent} incomplete.", "Run the command again.")
    if general.is_from_hub(name):
        general.offer(name, hub.listed(hub.hub_id(name)), manifest)
    if name not in FOLDERS:  # that cache has room for one manifest, and a model that sees has two
        built.keep_model(_file_name(name), key, manifest)
    return _recorded(name, manifest)


def _offered(name: str, manifest: Path) -> bool:
    """Whether what a site says of it is there, where the model is from the hub."""
    return not general.is_from_hub(name) or general.offered(manifest)


def _recorded(name: str, manifest: Path) -> Path:
    """Notes that ``manifest`` is up to date, and returns it."""
    stamp, record, key = _record(name)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"manifest": manifest.relative_to(paths.MODELS).as_posix()}))
    stamp.write(key)
    return manifest


def _convert(name: str, files: list[Path], report: Report) -> str:
    """Runs the foundry; returns the id of what it built. Raises FoundryError."""
    if name in senses.SENSES:
        named = {source.name: path for source, path in zip(sources_of(name), files, strict=True)}
        return senses.convert(name, named, paths.MODELS, lambda title: report(title, 0, 1))
    if name in FOLDERS:
        from model_foundry.commands.folder import build_folder

        source = FOLDERS[name]
        return build_folder(files[0].parent, name, source.licence, source.revision, paths.MODELS, report).model
    if general.is_from_hub(name):
        from model_foundry.commands.folder import build_folder

        there = hub.listed(hub.hub_id(name))
        model = general.model_id(name)
        return build_folder(files[0].parent, model, there.licence, there.commit, paths.MODELS, report).model
    if name != ROUTER_NAME:
        from model_foundry.building.pipeline import build_model

        return build_model(name, files[0], paths.MODELS, report).model
    from model_foundry.routing.build import build_router
    from orion_py.manifest.manifest import Source as Origin

    weights, pieces = files
    origins = tuple(
        Origin(name="Universal Sentence Encoder, multilingual v3", file=s.name, sha256=s.sha256, revision="v3")
        for s in ROUTER
    )
    return build_router(weights, pieces, origins, paths.MODELS, lambda title: report(title, 0, 1)).model


def files(manifest: Path) -> dict[str, Path]:
    """What is served for a model: the path below models/ of each file, and where it lies."""
    parsed = json.loads(manifest.read_text())
    served = {f"shards/{shard['sha256']}": paths.MODELS / "shards" / shard["sha256"] for shard in parsed["shards"]}
    encoder = _encoder(manifest, parsed)
    if encoder is not None:
        served |= files(encoder)
    # Last, so that a reader finds all that it names.
    return {**served, manifest.relative_to(paths.MODELS).as_posix(): manifest}


def intact(manifest: Path) -> bool:
    """Whether every shard is there and has its hash. Deletes those that don't, so that they are made again."""
    try:
        parsed = json.loads(manifest.read_text())
        shards = [str(shard["sha256"]) for shard in parsed["shards"]]
        encoder = _encoder(manifest, parsed)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    whole = encoder is None or intact(encoder)
    for sha256 in shards:
        path = paths.MODELS / "shards" / sha256
        if not path.is_file():
            whole = False
        elif sha256_of(path) != sha256:
            path.unlink()
            whole = False
    return whole


def _encoder(manifest: Path, parsed: dict[str, Any]) -> Path | None:
    """The manifest of the graph model by which the model sees, if it does."""
    sight = parsed.get("sight")
    return manifest.parent.parent / str(sight["encoder"]) / "manifest.json" if sight else None


def _makers(name: str) -> list[Path]:
    """The files that decide what a built model looks like: what the pipeline imports, and the recipes.

    Commands and tasks aren't among them, so that working on these converts nothing again.
    """
    foundry = paths.ROOT / "model_foundry"
    if name in senses.SENSES:
        module = senses.SENSES[name].module
        beside = tree(paths.ROOT.joinpath(*module.split(".")).parent, suffixes=(".toml", ".txt", ".json", ".wav"))
        return [*modules_behind(module, paths.ROOT), *beside]
    if name == ROUTER_NAME:
        head = foundry / "routing" / "head.safetensors"
        return [*modules_behind("model_foundry.routing.build", paths.ROOT), head]
    if name in FOLDERS or general.is_from_hub(name):
        return modules_behind("model_foundry.commands.folder", paths.ROOT)
    recipes = tree(foundry / "recipes", suffixes=(".json", ".toml", ".yaml", ".yml"))
    return [*modules_behind("model_foundry.building.pipeline", paths.ROOT), *recipes]


def modules_behind(name: str, root: Path) -> list[Path]:
    """The files below ``root`` of the module ``name`` and of all that it imports from there, sorted."""
    found: set[Path] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        stem = root.joinpath(*module.split("."))
        path = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
        if path in found or not path.is_file():
            continue
        found.add(path)
        waiting.append(module.rpartition(".")[0])
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return sorted(found)
