"""Runs the ``foundry`` command as ``python -m model_foundry``."""

from model_foundry.cli import main

raise SystemExit(main())
