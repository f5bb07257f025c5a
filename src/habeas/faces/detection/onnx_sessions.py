"""How networks are run: one thread that doesn't spin, by the provider that the settings name and no other.

onnxruntime falls back to the processor without an error where a provider's libraries are missing. Here that is an
error: a run would take ten times as long, and give other vectors.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import onnxruntime

from habeas.model.errors import UsageError
from habeas.model.installation.limits import Execution

_NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
_WHEELS = {"cuda": "onnxruntime-gpu", "openvino": "onnxruntime-openvino"}
_PRECISIONS = {"cpu": {"f32"}, "cuda": {"f32"}, "openvino": {"f32", "bf16"}}
_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # flags of x86 processors, and of Arm's
_PROCESSOR = Path("/proc/cpuinfo")


def providers(execution: Execution) -> list[Any]:
    """Providers for a session, with their options. Raises UsageError if the provider isn't installed, or the precision
    isn't available.
    """
    name = execution.provider
    if execution.precision not in _PRECISIONS[name]:
        raise UsageError(
            f"execution.precision {execution.precision} can't be had from provider {name}",
            hint=f"It gives: {', '.join(sorted(_PRECISIONS[name]))}.",
        )
    if _NAMES[name] not in onnxruntime.get_available_providers():
        raise UsageError(
            f"execution.provider {name} isn't in the onnxruntime that is installed",
            hint=f"Install {_WHEELS[name]} in place of onnxruntime, or set it to cpu.",
        )
    if execution.precision == "bf16" and not _has_bf16():
        raise UsageError(
            "execution.precision bf16 can't be had from this processor",
            hint="OpenVINO would compute in f32 without a warning, and the model's id would be wrong. Set it to f32.",
        )
    if name == "cuda":
        _load_nvidia()
    return [(_NAMES[name], _options(execution)), *([] if name == "cpu" else [_NAMES["cpu"]])]


def _has_bf16() -> bool:
    """True if /proc/cpuinfo lists a bf16 flag; False if it can't be read."""
    lines = _PROCESSOR.read_text().splitlines() if _PROCESSOR.exists() else []
    return any(
        _BF16 & set(line.partition(":")[2].split())
        for line in lines
        if line.startswith(("flags", "Features"))
    )


def _load_nvidia() -> None:
    """CUDA and cuDNN from NVIDIA's wheels, where they are; the system's are found without.

    What is missing is told by `require`: onnxruntime prints it, into whatever a job prints.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()


def _options(execution: Execution) -> dict[str, str]:
    if execution.provider == "cuda":
        return {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}  # 32 bits are 32 bits
    if execution.provider == "openvino":
        hints = {"INFERENCE_PRECISION_HINT": execution.precision, "INFERENCE_NUM_THREADS": "1"}
        return {"device_type": "CPU", "load_config": json.dumps({"CPU": hints})}
    return {}


def options() -> onnxruntime.SessionOptions:
    """One thread, which sleeps when it has nothing to do."""
    made = onnxruntime.SessionOptions()
    made.intra_op_num_threads = made.inter_op_num_threads = 1
    made.log_severity_level = 3
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return made


def require(session: onnxruntime.InferenceSession, execution: Execution) -> None:
    """Raises UsageError if the session fell back to something else."""
    if session.get_providers()[0] != _NAMES[execution.provider]:
        raise UsageError(
            f"execution.provider {execution.provider} is installed and doesn't work on this machine",
            hint="Its libraries or its device are missing; set execution.provider to cpu.",
        )
