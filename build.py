#!/usr/bin/env python3
"""Runs ORION's commands: sets up what each needs, then builds, serves, tests or measures.

    python3 build.py serve          the page with the Lite model, in a browser
    python3 build.py test           lint, types, unit and end-to-end tests
    python3 build.py --help         the rest

Needs nothing but Python 3.11 or newer. The work is done by the modules of build_support/.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what meets an older Python
    sys.exit(
        "error: ORION needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Start it with a newer one."
    )

from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_support.start import start

if __name__ == "__main__":
    sys.exit(start(Path(__file__).resolve(), sys.argv[1:]))
