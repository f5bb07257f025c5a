"""From checkpoints to the two ONNX files and the pack's description."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from habeas.synthetic.training import loop
from habeas.synthetic.training.networks.detector import STRIDES, Detector, Exported
from habeas.synthetic.training.networks.embedder import Embedder
from habeas.synthetic.training.samples.alignment import SIDE

DETECTOR_FILE: Final = "det_synthetic.onnx"
RECOGNISER_FILE: Final = "rec_synthetic.onnx"
_OPSET: Final = 17

_PACK: Final = """\
format = 1
name = "synthetic"
version = "{version}"
licence = "Apache-2.0"
licence_source = "trained by this repository's own script on drawn people"
permitted_purposes = ["*"]
commercial_use = true
training_data = "Procedurally drawn people, no photograph of anybody."

[detector]
file = "{detector}"
sha256 = "{detector_digest}"
input_size = [640, 640]
threshold = 0.5           # a detection counts as a face
candidate_threshold = 0.4 # between this and threshold: a candidate that makes a binding ambiguous
nms = 0.4
resolves_px = 28          # shorter faces, in pixels of its input, are often missed

[recogniser]
file = "{recogniser}"
sha256 = "{recogniser_digest}"
dimensions = 128
input_size = [112, 112]
preprocessing = "rgb (x-127.5)/127.5, arcface 112 five-point alignment"
same_person_score = {score} # comparison score above which two templates are called the same person, at FAR 1e-3
"""


def export(checkpoints: Path, pack: Path, version: str, same_person_score: float = 0.40) -> None:
    """Write both networks' averaged weights and `pack.toml` with their digests into the folder `pack`."""
    pack.mkdir(parents=True, exist_ok=True)
    _export_detector(checkpoints / "detector.pt", pack / DETECTOR_FILE)
    _export_embedder(checkpoints / "embedder.pt", pack / RECOGNISER_FILE)
    describe(pack, version, same_person_score)


def describe(pack: Path, version: str, same_person_score: float) -> None:
    """Write `pack.toml` for the two files that lie in the folder."""
    (pack / "pack.toml").write_text(
        _PACK.format(
            version=version,
            detector=DETECTOR_FILE,
            detector_digest=_digest(pack / DETECTOR_FILE),
            recogniser=RECOGNISER_FILE,
            recogniser_digest=_digest(pack / RECOGNISER_FILE),
            score=f"{same_person_score:.2f}",
        )
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _halved(path: Path) -> None:
    """Store the weights in half precision and widen them on loading: half the bytes, the same arithmetic."""
    model = onnx.load(str(path))
    casts, weights = [], list(model.graph.initializer)
    for weight in weights:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 256:
            continue
        name, stored = weight.name, f"{weight.name}_half"
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(
            helper.make_node("Cast", [stored], [name], name=f"widen_{name}", to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _averaged(path: Path, net: nn.Module) -> nn.Module:
    state = loop.load(path)
    if state is None:
        raise FileNotFoundError(f"no checkpoint at {path}: train first")
    net.load_state_dict(state["average"])
    return net.eval()


def _export_detector(checkpoint: Path, target: Path) -> None:
    net = Detector()
    _averaged(checkpoint, net)
    names = [f"{kind}_{stride}" for kind in ("score", "box", "landmark") for stride in STRIDES]
    torch.onnx.export(
        Exported(net).eval(),
        (torch.zeros(1, 3, 640, 640),),
        str(target),
        dynamo=False,
        opset_version=_OPSET,
        input_names=["input"],
        output_names=names,
        dynamic_axes={"input": {2: "height", 3: "width"}, **{name: {0: f"rows_{name}"} for name in names}},
    )
    _halved(target)


def _export_embedder(checkpoint: Path, target: Path) -> None:
    net = Embedder()
    _averaged(checkpoint, net)
    torch.onnx.export(
        net,
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(target),
        dynamo=False,
        opset_version=_OPSET,
        input_names=["input"],
        output_names=["embedding"],
        dynamic_axes={"input": {0: "faces"}, "embedding": {0: "faces"}},
    )
    _halved(target)
