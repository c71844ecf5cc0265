"""The template of a model that sees gets contents in parts, and its mark of a picture becomes a place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orion_py.errors import InvalidManifest
from orion_py.generation.pictured_template import SeeingTokenizer, examine_seeing
from orion_py.generation.prompt import PLACE
from orion_py.native.chat_template import NativeChatTemplate
from orion_py.runtime.tokenizer import ChatMessage
from tests.model_foundry.seeing.folder import SMOLVLM
from tests.tiny import LetterTokenizer

TEMPLATE = (SMOLVLM / "chat_template.jinja").read_text("utf-8")


class Written(LetterTokenizer):
    """Has a real template."""

    def __init__(self, template: str = TEMPLATE) -> None:
        self.template = NativeChatTemplate(template, "", "")

    def render(self, messages: Sequence[ChatMessage]) -> str:
        return self.template.render(messages)


def rendered(*messages: ChatMessage) -> str:
    return SeeingTokenizer(Written(), "<image>").render(messages)


def test_pictures_stand_before_the_text() -> None:
    asked: ChatMessage = {"role": "user", "content": f"{PLACE}{PLACE}what is it?"}
    assert rendered(asked) == f"<|im_start|>User:{PLACE}{PLACE}what is it?<end_of_utterance>\nAssistant:"


def test_a_text_without_a_picture_is_one_part() -> None:
    found = rendered({"role": "system", "content": "be brief"}, {"role": "user", "content": ""})
    assert found == "<|im_start|>System: be brief<end_of_utterance>\nUser: <end_of_utterance>\nAssistant:"


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{% endfor %}",
        "{% for m in messages %}{{ m['content'] }}{% endfor %}",
        "{% for m in messages %}{% for part in m['content'] %}{{ '<image>' }}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_leaves_out_a_picture_or_its_question_is_refused(template: str) -> None:
    examine_seeing(NativeChatTemplate(TEMPLATE, "", ""), "<image>")
    with pytest.raises(InvalidManifest):
        examine_seeing(NativeChatTemplate(template, "", ""), "<image>")
