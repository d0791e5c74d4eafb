"""Photos decode one way for every stage, and a damaged one never passes for a whole one."""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from manifests.core import codec


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    """A smooth picture, whose quarters differ so that a turn shows."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([255 * x / width, 255 * y / height, 128 + 60 * np.sin(x / 9)], axis=-1).astype(np.uint8)


def saved(image: np.ndarray, kind: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).convert(mode).save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims any size, in 60 bytes or so."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_come_back_exactly(kind: str) -> None:
    assert np.array_equal(codec.decode(saved(picture(), kind)), picture())


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("WEBP", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK")])
def test_lossy_formats_come_back_as_rgb_and_close(kind: str, mode: str) -> None:
    expected = np.asarray(Image.fromarray(picture()).convert(mode).convert("RGB"), np.int32)
    received = codec.decode(saved(picture(), kind, mode, quality=95))
    assert received.dtype == np.uint8
    assert received.shape == (48, 64, 3)
    assert np.abs(received - expected).mean() < 4


def test_a_jpeg_decodes_to_the_same_pixels_as_pillow() -> None:
    content = saved(picture(), "JPEG", quality=90)
    assert np.abs(codec.decode(content).astype(int) - np.asarray(Image.open(io.BytesIO(content)))).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "MPO"])  # MPO: what phones write, several pictures in one file
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    more = {"save_all": True, "append_images": [Image.new("RGB", (40, 30))]} if kind == "MPO" else {}
    content = saved(picture(), kind, quality=98, exif=exif.tobytes(), **more)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image), np.int32)
    received = codec.decode(content)
    assert received.shape == expected.shape
    assert np.abs(received - expected).mean() < 2
    assert codec.header(content).orientation == orientation and codec.header(content).format == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
def test_a_truncated_photo_is_undecodable(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = saved(noise, kind)
    with pytest.raises(codec.Undecodable):
        codec.decode(content[: int(len(content) * share)])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"not a photo at all", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_photo_is_undecodable(content: bytes) -> None:
    with pytest.raises(codec.Undecodable):
        codec.header(content)
    with pytest.raises(codec.Undecodable):
        codec.decode(content)


def test_a_cut_multi_picture_photo_is_undecodable() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = saved(noise, "MPO", exif=exif.tobytes(), save_all=True, append_images=[Image.new("RGB", (8, 8))])
    with pytest.raises(codec.Undecodable):
        codec.decode(content[: len(content) // 2])


def test_threads_agree_on_a_pixel_bomb_among_good_photos() -> None:
    contents = [png_header(60_000, 60_000) if i % 16 == 5 else saved(picture(), "JPEG") for i in range(256)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(10):
            sizes = [found.width for found in threads.map(codec.header, contents)]
            assert [i for i, width in enumerate(sizes) if width == 60_000] == list(range(5, 256, 16))


def test_a_pixel_bomb_shows_in_its_header() -> None:
    header = codec.header(png_header(60_000, 60_000))
    assert (header.format, header.width, header.height) == ("PNG", 60_000, 60_000)


def test_a_photo_that_opencv_refuses_is_undecodable() -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(png_header(60_000, 60_000))


@given(st.binary(max_size=200), st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF"]), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_damage_never_raises_anything_else(damage: bytes, kind: str, at: int) -> None:
    content = bytearray(saved(picture(16, 16), kind))
    content[at : at + len(damage)] = damage
    try:
        image = codec.decode(bytes(content))
    except codec.Undecodable:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3


@pytest.mark.parametrize("quality", [50, 89, 90, 95, 100])
def test_encoding_comes_back_close_and_is_the_same_twice(quality: int) -> None:
    content = codec.encode(picture(), quality)
    assert content == codec.encode(picture(), quality)
    assert np.abs(codec.decode(content).astype(int) - picture()).mean() < 6
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "JPEG"
        assert image.layer[0][1:3] == (2, 2)


def test_encoding_takes_a_view() -> None:
    flipped = picture()[:, ::-1]
    assert codec.encode(flipped, 90) == codec.encode(np.ascontiguousarray(flipped), 90)


def test_opencv_and_simplejpeg_decode_alike() -> None:
    content = codec.encode(picture(), 95)
    opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(codec.decode(content).astype(int) - opencv).max() <= 1
