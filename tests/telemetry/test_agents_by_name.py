"""Telemetry counts the site's agents by their names, and nobody's own."""

from __future__ import annotations

import pytest

from orion_py.protocol import AgentDefinition, InferOptions
from tests.two_models import TwoModels, engine


@pytest.mark.parametrize(("agent", "counted"), [("scribe", "scribe"), ("my-secret-project", "other")])
async def test_an_agent_of_the_registry_is_counted_by_its_name_and_a_persons_own_as_other(
    agent: str, counted: str
) -> None:
    made = await engine(TwoModels(), enable_telemetry=True)
    await made.register_agent(AgentDefinition(id="my-secret-project", name="Mine", prompt="You keep secrets."))
    await made.infer("hello", InferOptions(temperature=0, max_tokens=8, force_agent=agent))
    counts = (await made.telemetry.report())["counts"]
    assert {name for name in counts if name.startswith("answered.agent.")} == {f"answered.agent.{counted}"}
