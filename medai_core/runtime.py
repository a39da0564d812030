"""Networks as they are served: LiteRT interpreters, several of them, none shared by two threads at once."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]


class Network:
    """A LiteRT network with named inputs and outputs.

    An interpreter is not thread-safe: shared by eight threads it gave wrong answers and no error.
    So each call takes one out of a small pool and puts it back; when all are out, it waits.

    Parameters
    ----------
    path : a ``.tflite`` file with one signature.
    copies : how many interpreters there may be; they are made when first needed.
    """

    def __init__(self, path: Path, copies: int = 2) -> None:
        self._content = path.read_bytes()
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(copies):
            self._free.put(None)

    def __call__(self, **inputs: NDArray[np.float32]) -> Arrays:
        """The outputs by name for a batch of inputs by name, each (batch, ...)."""
        runner = self._free.get()
        try:
            runner = runner or self._new_runner()
            # The runner's arrays are views of the interpreter's memory, which the next call overwrites.
            return {name: np.array(value) for name, value in runner(**inputs).items()}
        finally:
            self._free.put(runner)

    def _new_runner(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._content, num_threads=1)
        return interpreter.get_signature_runner()
