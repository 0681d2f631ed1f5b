"""Reads the packed data of a page back, as the page's own script does."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import numpy as np


def unpack(html: str) -> dict[str, Any]:
    """Return the head of a page's data, its columns under ``column``."""
    found = re.search(r'id="packed">(.*?)</script>', html, re.DOTALL)
    assert found
    raw = gzip.decompress(base64.b64decode(found[1], validate=True))
    length = int.from_bytes(raw[:4], "little")
    head = json.loads(raw[4 : 4 + length])
    at = 4 + length
    column = {}
    for name, count, width, least, kind in head["columns"]:
        planes = np.frombuffer(raw[at : at + count * width], np.uint8).reshape(width, count)
        words = sum(planes[p].astype(np.uint32) << np.uint32(8 * p) for p in range(width))
        at += count * width
        if kind == "float":
            column[name] = np.asarray(words, dtype=np.uint32).view(np.float32)
        else:
            whole = np.asarray(words).astype(np.int64) + least
            column[name] = np.cumsum(whole) if kind == "sum" else whole
    assert at == len(raw)
    return {**head, "column": column}
