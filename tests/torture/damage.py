"""Damage a file: bytes anywhere, numbers and words in text, columns and types in tables."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

WORDS = (
    "", "null", "~", "-1", "0", "1", "1e999", "nan", ".inf", "9" * 25, "1.5", "true", "[]", "{}", "[[[]]]",
    "2024-01-01", "s3://b/x", "../../etc/passwd", "/dev/zero", "\u202e\u0000", "<script>alert(1)</script>", "*",
    "é" * 300, "|", "'", '"', "&a [*a]", "!!python/object:os.system x", "no", "rest", "natural", "auto", "all",
    "99999999", "1e-320",
)  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
WORD = re.compile(rb"[A-Za-z_][\w+-]*|-?\d+(?:\.\d+)?|\"[^\"]*\"")


def flip(content: bytes, rng: random.Random) -> bytes:
    """Change up to eight bytes."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.choice((0, 255, rng.randrange(256)))
    return bytes(changed)


def flip_ends(content: bytes, rng: random.Random) -> bytes:
    """Change a byte near the beginning or the end, where headers and footers are."""
    at = rng.randrange(min(len(content), 400)) if content else 0
    at = at if rng.random() < 0.5 else len(content) - 1 - at
    return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]


def cut(content: bytes, rng: random.Random) -> bytes:
    """Keep the beginning."""
    return content[: rng.randrange(len(content) + 1)]


def drop(content: bytes, rng: random.Random) -> bytes:
    """Leave out a part."""
    at = rng.randrange(len(content) + 1)
    return content[:at] + content[at + rng.randint(1, max(1, len(content) // 4)) :]


def double(content: bytes, rng: random.Random) -> bytes:
    """Repeat a part."""
    at = rng.randrange(len(content) + 1)
    part = content[at : at + rng.randint(1, max(1, len(content) // 2))]
    return content[:at] + part * rng.choice((2, 2, 50)) + content[at:]


def noise(content: bytes, rng: random.Random) -> bytes:
    """Put random bytes in, or nothing but random bytes."""
    at, more = rng.randrange(len(content) + 1), rng.randbytes(rng.randint(1, 64))
    return more if rng.random() < 0.1 else content[:at] + more + content[at:]


def replace(content: bytes, rng: random.Random) -> bytes:
    """Put another word or number in the place of one."""
    return _replaced(WORD, rng.choice(WORDS).encode(), content, rng)


def renumber(content: bytes, rng: random.Random) -> bytes:
    """Put another number in the place of one."""
    numbers = (
        b"-1",
        b"0",
        b"1",
        b"0.5",
        b"1e999",
        b"9999999999",
        b"20000",
        b"1000000",
        b"NaN",
        str(rng.random()).encode(),
    )
    return _replaced(NUMBER, rng.choice(numbers), content, rng)


def _replaced(pattern: re.Pattern[bytes], word: bytes, content: bytes, rng: random.Random) -> bytes:
    found = list(pattern.finditer(content))
    if not found:
        return content + word
    one = rng.choice(found)
    return content[: one.start()] + word + content[one.end() :]


def swap_lines(content: bytes, rng: random.Random) -> bytes:
    """Exchange two lines, or repeat one."""
    lines = content.splitlines(keepends=True) or [b""]
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i] if rng.random() < 0.5 else lines[j]
    return b"".join(lines)


BYTES = (flip, flip, flip_ends, flip_ends, cut, drop, double, noise)
TEXT = (replace, replace, replace, renumber, renumber, swap_lines, flip, cut, drop, double, noise)


def damage(changes: tuple[Callable[[bytes, random.Random], bytes], ...], path: Path, rng: random.Random) -> str:
    """Damage a file by one to three changes; returns their names."""
    content, names = path.read_bytes(), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice(changes)
        content = change(content, rng)
        names.append(change.__name__)
    path.write_bytes(content)
    return "+".join(names)


def damage_table(path: Path, rng: random.Random) -> str:
    """Damage a Parquet file: its bytes, or a column of the table that it holds."""
    if rng.random() < 0.5:
        return damage(BYTES, path, rng)
    table = pq.read_table(path)
    at = rng.randrange(table.num_columns)
    name, column = table.column_names[at], table.column(at)
    change = rng.choice(COLUMNS)
    try:
        table = table.set_column(at, rng.choice((name, name, name, "other")), change(column, rng))
        if rng.random() < 0.2:
            table = table.take(
                pa.array([rng.randrange(table.num_rows) for _ in range(rng.choice((0, 1, 500)))], pa.int64())
            )
        memory = pa.BufferOutputStream()
        pq.write_table(table, memory)
        path.write_bytes(memory.getvalue().to_pybytes())
    except (pa.ArrowException, OverflowError, ValueError, TypeError):  # no such table can be written
        return damage(BYTES, path, rng)
    return f"{change.__name__} of {name}"


def nulls(column: pa.ChunkedArray, rng: random.Random) -> pa.Array:
    """Some values, or all, are missing."""
    share = rng.choice((0.1, 1.0))
    values = [None if rng.random() < share else value for value in column.to_pylist()]
    return pa.array(values, column.type.value_type if pa.types.is_dictionary(column.type) else column.type).cast(
        column.type
    )


def odd(column: pa.ChunkedArray, rng: random.Random) -> pa.Array:
    """Other values of the same type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    words = [
        "",
        "x" * 300,
        "../x",
        "\u202e<b>",
        "train",
        "0" * 16,
        "{}",
        '{"flip": 3}',
        '{"tone": 1}',
        "[" * 9,
        "\n",
        "original",
    ]
    numbers = [-1, 0, 1, 2**31 - 1, -(2**31), 2**62, float("nan"), float("inf"), -5.5]
    values = column.to_pylist()
    for _ in range(rng.choice((1, 3, len(values)))):
        odd_one = rng.choice(words if pa.types.is_string(kind) else numbers)
        if pa.types.is_integer(kind):
            odd_one = 0 if odd_one != odd_one or abs(odd_one) == float("inf") else int(odd_one)
        elif pa.types.is_boolean(kind):
            odd_one = rng.random() < 0.5
        values[rng.randrange(len(values))] = odd_one
    return pa.array(values, kind).cast(column.type)


def retyped(column: pa.ChunkedArray, rng: random.Random) -> pa.Array:
    """Dates, times, lists, bytes or decimals in place of what was there."""
    count = len(column)
    numbers = pa.array([rng.choice((0, 10**9, 2**62, -(2**62))) for _ in range(count)], pa.int64())
    kinds = (
        lambda: numbers.cast(pa.timestamp("s")),
        lambda: numbers.cast(pa.timestamp("ns", tz="Mars/Olympus")),
        lambda: numbers.cast(pa.duration("us")),
        lambda: pa.array([rng.choice((0, 2**31 - 1, -(2**31)))] * count, pa.int32()).cast(pa.date32()),
        lambda: pa.array([[1, None]] * count),
        lambda: pa.array([{"a": "b"}] * count),
        lambda: pa.array([b"\xff\xfe"] * count, pa.binary()),
        lambda: pa.array([b"\xff\xfe"] * count, pa.binary()).view(pa.string()),
        lambda: pa.nulls(count),
        lambda: pa.array(["1e5"] * count),
        lambda: numbers,
    )
    return rng.choice(kinds)()


COLUMNS = (nulls, odd, odd, retyped)
