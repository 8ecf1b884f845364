"""ONNX: from raw rows of numbers to outputs, preprocessing and the targets' scaling included."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nntui.display import display
from nntui.errors import UserError
from nntui.training.export.meta import meta
from nntui.training.trained import Trained
from nntui_core.graph import Graph, Node, Op
from nntui_core.preprocessing.base import Preprocessor, State
from nntui_core.preprocessing.tables import Impute, OneHot

Array = NDArray[Any]
OPSET = 17
"""Of ONNX's standard operators: onnxruntime 1.12 and later read it."""
IR = 8
PLAIN = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "matmul": "MatMul", "neg": "Neg",
    "reciprocal": "Reciprocal", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos", "abs": "Abs",
    "maximum": "Max", "minimum": "Min", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softplus": "Softplus",
    "prelu": "PRelu", "linear": "Identity",
}  # fmt: skip
"""Ops that are one operator without attributes."""
SINGLE = ("Conv", "AveragePool", "Erf", "PRelu", "LeakyRelu", "Elu", "Softplus")
"""Operators that onnxruntime has in single precision only: a float64 network computes them so, too."""


def write(trained: Trained, stream: BinaryIO) -> None:
    """The model's one input is ``x``, ``rows × columns`` of the table; its output ``y``. Raises UserError."""
    try:
        import onnx
    except ImportError:
        raise UserError('export: .onnx needs the package onnx: pip install "nntui[onnx]"') from None
    model = _Writer(onnx, trained).model()
    onnx.checker.check_model(model)
    stream.write(model.SerializeToString())


