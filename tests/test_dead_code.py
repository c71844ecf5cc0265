"""Nothing dead: every function, class and field of the product is reached by the product, not by its tests alone."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[1]
PRODUCT = ("orion_py", "model_foundry", "build_support", "bench", "build.py", "web/ui")
VALIDATORS = ["@field_validator", "@model_validator"]
"""pydantic calls what they decorate."""
BY_NAME = ["model_config", "__*__"]
"""pydantic reads the one, Python the others."""

ALLOWED = {
    # Python's own and libraries' base classes call or read these by their names.
    "build_support/server.py": {
        "block_on_close do_GET do_HEAD daemon_threads handle_error client_address log_message "
        "protocol_version close_connection": "http.server",
        "fail corrupt": "the browser tests of e2e/ order these faults, as the benchmarks order others",
    },
    "orion_py/native/chat_template.py": {
        "tags _inside intercepted_binops": "jinja's extensions and sandbox",
    },
    "orion_py/native/kernel_module.py": {
        "_as_extern": "wasmtime",
        "wasm_threads shared_memory wasm_relaxed_simd": "settings of wasmtime",
    },
    "orion_py/native/fed_graphs.py": {"intra_op_num_threads log_severity_level": "settings of onnxruntime"},
    "orion_py/native/runtime.py": {"intra_op_num_threads log_severity_level": "settings of onnxruntime"},
    "orion_py/arithmetic/display.py": {"prec": "the decimal module's context"},
    "orion_py/arithmetic/expression.py": {"prec": "the decimal module's context"},
    "orion_py/browser/lazy.py": {"defer": "web/workers/engine.js calls it"},
    "model_foundry/graphs/builder.py": {"data_location": "a field of ONNX"},
    "model_foundry/formats/torch_file.py": {"find_class persistent_load": "pickle's own"},
    "model_foundry/senses/vision.py": {
        "build_text_reader build_object_detector build_classifier": "build_support/senses.py, by the builder's name",
        "intra_op_num_threads log_severity_level": "settings of onnxruntime",
    },
    "model_foundry/senses/voices.py": {
        "build_piper build_kokoro": "build_support/senses.py, by the builder's name",
    },
    "model_foundry/routing/graph.py": {"ir_version": "a field of ONNX"},
    "model_foundry/routing/build.py": {"intra_op_num_threads log_severity_level": "settings of onnxruntime"},
    "model_foundry/training/scripts/lora.py": {"use_cache": "a setting of transformers"},
    "bench/native/contender.py": {"n_gpu_layers n_batch n_ctx n_threads n_threads_batch": "settings of llama.cpp"},
    # The browser's elements.
    "web/ui/answers/why_view.py": {"disabled": "an element's"},
    "web/ui/asking/agent_picker.py": {"disabled": "an element's"},
    "web/ui/asking/recorder.py": {"readOnly disabled": "an element's"},
    "web/ui/base/dom.py": {"className": "an element's"},
    "web/ui/panel/panel.py": {"inert": "an element's"},
    "web/ui/settings/engine_settings.py": {"disabled": "an element's"},
    "web/ui/settings/models_settings.py": {"disabled": "an element's"},
    "web/ui/settings/settings_view.py": {"disabled": "an element's"},
    "web/ui/status/loading_view.py": {"flexGrow": "an element's"},
    "web/ui/workshop/form.py": {"disabled": "an element's"},
    # Reached by a name that is put together.
    "orion_py/config.py": {
        "enable_vision enable_code enable_speech enable_creative enable_multilingual": "answering/ability.py, by agent",
    },
    "orion_py/errors.py": {
        "ForeignOrigin": "raised by origins.js; browser/errors.py finds it by its code",
        "RecordingTooLong": "raised by engine/attachments.js, and found so too",
    },
    "web/ui/panel/parts.py": {
        "draw_router draw_memory draw_speed draw_queue draw_breakers draw_predictive": "panel.py, by the part's name",
    },
    "build_support/pyodide_side.py": {"stdlib": "python_bundle.mjs calls it in Pyodide"},
    # Written out as a whole by dataclasses.asdict.
    "model_foundry/importing/onnx_file.py": {"inline_bytes external_bytes": "foundry inspect prints them"},
    # Held so that Python doesn't collect them.
    "orion_py/storage/among_tabs.py": {"_campaign": "a task that nobody awaits"},
    "web/ui/app.py": {"_caret": "listens to the page"},
    # The third of three ports (docs/architecture.md): the tests' and whoever's who embeds the engine.
    "orion_py/runtime/scripted.py": {"ScriptedRuntime interrupts": "the scripted runtime"},
    "orion_py/native/kernel_layout.py": {"more_caches": "the caches that the kernel's own orion_use_cache goes on in"},
    "model_foundry/senses/speech.py": {"build_whisper build_silero": "build_support/senses.py names them"},
    "orion_py/storage/memory.py": {"MemoryShardStore": "the store of the scripted ports"},
    # The protocol, where its other side isn't Python.
    "orion_py/registry/models.py": {"good_at": "web/ui/settings/voice_settings.py, of the status's rows"},
    "orion_py/protocol/events.py": {
        "BootEvent BootFailed": "web/workers/engine.js sends them",
        "at_s start_s end_s": "when it was said, for callers of listen",
    },
    "orion_py/protocol/rows.py": {
        "p90 p99": "a histogram for callers of status",
        "probation": "a kept version for callers of status",
        "p50_s p95_s ignored": "a breaker for callers of status",
    },
}
"""File: names, and who reaches them. Whoever adds one says so here; a line that nothing needs any more fails."""


BY_CONVENTION = re.compile(r"orion_py/agents/\w+\.py [A-Z]\w*Agent")
"""File and name: agents/factory.py finds an agent's class by its id."""


