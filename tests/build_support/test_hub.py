"""A model's folder comes from the hub by its id: pinned, resumed, verified, and refused in a sentence that helps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from build_support import hub, hub_http, paths
from build_support.errors import BuildError, SourceUnavailable, UsageError
from build_support.hub import HubId, fetched, hub_id, listed, pinned
from tests.build_support.hub_server import COMMIT, HubServer, Repository
from tests.model_foundry.folders import FAMILIES, changed

QWEN = FAMILIES / "qwen2"
MODEL = HubId("Someone", "Tiny-Chat")
WEIGHTS = "model.safetensors"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that has a tiny model, beside files that nobody should want, and a machine that asks it."""
    there = tmp_path / "there"
    shutil.copytree(QWEN, there)
    for name in ("pytorch_model.bin", "modeling_tiny.py", "README.md"):
        (there / name).write_text("print('never run')")
    (there / "onnx").mkdir()
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "MODELS", tmp_path / "public" / "models")
    with HubServer() as running:
        running.repositories[MODEL.repository] = Repository(there)
        monkeypatch.setenv("ORION_HUB", running.url)
        yield running


@pytest.fixture
def repository(server: HubServer) -> Repository:
    return server.repositories[MODEL.repository]


def refusal(model: HubId = MODEL) -> BuildError:
    with pytest.raises(BuildError) as refused:
        fetched(model)
    return refused.value


@pytest.mark.parametrize(
    "text", ["Someone", "a/b/c", "../b", "a/..", "a b/c", "a/b@", "a/b@x/y", "a--b/c", "a/" + "b" * 99]
)
def test_what_isnt_a_hub_id_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match="Write OWNER/NAME, or OWNER/NAME@REVISION"):
        hub_id(text)


def test_a_hub_id_may_name_its_revision() -> None:
    assert str(hub_id("Qwen/Qwen2.5-0.5B-Instruct")) == "Qwen/Qwen2.5-0.5B-Instruct@main"
    assert hub_id("a/b@v1.0").revision == "v1.0"


def test_only_the_files_that_are_needed_come_and_each_has_the_hubs_hash(server: HubServer) -> None:
    folder, found = fetched(MODEL)
    assert {path.name for path in folder.iterdir()} == {path.name for path in QWEN.iterdir()} - {"expected.json"}
    assert all((folder / name).read_bytes() == (QWEN / name).read_bytes() for name in found.files)
    assert (found.commit, found.licence, found.languages) == (COMMIT, "Apache-2.0", ("en", "fr"))
    assert found.files[WEIGHTS].sha256
    assert not found.files[WEIGHTS].blob
    assert found.files["config.json"].blob
    assert not found.files["config.json"].sha256


def test_a_second_run_needs_no_network_and_stays_at_its_commit(server: HubServer, repository: Repository) -> None:
    folder, _ = fetched(MODEL)
    assert pinned(MODEL) == COMMIT
    asked = len(server.asked)
    repository.commit = "f" * 40
    assert fetched(MODEL)[0] == folder
    assert len(server.asked) == asked
    newer, found = fetched(HubId(MODEL.owner, MODEL.name, "f" * 40))
    assert found.commit == "f" * 40
    assert newer != folder
    (MODEL.folder / "pins.json").write_text("[]")
    assert listed(MODEL).commit == "f" * 40


def test_a_connection_that_breaks_is_taken_up_where_it_was(server: HubServer, repository: Repository) -> None:
    repository.drops[WEIGHTS] = [20_000, 20_000]
    folder, _ = fetched(MODEL)
    assert (folder / WEIGHTS).read_bytes() == (QWEN / WEIGHTS).read_bytes()
    spans = [span for path, span, _ in server.asked_for(f"/lfs/{MODEL.repository}/{WEIGHTS}")]
    assert spans == ["", "bytes=20000-", "bytes=40000-"]


def test_a_run_that_ended_early_is_gone_on_with_by_the_next(server: HubServer, repository: Repository) -> None:
    repository.drops[WEIGHTS] = [30_000, 0]
    error = refusal()
    assert "goes on where it stopped" in error.remedy
    folder, _ = fetched(MODEL)
    assert (folder / WEIGHTS).read_bytes() == (QWEN / WEIGHTS).read_bytes()
    assert server.asked_for(WEIGHTS)[-1][1:] == ("bytes=30000-", 206)