class _Writer:
    """Collects the operators of one model."""

    def __init__(self, onnx: Any, trained: Trained) -> None:
        self.onnx, self.trained = onnx, trained
        self.dtype = np.dtype(trained.settings.dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self) -> Any:
        helper, trained = self.onnx.helper, self.trained
        columns = list(trained.columns.features)
        prepared = self._prepare("x")
        outputs = self._network(prepared)
        if trained.scaling is not None:
            wide = self._cast(outputs, np.float64)
            scaled = self.add("Mul", wide, self.constant(trained.scaling.scale))
            outputs = self._cast(self.add("Add", scaled, self.constant(trained.scaling.shift)), self.dtype)
        self.nodes.append(helper.make_node("Identity", [outputs], ["y"]))
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        graph = helper.make_graph(
            self.nodes,
            trained.settings.title or "nntui",
            [helper.make_tensor_value_info("x", kind, ["rows", len(columns)])],
            [helper.make_tensor_value_info("y", kind, ["rows", trained.network.outputs])],
            initializer=self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="nntui"
        )
        helper.set_model_props(model, {"meta": meta(trained)})
        return model

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator to the model; returns the name of its result."""
        if operator in SINGLE and self.dtype == np.float64:
            narrow = [self._cast(x, np.float32) for x in inputs]
            return self._cast(self._node(operator, narrow, attributes), np.float64)
        return self._node(operator, inputs, attributes)

    def _node(self, operator: str, inputs: Sequence[str], attributes: dict[str, Any]) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """An array that is part of the model."""
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def _cast(self, name: str, dtype: Any) -> str:
        return self.add("Cast", name, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def _gather(self, name: str, at: Sequence[int] | Array) -> str:
        return self.add("Gather", name, self.constant(at, np.int64), axis=1)

    def _joined(self, parts: Sequence[str]) -> str:
        return self.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    def _prepare(self, x: str) -> str:
        """The fitted steps, in double precision as in nntui."""
        preparation = self.trained.preparation
        if not preparation.steps:
            return x
        x = self._cast(x, np.float64)
        for step, state in zip(preparation.steps, preparation.states, strict=True):
            x = self._step(step, state, x)
        return self._cast(x, self.dtype)

    def _step(self, step: Preprocessor, state: State, x: str) -> str:
        n = int(state["inputs"])
        at = np.asarray(state.get("columns", np.arange(n)))
        if not len(at):
            return x
        if isinstance(step, Impute):
            return self._impute(step, state, x, n, at)
        if isinstance(step, OneHot):
            return self._onehot(step, state, x, n)
        chosen = self._gather(x, at) if "columns" in state else x
        new = self._transformed(step, state, chosen, len(at))
        if "columns" not in state:
            return new
        first = int(at[0])
        rest = [k for k in range(n) if k not in set(at.tolist())]
        if not step.keeps_image:
            parts = (rest[:first], None, rest[first:])
            return self._joined([new if p is None else self._gather(x, p) for p in parts if p is None or p])
        # Both side by side, then each column from where it is now.
        place = np.arange(n)
        place[at] = n + np.arange(len(at))
        return self._gather(self._joined([x, new]), place)

    def _transformed(self, step: Any, state: State, x: str, n: int) -> str:
        match step.type:
            case "center":
                return self.add("Sub", x, self.constant(state["mean"]))
            case "standardize" | "minmax":
                return self.add(
                    "Div", self.add("Sub", x, self.constant(state["shift"])), self.constant(state["scale"])
                )
            case "pca" | "whiten":
                return self.add(
                    "MatMul", self.add("Sub", x, self.constant(state["mean"])), self.constant(state["axes"])
                )
            case "binarize":
                return self._cast(self.add("Greater", x, self.constant(step.threshold)), np.float64)
            case "polynomial":
                return self._polynomial(step.degree, x, n)
        raise UserError(
            f"export: .onnx cannot carry the preprocessing step {step.type}; use .npz or .safetensors"
        )

    def _polynomial(self, degree: int, x: str, n: int) -> str:
        parts = [x]
        for d in range(2, degree + 1):
            factors = np.array(list(combinations_with_replacement(range(n), d))).T
            product = self._gather(x, factors[0])
            for at in factors[1:]:
                product = self.add("Mul", product, self._gather(x, at))
            parts.append(product)
        return self._joined(parts)

    def _impute(self, step: Impute, state: State, x: str, n: int, at: Array) -> str:
        gaps = self.add("IsNaN", x)
        fill = np.full(n, np.nan)
        fill[at] = state["fill"]
        filled = self.add("Where", gaps, self.constant(fill), x)
        flagged = at[np.asarray(state["missing"], dtype=bool)]
        if not step.indicator or not len(flagged):
            return filled
        return self._joined([filled, self._gather(self._cast(gaps, np.float64), flagged)])

    def _onehot(self, step: OneHot, state: State, x: str, n: int) -> str:
        parts, before = [], 0
        for column, values in step.values(state):
            if column > before:
                parts.append(self._gather(x, np.arange(before, column)))
            if len(values):
                equal = self.add("Equal", self._gather(x, [column]), self.constant(values))
                parts.append(self._cast(equal, np.float64))
            before = column + 1
        if before < n:
            parts.append(self._gather(x, np.arange(before, n)))
        return self._joined(parts)

    def _network(self, x: str) -> str:
        """The graph that nntui itself computes predictions with, operator by operator."""
        network = self.trained.network
        model = network.model(2, "predict")
        names: dict[int, str] = {}
        for node in model.plan.nodes:
            if node.id == model.x.id:
                names[node.id] = x
            elif node.op is not None:
                names[node.id] = self._op(node.op, [names[a.id] for a in node.args], node)
            elif node.role == "buffer":
                names[node.id] = self.constant(network.buffers[node.name], self.dtype)
            else:
                names[node.id] = self.constant(network.parameters.view(node.name), self.dtype)
        return names[model.output.id]

    def _op(self, op: Op, xs: list[str], node: Node) -> str:
        if op.type in PLAIN:
            return self.add(PLAIN[op.type], *xs)
        special = getattr(self, f"_{op.type}", None)
        if special is not None:
            found: str = special(op, xs, node)
            return found
        if op.primitive:
            raise UserError(
                f"export: .onnx has no operator for {op.type} of {display(node.name, 40)}; use .npz or .safetensors"
            )
        return self._opened(op, xs, node)

    def _opened(self, op: Op, xs: list[str], node: Node) -> str:
        """Write an op as the primitive ops that it stands for."""
        graph = Graph()
        leaves = [graph.leaf(f"x{k}", a.shape) for k, a in enumerate(node.args)]
        output = op.expand(graph, *leaves)
        names = {leaf.id: name for leaf, name in zip(leaves, xs, strict=True)}
        for inner in graph:
            if inner.op is not None:
                names[inner.id] = self._op(inner.op, [names[a.id] for a in inner.args], inner)
            elif inner.id not in names:
                names[inner.id] = self.constant(inner.value, self.dtype)
        return names[output.id]

    def _affine(self, op: Op, xs: list[str], node: Node) -> str:
        return self.add("Add", self.add("MatMul", *xs[:2]), xs[2])

    def _leaky_relu(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add("LeakyRelu", xs[0], alpha=float(op.slope))

    def _elu(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add("Elu", xs[0], alpha=float(op.alpha))

    def _softmax(self, op: Op, xs: list[str], node: Node) -> str:
        return self.add("Softmax", xs[0], axis=-1)

    def _gelu(self, op: Op, xs: list[str], node: Node) -> str:
        half, one, root = (self.constant(v, self.dtype) for v in (0.5, 1.0, np.sqrt(2)))
        cdf = self.add("Mul", half, self.add("Add", one, self.add("Erf", self.add("Div", xs[0], root))))
        return self.add("Mul", xs[0], cdf)

    def _maxout(self, op: Any, xs: list[str], node: Node) -> str:
        split = self.add("Reshape", xs[0], self.constant([0, -1, op.pieces], np.int64))
        return self.add("ReduceMax", split, axes=[2], keepdims=0)

    def _concat(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add("Concat", *xs, axis=op.axis)

    def _reshape(self, op: Any, xs: list[str], node: Node) -> str:
        # Whatever the number of rows: the first axis stays.
        return self.add("Reshape", xs[0], self.constant([0, *node.shape[1:]], np.int64))

    def _correlate2d_op(self, op: Any, xs: list[str], node: Node) -> str:
        window = op.window
        return self.add(
            "Conv",
            *xs,
            kernel_shape=list(window.size),
            strides=[window.stride] * 2,
            pads=[window.padding] * 4,
        )

    _conv2d_op = _correlate2d_op

    def _maxpool2d_op(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add("MaxPool", xs[0], kernel_shape=list(op.window.size), strides=[op.window.stride] * 2)

    def _avgpool2d_op(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add(
            "AveragePool", xs[0], kernel_shape=list(op.window.size), strides=[op.window.stride] * 2
        )

    def _batchnorm_eval_op(self, op: Any, xs: list[str], node: Node) -> str:
        return self.add("BatchNormalization", *xs, epsilon=float(op.eps))


__all__ = ["OPSET", "write"]
