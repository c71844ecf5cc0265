"""Runs the ``orion`` command as ``python -m orion_py.cli``."""

from orion_py.cli import main

raise SystemExit(main())
