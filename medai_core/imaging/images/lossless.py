"""Lossless JPEG, decoded in a process of its own.

gdcm is the only library at hand that decodes it, and it ends the whole process on some damaged
streams (an exception of C++ that nobody catches). In the server that would sign out every user, so
it runs where only one reading can end. Costs about 0.1 s a frame.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from medai_core.errors import ImageError

_WORKER = Path(__file__).with_name("lossless_worker.py")
_PATIENCE_SECONDS = 60
_DESCRIBED = (
    "rows",
    "columns",
    "samples_per_pixel",
    "photometric_interpretation",
    "planar_configuration",
    "bits_allocated",
    "bits_stored",
    "pixel_representation",
)


def lossless_samples(stream: bytes, options: dict[str, Any], uid: str, coding: str) -> bytes:
    """The samples of one frame, pixel by pixel, little endian, of ``bits_allocated`` each.

    Parameters
    ----------
    stream : one JPEG stream, whose size was compared with the header before.
    options : pydicom's options for the frame.
    uid, coding : the transfer syntax and its name.
    """
    facts = {name: options[name] for name in _DESCRIBED} | {"transfer_syntax": uid}
    command = [sys.executable, "-I", str(_WORKER), json.dumps(facts)]
    try:
        ended = subprocess.run(command, input=stream, capture_output=True, timeout=_PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ImageError("image.stream", coding=coding) from error
    bits = options["rows"] * options["columns"] * options["samples_per_pixel"] * options["bits_allocated"]
    if ended.returncode != 0 or len(ended.stdout) < bits // 8:
        raise ImageError("image.stream", coding=coding)
    return ended.stdout
