"""Networks run on what the settings name or not at all: a fall-back would make other numbers without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import tiny_pack

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection import onnx_sessions
from habeas.faces.model_packs import registry as packs
from habeas.model.errors import UsageError
from habeas.model.installation.limits import Execution, FaceRules


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")


def _session(folder: Path) -> Any:
    file = str(folder / packs.read(folder).recogniser.file)
    providers = onnx_sessions.providers(Execution())
    return onnxruntime.InferenceSession(file, onnx_sessions.options(), providers=providers)


def test_a_session_has_one_thread_that_does_not_spin() -> None:
    made = onnx_sessions.options()
    assert (made.intra_op_num_threads, made.inter_op_num_threads) == (1, 1)
    assert made.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("provider", ["cuda", "openvino"])
def test_a_provider_that_is_not_installed_is_refused_and_said_how_to_get(
    folder: Path, provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(UsageError, match=provider) as refused:
        insightface_pack.load(
            packs.read(folder), folder, FaceRules().smallest_px, Execution(provider=provider)
        )
    assert {"cuda": "onnxruntime-gpu", "openvino": "onnxruntime-openvino"}[provider] in str(
        refused.value.hint
    )


@pytest.mark.parametrize("provider", ["cuda", "openvino"])
def test_a_session_that_fell_back_to_the_processor_is_refused(folder: Path, provider: Any) -> None:
    session = _session(folder)
    onnx_sessions.require(session, Execution())
    with pytest.raises(UsageError, match="doesn't work on this machine"):
        onnx_sessions.require(session, Execution(provider=provider))


def test_a_precision_that_a_provider_has_not_is_refused() -> None:
    for provider in ("cpu", "cuda"):
        with pytest.raises(UsageError, match="bf16"):
            onnx_sessions.providers(Execution(provider=provider, precision="bf16"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "had"),
    [
        ("flags\t\t: fpu sse avx512_bf16 avx2\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu sse avx2\nbugs\t: amx_bf16\n", False),
        (None, False),
    ],
)
def test_vectors_are_never_named_after_a_precision_that_the_processor_has_not(
    told: str | None, had: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO reckons in f32 then and says nothing: the model's id would name another precision."""
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr(onnx_sessions, "_PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["OpenVINOExecutionProvider"])
    asked = Execution(provider="openvino", precision="bf16")
    if had:
        assert onnx_sessions.providers(asked)[0][0] == "OpenVINOExecutionProvider"
    else:
        with pytest.raises(UsageError, match="this processor"):
            onnx_sessions.providers(asked)
    onnx_sessions.providers(Execution(provider="openvino"))
