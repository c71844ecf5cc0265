"""The lines under an answer and on the loading card."""

from __future__ import annotations

from typing import get_args

from orion_py.protocol import SkillStep
from tests.ui.speech import speak
from ui.answers.answer_view import activity_words, backend_words, facts, note_words
from ui.chats.conversation import Conversation, Turn
from ui.engine.view_state import Load, ViewState
from ui.status import loading_view

S = "\u202f"
EN, FR = speak("en"), speak("fr")


def test_the_backend_is_said_in_both_languages() -> None:
    assert backend_words("WASM, 2 threads", EN) == "WebAssembly, 2 threads"
    assert backend_words("WASM, 1 thread", FR) == "WebAssembly, 1 fil"
    assert backend_words("WebGPU", FR) == "WebGPU"
    assert backend_words("Kernel, 2 threads", EN) == "Orion’s kernel, 2 threads"
    assert backend_words("Kernel, 1 thread", FR) == "Noyau d’Orion, 1 fil"
    assert backend_words("Kernel, 2 threads, plain SIMD", EN) == "Orion’s kernel, 2 threads, plain SIMD"
    assert backend_words(None, EN) == ""


def test_a_picture_that_is_read_says_how_far_it_is() -> None:
    turn = Turn("a", "assistant", "", "loading")
    turn.activity = "looking"
    assert activity_words(turn, EN) == "Looking at the picture"
    turn.looked = (1, 1, 0, 0)
    assert activity_words(turn, EN) == "Looking at the picture"
    turn.looked = (1, 1, 4, 12)
    assert activity_words(turn, EN) == "Reading the picture: line 4 of 12"
    turn.looked = (2, 3, 0, 0)
    assert activity_words(turn, FR) == "Examen de l’image 2 sur 3"
    turn.looked = (2, 3, 4, 12)
    assert activity_words(turn, FR) == "Lecture de l’image 2 sur 3 : ligne 4 sur 12"
    turn.activity = "thinking"
    assert activity_words(turn, FR) == "Réflexion"


def test_a_recording_that_waits_for_the_microphone_says_so() -> None:
    state = ViewState(Conversation("c"))
    question, turn = Turn("q", "user", ""), Turn("a", "assistant", "", "loading")
    question.attached = [{"id": "f", "kind": "audio"}]
    state.conversation.turns = [question, turn]
    assert not state.waits_for_microphone(turn)
    state.listens(True)
    assert turn.id in state.take_dirty()
    assert state.waits_for_microphone(turn)
    assert activity_words(turn, EN, True) == "Waits until the microphone is off, then listens to the recording"
    assert activity_words(turn, FR, True).startswith("Attend que le microphone soit coupé")
    turn.heard = (0, 3)
    assert not state.waits_for_microphone(turn)
    turn.heard, question.attached = None, [{"id": "f", "kind": "image"}]
    assert not state.waits_for_microphone(turn)


def test_an_answer_says_who_what_where_and_how_fast() -> None:
    turn = Turn("a", "assistant", "text")
    turn.agent, turn.model = "conversation", "smol"
    turn.meta = {"backend": "WASM, 2 threads", "rate": 41.2, "first_token_ms": 350.0, "reason": "why"}
    rows = facts(turn, FR, {"smol": "Smol 135M"}.get)
    assert [text for _, text, _ in rows] == [
        "Conversation",
        "Smol 135M",
        "WebAssembly, 2 fils",
        "41 jetons/s",
        f"premier mot en 350{S}ms",
    ]
    assert rows[0][2] == "Pourquoi cet agent : why"


def test_the_rate_tells_what_was_guessed_ahead() -> None:
    turn = Turn("a", "assistant", "text")
    turn.meta = {"rate": 41.2, "drafted": 40, "accepted": 31}
    assert facts(turn, EN, str) == [("rate", "41 tokens/s", "31 of 40 tokens guessed ahead were right")]


def test_the_first_word_says_how_much_of_the_prompt_was_read_before_the_question() -> None:
    turn = Turn("a", "assistant", "Hi", "success")
    turn.meta = {"first_token_ms": 120, "prompt": 61, "cached": 27}
    assert [row[2] for row in facts(turn, EN, str)] == ["27 of 61 tokens were read before the question"]
    assert [row[2] for row in facts(turn, FR, str)] == ["27 jetons sur 61 étaient lus avant la question"]
    turn.meta = {"first_token_ms": 3, "prompt": 0, "cached": 0}
    assert [row[2] for row in facts(turn, EN, str)] == [None], "nothing was read at all"


def test_figures_that_are_not_known_are_not_made_up() -> None:
    turn = Turn("a", "assistant", "text")
    turn.meta = {"backend": None, "rate": None, "first_token_ms": None}
    assert facts(turn, EN, str) == []


def load(phase: str, **fields: object) -> Load:
    made = Load("smol")
    made.phase, made.loaded, made.total = phase, 41_000_000, 98_000_000
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_the_card_says_how_much_how_fast_how_long_and_from_where() -> None:
    shards = [{"state": "stored"}, {"state": "downloading"}]
    parts = loading_view.facts(load("downloading", speed=7.4e6, seconds_left=8.0, shards=shards), EN)
    assert parts == [f"41 of 98{S}MB", f"7.4{S}MB/s", f"8{S}s left", "1 of 2 parts", "from the network, only once"]


def test_what_lies_on_the_device_whole_has_no_speed_and_no_bytes_to_come() -> None:
    assert loading_view.facts(load("loading_shard", speed=7e6, from_storage=True), FR) == ["depuis cet appareil"]


def test_nothing_is_left_to_wait_for_once_every_byte_arrived() -> None:
    parts = loading_view.facts(load("downloading", loaded=98_000_000, speed=7e6, seconds_left=0.0), EN)
    assert parts == [f"98 of 98{S}MB", "from the network, only once"]


def test_a_paused_load_says_what_is_kept() -> None:
    assert loading_view.facts(load("paused", shards=[{"state": "stored"}]), EN) == [f"41 of 98{S}MB"]


def test_roles_are_said_in_words() -> None:
    assert loading_view.role_words("tokenizer", FR) == "mots"
    assert loading_view.role_words("layers 0-5", FR) == "couches 0-5"
    assert loading_view.role_words("layers", EN) == "layers"
    assert loading_view.role_words("unknown", EN) == "unknown"


def test_notes_without_words_stay_silent() -> None:
    assert note_words({"kind": "length"}, EN).startswith("The answer reached")
    assert note_words({"kind": "loop"}, EN).startswith("The model kept repeating itself")
    assert note_words({"kind": "loop_again"}, EN).startswith("The model began to repeat itself")
    assert note_words({"kind": "from_a_newer_version"}, EN) == ""


def test_a_skill_says_its_step_but_not_while_a_model_loads() -> None:
    turn = Turn("a", "assistant", "", "loading")
    turn.step, turn.activity = "running", "loading"
    assert activity_words(turn, EN) == "Waiting for the model"
    turn.activity = "thinking"
    assert activity_words(turn, EN) == "Running the program"
    assert activity_words(turn, FR) == "Exécution du programme"
    turn.step = "of a later engine"
    assert activity_words(turn, EN) == "Thinking"


def test_every_step_of_a_skill_has_words() -> None:
    assert all(words.has(f"step_{step}") for step in get_args(SkillStep) for words in (EN, FR))
