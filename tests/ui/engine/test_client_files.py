"""The client brings a question's files to the engine."""

from __future__ import annotations

from tests.ui.engine.test_client import Scene


def test_a_questions_files_go_before_it() -> None:
    scene = Scene()
    scene.client.start()
    scene.client.ask("infer", {"query": "What?"}, message_id="one", attached=["a"])
    scene.worker.come_up()
    scene.client.ask("infer", {"query": "And?"}, message_id="two", attached=["a", "b"])
    scene.client.ask("infer", {"query": "So?"}, message_id="three")
    assert [(m["type"], m["id"], m.get("ids")) for m in scene.worker.posted[1:]] == [
        ("attach", "one", ["a"]),
        ("infer", "one", None),
        ("attach", "two", ["a", "b"]),
        ("infer", "two", None),
        ("infer", "three", None),
    ]


def test_what_a_microphone_records_goes_behind_its_request() -> None:
    scene = Scene()
    scene.client.start()
    scene.client.ask("listen", message_id="one", source="microphone")
    scene.client.ask("heard_all", {"request": "one"}, message_id="two")
    scene.worker.come_up()
    assert [(m["type"], m["id"]) for m in scene.worker.posted[1:]] == [
        ("listen", "one"),
        ("feed", "one"),
        ("heard_all", "two"),
    ]
