"""The page's modules run on MicroPython in the browser; here CPython imports the same files."""

from __future__ import annotations

import sys
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"
sys.path.insert(0, str(WEB))
