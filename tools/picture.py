"""Whether two pictures of a figure are equal to the eye.

Another processor rounds the last digit of a coordinate differently: some pixels at the edges of lines come out a
little lighter, or a mark lands on the pixel beside. Whatever a reader could notice is more than that.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

FAINT = 32  # of 255: a difference of shade that nobody sees on a thin edge
FAINT_SHARE = 0.005  # of all pixels: thin edges, not an area in another shade
STEP_SHARE = 0.0005  # of all pixels: a mark or a tick beside its place, not a line or a word
BALANCE = 0.5  # what is moved is as much darker here as lighter there; what is added is not


def pixels(picture: str) -> NDArray[np.int16]:
    """Height × width × red, green, blue, alpha, of a PNG in base64; ValueError for what is none."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            return np.asarray(image.convert("RGBA"), dtype=np.int16)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"is not a picture: {error}") from None


def around(image: NDArray[np.int16]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The darkest and the lightest value among each pixel and its eight neighbours."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = image.shape[:2]
    near = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.minimum.reduce(near), np.maximum.reduce(near)


def beyond_a_step(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Whether a pixel of one has a shade that no neighbour of its place in the other comes near."""
    low, high = around(other)
    return bool(((one < low - FAINT) | (one > high + FAINT)).any())


def look_equal(one: str, other: str) -> bool:
    """Whether two PNGs in base64 are equal to the eye.

    They are if no pixel is off by more than a faint shade, but for a few that are where a step of one pixel
    would put them, with as much lost on one side as is won on the other.
    """
    if one == other:
        return True
    a, b = pixels(one), pixels(other)
    if a.shape != b.shape:
        return False
    difference = np.abs(a - b).max(axis=2)
    off = difference > FAINT
    if (difference > 1).mean() > FAINT_SHARE or off.mean() > STEP_SHARE:
        return False
    darker = (a - b)[off].mean(axis=1)
    if abs(darker.sum()) > BALANCE * np.abs(darker).sum():
        return False
    return not (beyond_a_step(a, b) or beyond_a_step(b, a))
