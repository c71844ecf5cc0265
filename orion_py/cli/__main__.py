"""``python -m orion_py.cli`` is the ``orion`` command."""

from orion_py.cli import main

raise SystemExit(main())
