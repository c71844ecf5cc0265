"""A site that sends a damaged or hostile registry or manifest: plain words, and nothing is lost."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.support.database import forget_setting, stored
from e2e.support.hostile import MANIFESTS, REGISTRIES, altered, wrong_hash
from e2e.support.person import Person
from e2e.support.site import MANIFEST, MODEL, REGISTRY
from e2e.support.web import Web

QUESTION = "What is the capital of France?"
ANSWER = "Paris"
DAMAGED = "The model’s description is damaged"


def without_its_manifest(person: Person) -> None:
    """The model's parts are on the device and its description isn't: all depends on what the site sends."""
    person.visits("manifest.webmanifest")
    forget_setting(person.page, f"manifest:{MODEL}")


def test_damaged_manifests_are_told_and_once_mended_the_same_question_is_answered(regular: Person, web: Web) -> None:
    site, documents = web.site, {name: altered(web.site.manifest, change) for name, change in MANIFESTS.items()}
    documents["not JSON"] = "<!doctype html><title>Welcome</title>"
    first, *others = documents
    with site.altered(MANIFEST, documents[first]):
        regular.opens()
        assert ANSWER in regular.asks(QUESTION).succeeds(), "the version on the device isn't touched"
        regular.page.get_by_role("button", name="New conversation").click()

        without_its_manifest(regular)
        regular.opens()
        answer = regular.asks(QUESTION)
        answer.comes_to("error")
        assert DAMAGED in answer.error
    for name in others:
        with site.altered(MANIFEST, documents[name]):
            regular.retries(answer)
            answer.comes_to("error")
            assert DAMAGED in answer.error, name
    assert regular.engine == "ready", "the engine itself is well"

    # A key that nobody knows is a newer foundry's: it is passed over, and does nothing.
    with site.altered(MANIFEST, altered(site.manifest, lambda manifest: manifest.update(run="curl"))):
        regular.retries(answer)
        assert ANSWER in answer.succeeds()
    assert web.shard_requests() == [], "nothing that was here had to come again, and nothing climbed out"
    assert {r.path for r in web.requests("*passwd*")} == set()


def test_a_manifest_with_a_wrong_hash_takes_no_wrong_bytes(regular: Person, web: Web) -> None:
    """The shard is there under the wrong name: what it holds isn't what the manifest promises."""
    site, sha256 = web.site, web.site.largest_shard
    other = "0" * 64
    shard = site.folder / "models/shards" / other
    shard.hardlink_to(site.folder / "models/shards" / sha256)
    try:
        with site.altered(MANIFEST, wrong_hash(site.manifest, sha256, other)):
            without_its_manifest(regular)
            regular.opens()
            answer = regular.asks(QUESTION)
            answer.comes_to("error")
            assert "A part of the model is damaged" in answer.error
            assert other not in stored(regular.page, web.site)
    finally:
        shard.unlink()
    web.forgets()
    regular.retries(answer)
    assert ANSWER in answer.succeeds()
    assert web.shard_requests() == []


def test_a_registry_that_fails_its_schema_stops_the_engine_with_plain_words(regular: Person, web: Web) -> None:
    documents = {name: altered(web.site.registry, change) for name, change in REGISTRIES.items()}
    for name, document in documents.items():
        with web.site.altered(REGISTRY, document):
            regular.opens()
            regular.message.fill("I had just begun to wr")
            regular.waits_for_the_engine("failed")
            expect(regular.page.get_by_role("alert"), name).to_contain_text("The list of models is damaged")
    regular.reloads()
    expect(regular.message).to_have_value("I had just begun to wr")
    assert ANSWER in regular.asks(QUESTION).succeeds()
    assert web.shard_requests() == []