@cache
def found() -> set[tuple[str, str]]:
    """(file, name) of what no file of the product names."""
    vulture = Vulture(ignore_names=BY_NAME, ignore_decorators=VALIDATORS)
    vulture.scavenge([str(ROOT / path) for path in PRODUCT])
    items = vulture.get_unused_code(min_confidence=60)
    rows = {(Path(item.filename).relative_to(ROOT).as_posix(), item.name) for item in items}
    return {row for row in rows if not BY_CONVENTION.fullmatch(" ".join(row))}


def allowed() -> set[tuple[str, str]]:
    return {(file, name) for file, rows in ALLOWED.items() for names in rows for name in names.split()}


@cache
def keys_of_the_page() -> frozenset[str]:
    """What the page looks up in the engine's messages: the texts of its Python."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "web" / "ui").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def read_by_the_page(file: str, name: str) -> bool:
    """Whether it is a field of a message, which the page reads by its key."""
    return file.startswith("orion_py/protocol/") and name in keys_of_the_page()


def test_nothing_is_dead() -> None:
    dead = {each for each in found() - allowed() if not read_by_the_page(*each)}
    assert sorted(dead) == [], "delete it with its tests, reach it, or say in ALLOWED who does"


@cache
def methods() -> set[tuple[str, str]]:
    """(file, name) of the methods that no file of the product takes of an object: a function of the same name, which
    the search by names takes for their use, isn't one."""
    trees = {path: ast.parse(path.read_text("utf-8")) for folder in PRODUCT for path in _modules(ROOT / folder)}
    taken: set[str] = set()
    made: set[tuple[str, str]] = set()
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                taken.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                body = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
                own = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}  # such as a table of handlers
                made |= {
                    (path.relative_to(ROOT).as_posix(), each.name)
                    for each in body
                    if each.name not in own
                    and not each.name.startswith("__")
                    and not any(_calls_it(mark) for mark in each.decorator_list)
                }
    return {(file, name) for file, name in made if name not in taken}


def _modules(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _calls_it(decorator: ast.expr) -> bool:
    return f"@{ast.unparse(decorator).partition('(')[0]}" in VALIDATORS


def test_no_method_lives_by_the_name_of_a_function() -> None:
    assert sorted(methods() - allowed()) == [], "delete it with its tests, reach it, or say in ALLOWED who does"


def test_the_list_of_what_is_reached_otherwise_holds_nothing_else() -> None:
    assert sorted(allowed() - found() - methods()) == []


def test_what_the_bridge_calls_or_sends_is_still_there() -> None:
    """The lines of ALLOWED whose reason is a file of JavaScript."""
    script = (ROOT / "web" / "workers" / "engine.js").read_text("utf-8")
    assert {"defer", "BootEvent", "BootFailed"} <= set(re.findall(r"\w+", script))
    assert "stdlib" in (ROOT / "build_support" / "python_bundle.mjs").read_text("utf-8")
    assert '"foreign_origin"' in (ROOT / "web/bridge/worker/engine/origins.js").read_text("utf-8")


def test_code_that_only_a_test_would_use_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("def dead():\n    pass\n\n\ndef alive():\n    pass\n\n\nalive()\n")
    vulture = Vulture()
    vulture.scavenge([str(tmp_path)])
    assert [item.name for item in vulture.get_unused_code(min_confidence=60)] == ["dead"]
