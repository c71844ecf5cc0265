"""Runs ``foundry agents``: measures how many of the agents' answers are useful, and what trying programs gains."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from model_foundry.commands.evaluating import DATA
from model_foundry.measuring.stories.solving import SETS as STORY_SETS
from model_foundry.measuring.stories.solving import Problem, Shares, Solved, problems, solve
from model_foundry.measuring.tasks import humaneval
from model_foundry.measuring.tasks.base import Exercise
from model_foundry.measuring.tasks.rows import sample
from model_foundry.measuring.usefulness.asking import Answered, Asked, BrowserAsked, NativeAsked, Way, answers
from model_foundry.measuring.usefulness.developing import Developed, Gain, develop
from model_foundry.measuring.usefulness.kept import KeptAnswers, Lines
from model_foundry.measuring.usefulness.results import Judged, Results
from model_foundry.measuring.usefulness.rows import AGENTS, LANGUAGES, SETS, Question, read_file, read_questions
from model_foundry.measuring.usefulness.table import as_markdown, show
from model_foundry.measuring.usefulness.verdict import judge
from model_foundry.progress import Progress, ProgressBars

SHORT = {
    "lite": "smollm2-135m-instruct",
    "full": "qwen2.5-coder-0.5b-instruct",
    "large": "qwen2.5-coder-1.5b-instruct",
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("agents", help="measure what the agents answer")
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    evaluate = parts.add_parser(
        "evaluate", help="put everyday questions to the agents, and judge each answer by rules that a program checks"
    )
    evaluate.add_argument(
        "--model", action="append", metavar="M", help="lite, full, large or a built model's id; may be repeated (lite)"
    )
    evaluate.add_argument("--language", choices=LANGUAGES, help="only these questions")
    evaluate.add_argument("--agent", choices=AGENTS, action="append", help="only these agents' questions")
    evaluate.add_argument("--hand", metavar="NAME", help="only one writer's questions")
    evaluate.add_argument("--set", choices=SETS, default="development", help="which questions (default: development)")
    where = evaluate.add_mutually_exclusive_group()
    where.add_argument("--native", action="store_true", help="in CPython (the default)")
    where.add_argument("--browser", action="store_true", help="in Chromium, on the built site")
    evaluate.add_argument("--way", choices=("agents", "plain", "both"), default="agents", help="plain: no agents")
    evaluate.add_argument("--limit", type=_count, metavar="N", help="that many questions, chosen by the seed")
    evaluate.add_argument("--seed", type=int, default=1, help="which questions, with --limit (default: 1)")
    evaluate.add_argument("--threads", type=_count, default=2)
    evaluate.add_argument("--root", type=Path, default=Path(), help="a checkout with built models (default: here)")
    evaluate.add_argument("--site", type=Path, default=Path("dist"), help="the built site, for the browser")
    evaluate.add_argument("--answers", type=Path, metavar="FILE", help="keep answers there, and go on after a stop")
    evaluate.add_argument("--json", action="store_true", help="for programs, with every answer and its faults")
    evaluate.add_argument("--markdown", action="store_true", help="the table as docs hold it")
    evaluate.set_defaults(command=run)
    develop = parts.add_parser("develop", help="HumanEval, a single try beside what the code agent makes of it")
    _add_tasks(develop)
    develop.set_defaults(command=run_develop)
    told = parts.add_parser("stories", help="problems told as stories: step by step, by program, and by vote")
    _add_tasks(told)
    told.add_argument("--set", choices=STORY_SETS, default="development", help="which (default: development)")
    told.add_argument("--language", choices=LANGUAGES, help="only these problems")
    told.set_defaults(command=run_stories)
    check = parts.add_parser("check", help="check rows of questions: each row's good answer passes, its bad one fails")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.set_defaults(command=check_rows)


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="lite", metavar="M")
    parser.add_argument("--limit", type=_count, metavar="N", help="that many problems, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=_count, default=2)
    parser.add_argument("--root", type=Path, default=Path(), help="a checkout with built models (default: here)")
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help=f"the tasks' data (default: {DATA})")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="keep answers there, and go on after a stop")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a number from 1 up")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Raises FoundryError and OrionError."""
    questions = wanted(options)
    kept = KeptAnswers(options.answers)
    ways: tuple[Way, ...] = ("agents", "plain") if options.way == "both" else (options.way,)
    with ProgressBars() as bars:
        found = [
            results
            for word in options.model or ["lite"]
            for results in asyncio.run(_measured(options, SHORT.get(word, word), ways, questions, kept, bars.report))
        ]
    if options.json:
        print(json.dumps({"set": options.set, "results": [results.as_json() for results in found]}))
    elif options.markdown:
        print(as_markdown(found))
    else:
        show(found, Console())
    return 0


