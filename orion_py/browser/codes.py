"""Reads QR codes and bar codes through ``web/bridge/worker/pictures/codes.js``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pyodide.ffi import to_js

from orion_py.browser.errors import translated
from orion_py.senses.scenes.codes import Code

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture


class BrowserCodes:
    """A ``CodeReader``; ``read`` is the bridge's ``readCodes``."""

    def __init__(self, read: Any) -> None:
        self._read = read

    async def __call__(self, picture: Picture) -> list[Code]:
        """All codes in ``picture``, from the top down. Raises DownloadFailed where the library isn't on the device and
        can't be fetched."""
        height, width = picture.shape[:2]
        with translated():
            found = json.loads(await self._read(to_js(np.ascontiguousarray(picture).reshape(-1)), width, height))
        return [Code(code["kind"], code["text"], tuple((float(x), float(y)) for x, y in code["box"])) for code in found]
