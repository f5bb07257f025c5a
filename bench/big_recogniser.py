"""A recogniser as large as those in use, of random weights: what it costs is real, what it says is nothing.

Shape and size of IResNet-50 (Duta et al. 2020, as ArcFace is trained on it): 112 x 112 in, 512 numbers out, 44 million
weights, batch normalisation folded into the convolutions.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels, blocks
_SIDE, _DIMENSIONS = 112, 512


class _Net:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        output = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, *shape: int, spread: float) -> str:
        name = f"w{len(self.weights)}"
        values = self.rng.normal(0, spread, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, x: str, inward: int, outward: int, side: int, stride: int = 1, gain: float = 1.0) -> str:
        spread = gain * float(np.sqrt(2 / (inward * side * side)))
        weights = self.weight(outward, inward, side, side, spread=spread)
        return self.add(
            "Conv", [x, weights], kernel_shape=[side] * 2, strides=[stride] * 2, pads=[side // 2] * 4
        )

    def prelu(self, x: str, channels: int) -> str:
        return self.add("PRelu", [x, self.weight(channels, 1, 1, spread=0.1)])


def network(file: Path, seed: int = 7) -> None:
    """Write it to `file`: some 170 MB."""
    net = _Net(seed)
    channels = _STAGES[0][0]
    x = net.prelu(net.conv("input.1", 3, channels, 3), channels)
    for outward, blocks in _STAGES:
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            inner = net.prelu(net.conv(x, channels, outward, 3), outward)
            inner = net.conv(
                inner, outward, outward, 3, stride, gain=0.2
            )  # or the numbers would grow for ever
            short = net.conv(x, channels, outward, 1, stride) if block == 0 else x
            x, channels = net.add("Add", [inner, short]), outward
    flat = net.add("Flatten", [x])
    inward = channels * (_SIDE // 16) ** 2
    net.nodes.append(
        helper.make_node("Gemm", [flat, net.weight(inward, _DIMENSIONS, spread=inward**-0.5)], ["out"])
    )
    graph = helper.make_graph(
        net.nodes, "big",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["N", 3, _SIDE, _SIDE])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", _DIMENSIONS])],
        net.weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def pack(synthetic: Path, folder: Path) -> None:
    """A pack called `big`: the shipped detector, and that recogniser."""
    folder.mkdir(parents=True)
    network(folder / "rec_big.onnx")
    shutil.copyfile(synthetic / "det_synthetic.onnx", folder / "det_synthetic.onnx")
    text, recogniser = (synthetic / "pack.toml").read_text().split("[recogniser]")
    digest = hashlib.sha256((folder / "rec_big.onnx").read_bytes()).hexdigest()
    said = dict(line.split(" = ", 1) for line in recogniser.strip().splitlines())
    said |= {"file": '"rec_big.onnx"', "sha256": f'"{digest}"', "dimensions": str(_DIMENSIONS)}
    lines = "\n".join(f"{name} = {value}" for name, value in said.items())
    named = text.replace('name = "synthetic"', 'name = "big"')
    (folder / "pack.toml").write_text(f"{named}[recogniser]\n{lines}\n")
