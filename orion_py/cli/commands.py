"""Defines ``orion``: the engine from a terminal, on the native runners. Exit codes: 0 done, 1 failed, 2 usage."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orion_py import __version__
from orion_py.cancellation import CancelToken
from orion_py.cli.chat import TerminalChat, reader
from orion_py.cli.ears import require_built
from orion_py.cli.extras import missing
from orion_py.cli.loading import Loading
from orion_py.cli.models import registry_of, run_models
from orion_py.cli.printing import AnswerPrinter
from orion_py.cli.see import add_see
from orion_py.cli.speak import add_speak
from orion_py.cli.transcribe import add_transcribe
from orion_py.config import EngineConfig, shown
from orion_py.engine.engine import Engine
from orion_py.errors import InvalidInput, OrionError, from_code
from orion_py.faults import first_fault, reason
from orion_py.protocol import Event, FallbackEvent, InferOptions, Response, StreamStatistics
from orion_py.registry.models import ModelEntry
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.telemetry.log import Logger

REGISTRY = "models.json"
LOCALES = ("en", "fr")


def default_root() -> Path:
    """The checkout, where models.json lies, and public/models below it: this folder if it is one, or that
    of the program. An installed program has none of its own."""
    here, ours = Path(), Path(__file__).resolve().parents[2]
    return here if (here / REGISTRY).is_file() or not (ours / REGISTRY).is_file() else ours


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. argparse itself exits with 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if not (options.root / REGISTRY).is_file():
            where = f"There is no {REGISTRY} in {options.root}."
            print(f"orion: {where} Run the command in a checkout of ORION, or name one with --root.", file=sys.stderr)
            return 1
        return int(options.run(options))
    except OrionError as error:
        print(f"orion: {error.message}{' ' + error.hint if error.hint else ''}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"orion: {reason(error)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"orion: {missing(error, 'native')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="orion", description="The ORION engine in a terminal.")
    parser.add_argument("--version", action="version", version=f"orion {__version__}")
    parser.add_argument("--root", type=Path, default=default_root(), help="folder with models.json and public/models")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    chat = commands.add_parser(
        "chat",
        help="a conversation, or the answer to one prompt",
        description="Without a prompt: a conversation, /help lists its commands. With one: its answer.",
    )
    chat.add_argument("prompt", nargs="?", help="the question, or - for standard input")
    chat.add_argument(
        "--audio",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a recording to ask about (more than one: repeat it); without a prompt, what is said is the question",
    )
    chat.add_argument("--once", action="store_true", help="answer once and end; without a prompt, standard input's")
    chat.add_argument("--agent", help="force this agent")
    chat.add_argument("--model", help="force this model")
    chat.add_argument(
        "--image",
        dest="images",
        nargs="+",
        action="extend",
        type=Path,
        default=[],
        metavar="FILE",
        help="pictures that the question is about (needs python3 build.py models vision)",
    )
    chat.add_argument("--add", metavar="ADDRESS", help="answer with the model in a folder (docs/adding-models.md)")
    chat.add_argument("--lite", action="store_true", help="don't wait for the larger models that agents prefer")
    chat.add_argument("--locale", type=_locale, default="en", help="en or fr (default: en)")
    chat.add_argument("--temperature", type=float)
    chat.add_argument("--max-tokens", type=int)
    chat.add_argument("--seed", type=int)
    chat.add_argument("--exact", action="store_true", help="compute with the source's own weights: slower, no loss")
    chat.add_argument(
        "--runner",
        choices=tuple(shown()["runner"].options),
        default="auto",
        help="what computes: our own kernel or onnxruntime (default: the kernel where it can)",
    )
    chat.add_argument(
        "--cache-bits",
        choices=tuple(shown()["cache_bits"].options),
        default="auto",
        help="how wide the kernel keeps a conversation's keys and values (default: 16, and 8 where memory is short)",
    )
    chat.add_argument(
        "--speculation",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="guess text that repeats the prompt and verify it several tokens at a time (default: on)",
    )
    chat.add_argument(
        "--stream", choices=("token", "word", "sentence"), default="token", help="size of the pieces (default: token)"
    )
    chat.add_argument("--delay", type=int, default=0, metavar="MS", help="least pause between two pieces, 0 to 1000 ms")
    chat.add_argument("--stats", action="store_true", help="say at the end how the answer streamed, on standard error")
    chat.add_argument("--json", action="store_true", help="print the whole response as JSON, not streamed")
    chat.set_defaults(run=_chat)

    route = commands.add_parser("route", help="which agent would answer: a JSON line per query")
    route.add_argument("text", nargs="?", help="one query, or - for standard input")
    route.add_argument("--jsonl", type=Path, help='a file of {"id", "text"} rows')
    route.add_argument("--locale", type=_locale, default="en", help="en or fr (default: en)")
    route.add_argument("--router", choices=("auto", "keyword"), default="auto", help="auto: neural where it is built")
    route.set_defaults(run=_route)

    add_see(commands)
    add_transcribe(commands)
    add_speak(commands)

    models = commands.add_parser("models", help="what the registry knows, and whether what is built is whole")
    models.add_argument("action", nargs="?", choices=("list", "verify"), default="list")
    models.set_defaults(run=run_models)
    return parser


def _locale(text: str) -> str:
    """A language of the engine's, also with a region: fr-CA is French."""
    if text.lower().partition("-")[0] not in LOCALES:
        raise argparse.ArgumentTypeError(f"there are {' and '.join(LOCALES)}, not {text!r}")
    return text


