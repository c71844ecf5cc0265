"""The browser's own voices: which one speaks, one sentence after the other, and what ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bridge_in_node import bridge

SCRIPT = """
globalThis.addEventListener = () => {};
globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
const timers = [];
globalThis.setTimeout = (call, ms) => { const timer = { call, ms }; timers.push(timer); return timer; };
globalThis.clearTimeout = (timer) => { if (timer) timer.call = () => {}; };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What comes of `steps` in a browser with these voices: ["say", …], ["event", name, error], ["stop"], ["late"]. */
async function answer({ voices, steps, api = true }) {
  timers.length = 0;
  const spoken = [], heard = [];
  let cancelled = 0;
  const cancel = () => { cancelled += 1; };
  const speech = { getVoices: () => voices, speak: (one) => spoken.push(one), cancel };
  globalThis.speechSynthesis = api ? speech : undefined;
  const { openVoice, ownVoices } = await import("./bridge/page/voice.js");
  const opening = openVoice((text) => heard.push(JSON.parse(text)));
  await turn();
  for (const timer of timers.splice(0)) timer.call();
  const voice = await opening;
  for (const [what, ...rest] of steps) {
    if (what === "say") voice.say(...rest);
    else if (what === "stop") voice.stop();
    else if (what === "late") for (const timer of timers.splice(0)) timer.call();
    else { const one = spoken[rest[1] ?? spoken.length - 1]; one["on" + rest[0]]({ error: rest[2] }); }
  }
  const own = api && voices.length ? JSON.parse(await ownVoices()) : null;
  return { heard, cancelled, own, spoken: spoken.map(({ text, voice, lang, rate }) => [text, voice.name, lang, rate]) };
}
"""
FRENCH = {"name": "Amélie", "lang": "fr_FR", "localService": True, "default": False}
ENGLISH = {"name": "Daniel", "lang": "en-GB", "localService": True, "default": False}
PREFERRED = {"name": "Samantha", "lang": "en-US", "localService": True, "default": True}
REMOTE = {"name": "Google UK", "lang": "en-GB", "localService": False, "default": False}
VOICES = [REMOTE, FRENCH, ENGLISH, PREFERRED]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("voice")
    with bridge(folder, SCRIPT) as running:
        yield running


def say(call: int, text: str = "Hi.", language: str = "en", name: str = "", rate: float = 1) -> list[Any]:
    return ["say", call, text, language, name, rate]


def run(node: Any, *steps: list[Any], voices: Any = VOICES, **more: Any) -> dict[str, Any]:
    done: dict[str, Any] = node.ask({"voices": voices, "steps": steps, **more})
    return done


def test_sentences_are_spoken_one_after_the_other_and_told(node: Any) -> None:
    first = run(node, say(0, "One.", rate=1.5), say(1, "Deux.", "fr"))
    assert first["spoken"] == [["One.", "Samantha", "en-US", 1.5]], "the second waits"
    both = run(node, say(0, "One."), say(1, "Deux.", "fr"), ["event", "start"], ["event", "end"], ["event", "start"])
    assert both["spoken"][1] == ["Deux.", "Amélie", "fr_FR", 1]
    assert both["heard"] == [
        {"what": "began", "call": 0},
        {"what": "ended", "call": 0},
        {"what": "began", "call": 1},
    ]


def test_the_persons_voice_speaks_its_own_language_and_no_other(node: Any) -> None:
    assert run(node, say(0, name="Daniel"))["spoken"][0][1] == "Daniel"
    other = run(node, say(0, "Oui.", "fr", "Daniel"))
    assert other["spoken"][0][1] == "Amélie"
    assert other["heard"] == [{"what": "another", "name": "Amélie", "language": "fr"}]
    assert run(node, say(0, "Oui.", "fr"))["heard"] == [], "none was chosen"


def test_a_voice_that_sends_the_text_away_is_never_used(node: Any) -> None:
    only = run(node, say(0, name="Google UK"), voices=[REMOTE])
    assert (only["spoken"], only["heard"]) == ([], [{"what": "failed", "why": "remote"}])
    assert run(node, say(0, name="Google UK"))["spoken"][0][1] == "Samantha"
    assert {"name": "Google UK", "language": "en", "local": False} in only["own"]


@pytest.mark.parametrize("more", [{"voices": []}, {"voices": [FRENCH]}, {"api": False}])
def test_where_no_voice_speaks_the_language_it_says_so(node: Any, more: dict[str, Any]) -> None:
    assert run(node, say(0), **more)["heard"] == [{"what": "failed", "why": "none"}]


def test_stopped_it_is_silent_and_what_still_comes_of_it_is_not_told(node: Any) -> None:
    done = run(node, say(0), say(1), ["stop"], ["event", "error", 0, "interrupted"], ["event", "end", 0])
    assert (len(done["spoken"]), done["heard"], done["cancelled"]) == (1, [], 1)


def test_another_page_that_speaks_ends_a_sentence_and_not_the_reading(node: Any) -> None:
    done = run(node, say(0), say(1), ["event", "error", 0, "interrupted"])
    assert [row[0] for row in done["spoken"]] == ["Hi.", "Hi."]
    assert done["heard"] == [{"what": "ended", "call": 0}]


@pytest.mark.parametrize(("error", "why"), [("not-allowed", "blocked"), ("synthesis-failed", "failed")])
def test_a_voice_that_fails_is_told_once(node: Any, error: str, why: str) -> None:
    done = run(node, say(0), say(1), ["event", "error", 0, error])
    assert done["heard"] == [{"what": "failed", "why": why}]
    assert len(done["spoken"]) == 1


def test_a_sentence_that_never_ends_is_given_up(node: Any) -> None:
    done = run(node, say(0), say(1, "Next."), ["event", "start"], ["late"])
    assert done["cancelled"] == 1
    assert [row[0] for row in done["spoken"]] == ["Hi.", "Next."]
    assert done["heard"][-1] == {"what": "ended", "call": 0}