def test_a_host_that_doesnt_go_on_sends_all_of_it_again(repository: Repository) -> None:
    repository.drops[WEIGHTS] = [30_000, 0]
    refusal()
    repository.resumes = False
    folder, _ = fetched(MODEL)
    assert (folder / WEIGHTS).read_bytes() == (QWEN / WEIGHTS).read_bytes()


def test_what_is_left_of_another_file_is_given_up_once_the_hash_is_known(server: HubServer) -> None:
    folder = MODEL.folder / COMMIT / MODEL.name
    folder.mkdir(parents=True)
    (folder / f"{WEIGHTS}.partial").write_bytes(b"x" * 5000)
    fetched(MODEL)
    assert (folder / WEIGHTS).read_bytes() == (QWEN / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(b"damaged since")
    fetched(MODEL)
    assert (folder / WEIGHTS).read_bytes() == (QWEN / WEIGHTS).read_bytes()


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_other_bytes_than_the_hub_lists_are_refused_and_deleted(name: str, repository: Repository) -> None:
    real = (QWEN / name).read_bytes()
    repository.lies[name] = bytes([real[0] ^ 1]) + real[1:]
    error = refusal()
    assert f"{name} of Someone/Tiny-Chat@main isn't what the hub's listing says" in error.what
    assert "mirror" in error.remedy
    folder = MODEL.folder / COMMIT / MODEL.name
    assert not (folder / name).exists()
    assert not (folder / f"{name}.partial").exists()


def test_more_bytes_than_the_hub_lists_arent_kept(repository: Repository) -> None:
    repository.lies["config.json"] = bytes(10_000)
    assert "sends more than" in refusal().what
    assert (MODEL.folder / COMMIT / MODEL.name / "config.json.partial").stat().st_size < 10_000


def test_a_gated_model_says_how_to_get_it_all_the_same(repository: Repository) -> None:
    repository.gated = True
    error = refusal()
    assert "accepted its terms (401)" in error.what
    assert "foundry optimize FOLDER" in error.remedy


def test_what_the_hub_hasnt_is_told_from_what_it_gates(server: HubServer) -> None:
    assert "has no Someone/Else@main" in refusal(HubId("Someone", "Else")).what
    assert "but not this revision" in refusal(HubId(MODEL.owner, MODEL.name, "v9")).what


@pytest.mark.parametrize(("status", "said"), [(429, "asked too often"), (503, "answers 503")])
def test_a_hub_that_cant_now_is_asked_later(status: int, said: str, server: HubServer) -> None:
    server.answers[f"/api/models/{MODEL.repository}/revision/main"] = (status, b"")
    error = refusal()
    assert said in error.what
    assert "again" in error.remedy


def test_without_a_network_it_says_so_and_names_the_way_by_a_mirror(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORION_HUB", "http://127.0.0.1:9")
    error = refusal()
    assert "can't be fetched from 127.0.0.1:9" in error.what
    assert "ORION_HUB" in error.remedy


@pytest.mark.parametrize(
    "address", ["http://hub.example", "ftp://hub.example", "hub.example", "https://", "https://a:b@c", "https://a/?b"]
)
def test_an_address_that_isnt_https_is_no_hub(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_HUB", address)
    with pytest.raises(UsageError, match="ORION_HUB has to be an https address"):
        hub_http.base()


def test_a_redirect_to_plain_http_elsewhere_isnt_followed(repository: Repository) -> None:
    repository.moved = "http://files.example"
    error = refusal()
    assert "sends on to http://files.example" in error.what
    assert "Nothing was fetched from there" in error.remedy


def test_from_https_not_even_this_machine_is_asked_by_plain_http() -> None:
    assert hub_http._allowed("http://127.0.0.1/x", plain=True)
    assert not hub_http._allowed("http://127.0.0.1/x", plain=False)
    assert not hub_http._allowed("http://[", plain=True)


def test_an_unknown_architecture_is_refused_before_its_weights_come(server: HubServer, repository: Repository) -> None:
    changed(repository.folder, "qwen2", architectures=["Gemma2ForCausalLM"])
    error = refusal()
    assert "the architecture Gemma2ForCausalLM isn't known" in error.what
    assert "weights weren't fetched" in error.remedy
    assert not server.asked_for(WEIGHTS)


def test_a_template_that_cant_be_used_is_refused_before_the_weights_come(
    server: HubServer, repository: Repository
) -> None:
    (repository.folder / "chat_template.jinja").write_text("{% for m in messages %}")
    assert "can't be converted" in refusal().what
    assert not server.asked_for(WEIGHTS)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("config.json", "has no config.json"),
        ("tokenizer.json", "has no tokenizer.json"),
        (WEIGHTS, "only pytorch_model.bin, whose format can run code"),
    ],
)
def test_a_folder_that_lacks_something_is_told_what(lost: str, said: str, repository: Repository) -> None:
    (repository.folder / lost).unlink()
    assert said in refusal().what


def test_a_model_without_a_licence_isnt_brought(repository: Repository) -> None:
    repository.licence = None
    assert "names no licence" in refusal().what


def test_a_licence_of_its_own_is_kept_as_the_hub_spells_it(repository: Repository) -> None:
    repository.licence, repository.languages = "gemma", []
    assert (listed(MODEL).licence, listed(MODEL).languages) == ("gemma", ("und",))


def test_weights_in_parts_come_as_their_index_names_them(repository: Repository, server: HubServer) -> None:
    part = "model-00001-of-00001.safetensors"
    (repository.folder / WEIGHTS).rename(repository.folder / part)
    shutil.copyfile(repository.folder / part, repository.folder / "adapter.safetensors")
    index = repository.folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"model.norm.weight": part}}))
    folder, _ = fetched(MODEL)
    assert (folder / part).is_file()
    assert not server.asked_for("adapter.safetensors")