def _chat(options: argparse.Namespace) -> int:
    if len(options.images) > 1 and options.prompt is None and not options.images[-1].exists():
        options.prompt = str(options.images.pop())  # the question stands behind the files
    if options.json and options.prompt is None and not options.once and not options.audio:
        print("orion chat: --json prints one answer; give a prompt, or --once", file=sys.stderr)
        return 2
    flags = {"force_agent": "agent", "granularity": "stream", "delay_ms": "delay"}
    try:
        wanted = InferOptions(
            force_agent=options.agent,
            model=options.model,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            seed=options.seed,
            granularity=options.stream,
            delay_ms=options.delay,
        )
    except ValidationError as error:
        name, fault = first_fault(error)
        print(f"orion chat: --{flags.get(name, name).replace('_', '-')}: {fault}", file=sys.stderr)
        return 2
    return asyncio.run(_chat_run(options, wanted))


async def _chat_run(options: argparse.Namespace, wanted: InferOptions) -> int:
    from orion_py.native.ports import native_ports

    if options.audio:
        require_built(options.root)
    config = EngineConfig(
        runner=options.runner,
        cache_bits=options.cache_bits,
        exact=options.exact,
        enable_speculation=options.speculation,
        wait_for_larger_models=not options.lite,
    )
    engine = await Engine.start(
        config, native_ports(options.root), Logger(clock=time.monotonic), subscribers=[Loading(sys.stderr)]
    )
    try:
        if options.add:
            added = await engine.add_model(options.add)
            print(_offer(added), file=sys.stderr)
            wanted = wanted.model_copy(update={"model": added.id})
        if wanted.force_agent is None:
            await engine.wait_for_router()
        if options.prompt is None and not options.once and not options.audio:
            await _converse(engine, wanted, options)
            return 0
        prompt = _prompt(options)
        if options.json:
            response = await engine.infer(
                prompt, wanted, locale=options.locale, images=options.images, audio=options.audio
            )
            print(response.model_dump_json())
        else:
            await _streamed(engine, options, prompt, wanted, [])
        return 0
    finally:
        await engine.shutdown()


def _prompt(options: argparse.Namespace) -> str:
    """Without one, what recordings say is the question."""
    if options.prompt is None and options.audio:
        return ""
    return sys.stdin.read() if options.prompt in (None, "-") else str(options.prompt)


async def _converse(engine: Engine, wanted: InferOptions, options: argparse.Namespace) -> None:
    if sys.stdin.isatty():
        print(f"ORION {__version__}. /help lists the commands, Ctrl-D ends.", file=sys.stderr)
    ask = partial(_streamed, engine, options)
    await TerminalChat(engine, ask, wanted, sys.stderr).run(reader(sys.stdin))


