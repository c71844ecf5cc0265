"""Implements ``build.py``, one concept a module.

environment   the virtual environment and the locked Python packages (standard library only)
doctor        what is there, what is missing, what would be fetched (standard library only)
cli           the commands and their exit codes
node          node, npm and the locked npm packages
downloads     the shared cache of downloaded files, resumed and verified by sha256
sources       which files are fetched, and the places that have them
vendor        which files of npm packages reach the browser, and under which name
joined        the page's modules and styles in few files, with esbuild
python_bundle numpy, pydantic and orion_py compiled for Pyodide
models        converted models, in public/models/
site          dist/: pages, vendored files, bundles, models and the list to precache
built         what other clones built, kept in the cache
making        dist/ made by a process of its own, beside the server or before it
serving       build.py serve
locks         one build at a time in a clone, one download at a time in a cache
lockfile      what the lock files of pip pin, and what they lack
processes     programs that are run; model_foundry/failures.py explains why they fail
server        the static server for development and for the end-to-end tests
browser       a Chromium to test with
checks        ruff, mypy, tsc, pytest
coverage_floor  how much of each package the unit tests reach
slowest       which tests took longest
"""
