"""What both targets need."""

from __future__ import annotations

import numpy as np

AGAIN = "Run `python -m train.fit` for this run again"
Readout = float | tuple[np.ndarray, np.ndarray | None] | None