async def _streamed(
    engine: Engine,
    options: argparse.Namespace,
    prompt: str,
    wanted: InferOptions,
    history: list[ChatMessage],
) -> Response:
    """Prints the answer as it comes, and then in a line how it came about."""
    ends: list[Response] = []
    printer = AnswerPrinter(sys.stdout, sys.stderr)
    deafen = engine.subscribe(printer.hears)
    try:
        async for piece in engine.stream(
            prompt,
            wanted,
            history,
            locale=options.locale,
            images=options.images,
            audio=options.audio,
            on_response=ends.append,
            on_revision=printer.revised,
        ):
            printer.piece(piece)
    finally:
        deafen()
    printer.end(ends[0])
    print(_summary(ends[0]), file=sys.stderr)
    if options.stats and ends[0].stream is not None:
        print(_statistics(ends[0].stream), file=sys.stderr)
    return ends[0]


def _offer(entry: ModelEntry) -> str:
    size, memory = f"{entry.download_bytes / 1e6:,.1f} MB", f"{entry.memory_bytes / 1e6:,.0f} MB"
    return f"[{entry.title} · {entry.family} · {size}, about {memory} of memory · licence: {entry.licence}]"


def _summary(response: Response) -> str:
    rate = f", {response.tokens_per_second:.1f} tokens/s" if response.tokens_per_second else ""
    usage = response.usage
    drafts = f", {usage.accepted} of {usage.drafted} guessed" if usage.drafted else ""
    return f"[{response.agent} · {response.model} · {response.backend} · {usage.completion} tokens{rate}{drafts}]"


def _statistics(stream: StreamStatistics) -> str:
    first = "" if stream.first_ms is None else f", first token after {stream.first_ms:,.0f} ms"
    rate = "" if stream.tokens_per_second is None else f", then {stream.tokens_per_second:.1f} tokens/s"
    pause = f", {stream.delay_ms} ms apart" if stream.delay_ms else ""
    counts = f"{stream.pieces} pieces by the {stream.granularity}{pause}, {stream.characters} characters"
    return f"[{counts}, {stream.tokens} tokens in {stream.ms:,.0f} ms{first}{rate}]"


def _route(options: argparse.Namespace) -> int:
    if (options.text is None) == (options.jsonl is None):
        print("orion route: give either TEXT or --jsonl FILE", file=sys.stderr)
        return 2
    asyncio.run(_route_all(options))
    return 0


async def _route_all(options: argparse.Namespace) -> None:
    from orion_py.fetching.loader import ProgressiveLoader
    from orion_py.native.ports import native_ports
    from orion_py.routing.service import RouterService
    from orion_py.routing.subjects import subjects_of

    registry = registry_of(options.root)

    def tell(event: Event) -> None:
        if isinstance(event, FallbackEvent) and event.to == "keyword":
            hint = from_code(event.reason_code).hint
            print(f"orion: the keyword rules route: {event.reason} {hint}".rstrip(), file=sys.stderr)

    enabled, subjects = tuple(agent.id for agent in registry.agents), subjects_of(registry.agents)
    ports = native_ports(options.root)
    loader = ProgressiveLoader(ports.store, ports.runtime, clock=ports.clock, sleep=ports.sleep, uniform=ports.uniform)
    router = RouterService(ports, loader, enabled, tell, subjects=subjects)
    if options.router == "auto" and registry.router is not None:
        await router.load(registry.router, CancelToken())
    try:
        for row_id, text in _queries(options):
            started = time.perf_counter()
            decision = await router.route(text, options.locale)
            line: dict[str, Any] = {
                "id": row_id,
                "agent": decision.agent,
                "confidence": decision.confidence,
                "probabilities": decision.probabilities,
                "router": decision.router,
                "ms": round((time.perf_counter() - started) * 1000, 3),
            }
            print(json.dumps(line, ensure_ascii=False))
    finally:
        await router.close()


def _queries(options: argparse.Namespace) -> Iterator[tuple[str | int, str]]:
    """(id, text) of each query. Raises InvalidInput, which names the line."""
    if options.jsonl is None:
        yield 0, sys.stdin.read() if options.text == "-" else options.text
        return
    with options.jsonl.open(encoding="utf-8") as rows:
        for number, row in enumerate(rows, 1):
            if not row.strip():
                continue
            try:
                parsed = json.loads(row)
                row_id, text = parsed["id"], parsed["text"]
            except (ValueError, KeyError, TypeError):
                raise InvalidInput(f'{options.jsonl}:{number}: not a {{"id", "text"}} object') from None
            if not isinstance(text, str) or not isinstance(row_id, str | int):
                raise InvalidInput(f"{options.jsonl}:{number}: id or text is of the wrong type")
            yield row_id, text
