"""A model pack made on the spot: its "faces" are red squares of 48 pixels, its "people" the squares' patterns.

Two real networks of a few kilobytes in the formats InsightFace loads, so that nothing has to be imitated.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 48  # laid on multiples of 16, it fills exactly one 3 x 3 window of cells
DIMENSIONS = 48
_OFF = -20.0
_FACE = [
    (-9.0, -4.0),
    (9.0, -4.0),
    (0.0, 5.0),
    (-7.0, 14.0),
    (7.0, 14.0),
]  # eyes, nose, mouth from the centre


def write(folder: Path, *, broken: str = "", **changed: object) -> Path:
    """A pack folder. `broken`: "nan detector" or "nan recogniser". `changed`: fields of pack.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_detector(np.nan if broken == "nan detector" else 1.0), folder / "det.onnx")
    onnx.save(_recogniser(np.nan if broken == "nan recogniser" else 1.0), folder / "rec.onnx")
    (folder / "pack.toml").write_text(toml(folder, **changed))
    return folder


def toml(folder: Path, **changed: object) -> str:
    values: dict[str, object] = {
        "name": '"tiny"', "version": '"1"', "licence": '"Apache-2.0"', "licence_source": '"made by a test"',
        "permitted_purposes": '["*"]', "commercial_use": "true", "training_data": '"none"',
        "dimensions": DIMENSIONS, "det_sha256": f'"{_digest(folder / "det.onnx")}"',
        "rec_sha256": f'"{_digest(folder / "rec.onnx")}"',
    } | changed  # fmt: skip
    top = "\n".join(f"{name} = {values[name]}" for name in list(values)[:7])
    return f"""format = 1
{top}
[detector]
file = "det.onnx"
sha256 = {values["det_sha256"]}
input_size = [640, 640]
threshold = 0.6
candidate_threshold = 0.3
nms = 0.3
[recogniser]
file = "rec.onnx"
sha256 = {values["rec_sha256"]}
dimensions = {values["dimensions"]}
input_size = [112, 112]
preprocessing = "rgb (x-127.5)/127.5, arcface 112 five-point alignment"
same_person_score = 0.9
"""


def person(number: int) -> NDArray[np.uint8]:
    """48 x 48 BGR: a red square with this person's own pattern."""
    pattern = np.random.default_rng(1000 + number).integers(0, 2, (6, 6)).repeat(8, 0).repeat(8, 1)
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    square[:, :, 2] = 225 + 30 * pattern
    square[:, :, :2] = (50 * pattern)[:, :, None]
    return square


def scene(*people: tuple[int, int, int], width: int = 640, height: int = 368) -> NDArray[np.uint8]:
    """A grey picture with people: (number, x, y) of each one's top left corner."""
    image = np.full((height, width, 3), 120, np.uint8)
    for number, x, y in people:
        image[y : y + SIDE, x : x + SIDE] = person(number)
    return image


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _detector(factor: float) -> onnx.ModelProto:
    nodes, tensors, names = [], [], []
    kinds = {"score": 1, "box": 4, "landmark": 10}
    outputs: dict[str, list[str]] = {kind: [] for kind in kinds}
    for stride in (8, 16, 32):
        nodes.append(
            helper.make_node(
                "AveragePool", ["input"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        for kind, width in kinds.items():
            weight, bias = _head(kind, stride)
            name = f"{kind}{stride}"
            tensors += [
                numpy_helper.from_array((weight * factor).astype(np.float32), f"w{name}"),
                numpy_helper.from_array(bias.astype(np.float32), f"b{name}"),
                numpy_helper.from_array(np.array([-1, width], np.int64), f"s{name}"),
            ]
            last = f"r{name}" if kind == "score" else name
            nodes += [
                helper.make_node("Conv", [f"p{stride}", f"w{name}", f"b{name}"], [f"c{name}"], pads=[1] * 4),
                helper.make_node("Transpose", [f"c{name}"], [f"t{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t{name}", f"s{name}"], [last]),
            ]
            if kind == "score":
                nodes.append(helper.make_node("Sigmoid", [last], [name]))
            outputs[kind].append(name)
    names = [name for kind in kinds for name in outputs[kind]]
    graph = helper.make_graph(
        nodes, "detector",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", kinds[n.rstrip("0123456789")]]) for n in names],
        tensors,
    )  # fmt: skip
    return _model(graph)


def _head(kind: str, stride: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """3x3 weights and biases of both anchors; the first anchor of stride 16 sees redness, the others nothing."""
    if kind == "score":
        weight = np.zeros((2, 3, 3, 3))
        bias = np.full(2, _OFF)
        if stride == 16:
            weight[0] = np.array([1, -0.5, -0.5])[:, None, None] / 9 * 12
            bias[0] = -12 * 1.15
        return weight, bias
    middle = 8 / stride  # a cell's anchor is its top left corner
    if kind == "box":
        half = SIDE / 2 / stride
        sides = [half - middle, half - middle, half + middle, half + middle]
    else:
        sides = [part / stride + middle for point in _FACE for part in point]
    return np.zeros((2 * len(sides), 3, 3, 3)), np.array(sides * 2)


def _recogniser(factor: float) -> onnx.ModelProto:
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["input"], ["cells"], kernel_shape=[28, 28], strides=[28, 28]),
            helper.make_node("Mul", ["cells", "factor"], ["scaled"], name="scale"),
            helper.make_node("Flatten", ["scaled"], ["features"]),
        ],
        "recogniser",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", DIMENSIONS])],
        [numpy_helper.from_array(np.float32([factor]), "factor")],
    )
    return _model(graph)


def _model(graph: onnx.GraphProto) -> onnx.ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model