@pytest.mark.parametrize("named", [{"a": "gone.safetensors"}, {}, {"a": 3}, {"a": "../../x.safetensors"}, "x"])
def test_an_index_that_leads_nowhere_is_refused(named: Any, repository: Repository) -> None:
    (repository.folder / WEIGHTS).unlink()
    (repository.folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": named}))
    assert "model.safetensors.index.json of Someone/Tiny-Chat@main names" in refusal().what


def test_an_index_that_isnt_json_is_refused(repository: Repository) -> None:
    (repository.folder / WEIGHTS).unlink()
    (repository.folder / "model.safetensors.index.json").write_text("{")
    assert "can't be converted" in refusal().what


def test_weights_that_no_tab_could_hold_arent_fetched(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_WEIGHTS", 1000)
    assert "more than a browser's tab can hold" in refusal().what
    assert not server.asked_for(WEIGHTS)


def test_a_full_disk_is_said_before_the_weights_come(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_http.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    error = refusal()
    assert "MB are free" in error.what
    assert "ORION_CACHE" in error.remedy
    assert not server.asked_for(WEIGHTS)


def without_hash(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "oid": 5} if row["path"] == "config.json" else row for row in rows]


def too_large(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "size": 2**30} if row["path"] == "config.json" else row for row in rows]


@pytest.mark.parametrize(
    ("rows", "said"), [(without_hash, "without a size or a hash"), (too_large, "too many for what it is")]
)
def test_a_listing_that_cant_be_is_refused(rows: Any, said: str, repository: Repository) -> None:
    repository.rows = rows
    assert said in refusal().what


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"<html>Sign in</html>", "isn't JSON"),
        (b"[]", "isn't a JSON object"),
        (b'{"sha": "short"}', "names no commit"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (5 * 2**20), "more than"),
    ],
)
def test_an_answer_that_isnt_the_hubs_is_refused(said: bytes, why: str, server: HubServer) -> None:
    server.answers[f"/api/models/{MODEL.repository}/revision/main"] = (200, said)
    assert why in refusal().what


def test_an_answer_for_another_commit_than_was_asked_for_is_refused(server: HubServer) -> None:
    wanted = "a" * 40
    said = json.dumps({"sha": COMMIT, "tags": ["license:mit"]}).encode()
    server.answers[f"/api/models/{MODEL.repository}/revision/{wanted}"] = (200, said)
    assert "for another commit" in refusal(HubId(MODEL.owner, MODEL.name, wanted)).what


@pytest.mark.parametrize("said", [b"{}", b"5"])
def test_a_tree_that_is_no_list_is_refused(said: bytes, server: HubServer) -> None:
    server.answers[f"/api/models/{MODEL.repository}/tree/{COMMIT}"] = (200, said)
    assert "lists no files" in refusal().what


def test_a_cache_that_cant_be_written_is_said(
    server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "file"))
    with pytest.raises(SourceUnavailable, match=r"Someone/Tiny-Chat@main can't be fetched"):
        fetched(MODEL)