def run_develop(options: argparse.Namespace) -> int:
    """Raises FoundryError, OrionError, and NoSandbox where programs can't be confined."""
    exercises = sample(humaneval.load(options.data), options.limit, options.seed)
    model = SHORT.get(options.model, options.model)
    with ProgressBars() as bars:
        gain = asyncio.run(_developed(options, model, exercises, bars.report))
    for sentence in gain.sentences():
        print(f"{model}: {sentence}")
    return 0


async def _developed(options: argparse.Namespace, model: str, exercises: list[Exercise], progress: Progress) -> Gain:
    kept = Lines(options.answers)
    known = {row["sample"]: Developed(**row) for row in kept.rows() if row.pop("model", None) == model}
    first: list[bool] = []
    final: list[bool] = []
    asked = await NativeAsked.start(options.root, model, options.threads)
    try:
        async for exercise, made, new in develop(asked.engine, model, exercises, known):
            if new:
                kept.add({"model": model, **made.as_json()})
            first.append((await asyncio.to_thread(exercise.grade, made.first)).passed)
            same = made.final == made.first
            final.append(first[-1] if same else (await asyncio.to_thread(exercise.grade, made.final)).passed)
            progress(f"HumanEval: {model}", len(final), len(exercises))
    finally:
        await asked.close()
    return Gain(first, final)


def run_stories(options: argparse.Namespace) -> int:
    """Raises FoundryError and OrionError."""
    asked = [one for one in problems(options.set, options.data) if options.language in (None, one.language)]
    model = SHORT.get(options.model, options.model)
    with ProgressBars() as bars:
        shares = asyncio.run(_solved(options, model, sample(asked, options.limit, options.seed), bars.report))
    for sentence in shares.sentences():
        print(f"{model}, {options.set}: {sentence}")
    return 0


async def _solved(options: argparse.Namespace, model: str, wanted: list[Problem], progress: Progress) -> Shares:
    kept = Lines(options.answers)
    known = {row["sample"]: Solved(**row) for row in kept.rows() if row.pop("model", None) == model}
    found = []
    asked = await NativeAsked.start(options.root, model, options.threads)
    try:
        async for problem, one, new in solve(asked.engine, model, wanted, known):
            if new:
                kept.add({"model": model, **one.as_json()})
            found.append((problem, one))
            progress(f"{options.set}: {model}", len(found), len(wanted))
    finally:
        await asked.close()
    return Shares.of(found)


def check_rows(options: argparse.Namespace) -> int:
    """Prints what is wrong with the rows' own answers. Raises EvaluationFailed for a file that isn't rows."""
    questions = [question for path in options.files for question in read_file(path)]
    wrong = 0
    for question in questions:
        faults = judge(question, question.good).faults
        if faults:
            wrong += 1
            print(f"{question.id}: its good answer fails: {'; '.join(faults)}")
        if question.bad and judge(question, question.bad).useful:
            wrong += 1
            print(f"{question.id}: its bad answer passes")
    print(f"{len(questions)} rows, {wrong} faults")
    return 1 if wrong else 0


def wanted(options: argparse.Namespace) -> list[Question]:
    """The questions that the options choose. Raises EvaluationFailed."""
    chosen = [
        question
        for question in read_questions(options.set)
        if options.language in (None, question.language)
        and (not options.agent or question.agent in options.agent)
        and options.hand in (None, question.hand)
    ]
    return sample(chosen, options.limit, options.seed)


async def _measured(
    options: argparse.Namespace,
    model: str,
    ways: tuple[Way, ...],
    questions: list[Question],
    kept: KeptAnswers,
    progress: Progress,
) -> list[Results]:
    asked: Asked
    if options.browser:
        asked = await BrowserAsked.start(options.site, model, options.threads)
    else:
        asked = await NativeAsked.start(options.root, model, options.threads)
    try:
        return [await _asked(asked, model, way, questions, kept, progress) for way in ways]
    finally:
        await asked.close()


async def _asked(
    asked: Asked, model: str, way: Way, questions: list[Question], kept: KeptAnswers, progress: Progress
) -> Results:
    judged: list[Judged] = []
    label = f"{model}, {way}"
    progress(label, 0, len(questions))
    async for question, answered, new in answers(asked, questions, way, kept.of(model, way, asked.name)):
        if new:
            kept.keep(model, way, asked.name, question.id, answered)
        judged.append(await _judged(question, answered))
        progress(label, len(judged), len(questions))
    return Results(model, way, asked.name, judged)


async def _judged(question: Question, answered: Answered) -> Judged:
    # In a thread: code in an answer is run, and the engine may have something to do meanwhile.
    return Judged(question, answered, await asyncio.to_thread(judge, question, answered.text))
