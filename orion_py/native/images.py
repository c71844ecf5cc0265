"""Decodes image files with Pillow: upright by their EXIF data, on white where they are transparent, a GIF's first
frame.

A file is what its content says, whatever its name claims.
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from orion_py.errors import ImageTooLarge, ImageTooSmall, UnreadableImage, UnsupportedImage
from orion_py.senses.images.resampling import Picture

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_BYTES = 200 * 2**20
MAX_PIXELS = 80_000_000
"""240 MB as pixels: what an engine of 2 GB can hold beside its models."""
LEAST_SIDE = 8
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_SVG = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]", re.DOTALL)


def read_image(path: Path) -> Picture:
    """The picture in a file. Raises as ``decode_image``, and OSError where the file can't be read."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ImageTooLarge(f"{path.name} has {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")
    return decode_image(path.read_bytes(), path.name)


def decode_image(data: bytes, name: str) -> Picture:
    """``data`` as a picture; ``name`` is what messages call it. Raises UnreadableImage, UnsupportedImage,
    ImageTooLarge or ImageTooSmall."""
    _refuse(data, name)
    try:
        # Pillow refuses the largest itself; of those that it only warns of, _check_size tells the size.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(image.width, image.height, name)
                return _pixels(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError:
        raise ImageTooLarge(f"{name} has more than {MAX_PIXELS / 1e6:.0f} million pixels.") from None
    except UnidentifiedImageError as error:
        raise UnreadableImage(f"{name} isn't an image, or is damaged from its beginning on.") from error
    except MemoryError as error:
        raise ImageTooLarge(f"There isn't enough memory to decode {name}.") from error
    except (OSError, SyntaxError, ValueError, ArithmeticError, EOFError, IndexError, TypeError) as error:
        # Pillow's decoders raise any of these for a file that is cut off or damaged.
        raise UnreadableImage(f"{name} is damaged or cut off: {str(error).rstrip('.')}.") from error


def _refuse(data: bytes, name: str) -> None:
    """Raises for what is no image that can be decoded, by its first bytes."""
    if not data:
        raise UnreadableImage(f"{name} is empty.")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise UnsupportedImage(f"{name} is a HEIC photo, which can't be decoded here. Save it as JPEG or PNG.")
    if _SVG.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        raise UnsupportedImage(f"{name} is an SVG drawing, which isn't made of pixels. Export it as PNG.")
    if data.startswith(b"%PDF-"):
        raise UnsupportedImage(f"{name} is a PDF document, not an image. Save its page as PNG or JPEG.")


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"{name} has {width} × {height} pixels, {width * height / 1e6:.0f} million; at most {MAX_PIXELS / 1e6:.0f} "
            "million are decoded.",
            pixels=width * height,
        )
    if min(width, height) < LEAST_SIDE:
        raise ImageTooSmall(f"{name} has {width} × {height} pixels: too few to see anything in.", pixels=width * height)


def _pixels(image: Image.Image) -> Picture:
    if image.mode.startswith(("I", "F")):
        return _deep(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(ground, layer).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _deep(image: Image.Image) -> Picture:
    """Of grey with more than 8 bits a pixel: Pillow's own conversion cuts at 255."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    most = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max()))
    grey = np.clip(values / most * 255, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
