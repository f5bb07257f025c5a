"""Protocol between a worker and its decoder process: small JSON messages over a Unix packet socket.

A packet socket keeps a message whole, so none needs a length. Descriptors travel beside a message; pixels never do.
This module imports no parser, so that the worker loads none.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUT_OF_MEMORY = 71
"""Exit status of the child if a file needs more memory than the limit."""

LONGEST_LIST = 32 << 20
"""Bytes of a list of members. Text of that length fills no worker's memory, whatever it would become."""

_LONGEST = 1 << 14  # bytes; messages need a twentieth of it


def half(memory: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
    """Half of the (n,) shared memory for frame `index`: frames alternate, so that the previous one stays readable."""
    size = len(memory) // 2
    return memory[size * (index % 2) :][:size]


def send(line: socket.socket, message: Mapping[str, Any], *descriptors: int) -> None:
    """Send one message. Raises OSError if the peer closed the socket."""
    payload = json.dumps(message).encode()
    if descriptors:
        socket.send_fds(line, [payload], descriptors)
    else:
        line.send(payload)


def receive(line: socket.socket) -> dict[str, Any]:
    """The next message. Raises EOFError at the end, ValueError for what is no message, OSError, TimeoutError."""
    return _read(line.recv(_LONGEST + 1))


def receive_with(line: socket.socket) -> tuple[dict[str, Any], int | None]:
    """As `receive`, with the descriptor that came beside it, or None."""
    payload, descriptors, _, _ = socket.recv_fds(line, _LONGEST + 1, 1, socket.MSG_CMSG_CLOEXEC)
    try:
        return _read(payload), descriptors[0] if descriptors else None
    except (EOFError, ValueError):
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def _read(payload: bytes) -> dict[str, Any]:
    if not payload:
        raise EOFError
    if len(payload) > _LONGEST:
        raise ValueError("too long for a message")
    try:
        message = json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: TRY004 - one kind of error for whatever can't be read
    return message
