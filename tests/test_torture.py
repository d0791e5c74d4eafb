"""A small part of `make torture`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.stages import ROOT

UNTRAINED = (
    "photos,labels,Parquet labels,params.yaml,source.parquet,tasks.parquet,index.parquet,plan.parquet,plan.json,"
    "emphasis.json,rejects.csv,store,shards"
)
SMALL = {
    "kills": ["--count", "16", "--settle", "8", "--only", "scan,render"],
    "mutations": ["--count", "200", "--only", UNTRAINED],
}


@pytest.mark.parametrize("harness", SMALL)
def test_nothing_breaks(harness: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.torture.{harness}", *SMALL[harness]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
