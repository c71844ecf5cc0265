"""``python -m model_foundry`` is the ``foundry`` command."""

from model_foundry.cli import main

raise SystemExit(main())
