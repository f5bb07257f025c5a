"""A network's bytes, as they were hashed: nothing outside them, and nothing that changes them until they are loaded."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from typing import Any

import onnx
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]

from habeas.model.errors import IntegrityError

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_KEEPS_A_FILE = frozenset({"EPContext"})
"""Operators of onnxruntime whose attributes name another file."""


def require_self_contained(name: str, content: bytes) -> None:
    """Raises IntegrityError if the network points at data in other files: it would escape the digest.

    Every part of it is looked at, whatever holds it: graphs, graphs inside nodes, functions, sparse tensors, training.
    """
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RuntimeError):
        raise IntegrityError(f"{name} is no ONNX network") from None
    for part in _parts(model):
        outside = isinstance(part, onnx.TensorProto) and (
            part.data_location == onnx.TensorProto.EXTERNAL or part.external_data
        )
        if outside or (isinstance(part, onnx.NodeProto) and part.op_type in _KEEPS_A_FILE):
            raise IntegrityError(f"{name} points at data outside itself")


def _parts(message: Any) -> Iterator[Message]:
    """A message of protobuf and every message inside it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        for field, value in part.ListFields():
            if field.message_type is not None:
                waiting += [value] if isinstance(value, Message) else value


def sealed(content: bytes) -> str:
    """A path under which this process finds these bytes and no others, until it ends: sealed memory.

    InsightFace opens its networks by path, several times; a file could be swapped in between.
    """
    held = os.memfd_create("network", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(held), "wb") as file:
        file.write(content)
    fcntl.fcntl(held, fcntl.F_ADD_SEALS, _SEALS)
    return f"/proc/self/fd/{held}"
