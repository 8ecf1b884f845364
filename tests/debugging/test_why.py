"""From one entry to the cause: dead and saturated units, zero weights and inputs, masks, births, where all is well."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from nntui.config.load import load
from nntui.debugging.subject import Subject, of_experiment, of_expression
from nntui.debugging.teller import Reason, written
from nntui.debugging.why import why
from nntui.errors import UserError
from nntui.training.experiment import Experiment, build


def expression(text: str, **values: object) -> Subject:
    return of_expression(text, {k: np.array(v, dtype=float) for k, v in values.items()})


def network(demo: str, *overrides: str) -> Experiment:
    return build(load(demo, overrides))


def cause(subject: Subject, asked: str) -> Reason:
    """The cause; and that the list is one: every step about an entry that exists, with its number."""
    reasons = why(subject, asked)
    assert [r.cause for r in reasons] == [False] * (len(reasons) - 1) + [True]
    nodes = {n.name: n for n in subject.plan.nodes}
    for reason in reasons:
        node = nodes[reason.node]
        assert len(reason.index) == len(node.shape)
        if reason.quantity in ("value", "gradient") and reason.value is not None:
            array = subject.plan.value(node) if reason.quantity == "value" else subject.plan.adjoint(node)
            assert array is not None
            np.testing.assert_equal(reason.value, float(array[reason.index]))
    assert len(written(reasons)) == len(reasons)
    return reasons[-1]


def test_what_is_not_finite_is_shown_as_it_is_and_null_in_json() -> None:
    reasons = why(expression("log(x)*0", x=0), "f")
    assert [line.split("   ")[0] for line in written(reasons)] == [
        "  value log(x) * 0 = nan", "cause  value log(x) = -inf",
    ]  # fmt: skip
    assert [r.record()["value"] for r in reasons] == [None, None]


@pytest.mark.parametrize(
    ("text", "asked", "values", "node", "index", "quantity", "says"),
    [
        ("sum(relu(v))", "v[1]", {"v": [1, -2, 3]}, "relu(v)", (1,), "local", "relu is off: z = -2"),
        ("sum(tanh(w*v))", "w", {"w": 9, "v": [1, 1.1]}, "tanh(w * v)", (0,), "local", "saturated: tanh(9) = 1"),
        ("sigmoid(-30*x)", "x", {"x": 1}, "sigmoid(-30 * x)", (), "local", "saturated"),
        ("x*y", "x", {"x": 3, "y": 0}, "x * y", (), "local", "the other factor, y, is 0"),
        ("max(x, y)", "x", {"x": 1, "y": 2}, "max(x, y)", (), "local", "another entry"),
        ("sum(W @ x)", "x[1]", {"W": [[1, 0], [2, 0]], "x": [1, 1]}, "W @ x", (1,), "local", "W is 0 in every product"),
        ("x - x", "x", {"x": 1}, "x", (), "gradient", "cancel"),
        ("sum(sqrt(v))", "v", {"v": [1, 0, 3]}, "sqrt(v)", (1,), "local", "1/(2√v)"),
        ("exp(log(x - 5))", "exp(log(x - 5))", {"x": 1}, "log(x - 5)", (), "value", "not finite"),
        ("x*y", "x", {"x": 3, "y": 2}, "x * y", (), "local", "= y"),
    ],
)  # fmt: skip
def test_causes_in_expressions(
    text: str,
    asked: str,
    values: dict[str, object],
    node: str,
    index: tuple[int, ...],
    quantity: str,
    says: str,
) -> None:
    found = cause(expression(text, **values), asked)
    assert (found.node, found.index, found.quantity) == (node, index, quantity)
    assert says in found.text


def test_a_value_comes_from_its_largest_part() -> None:
    found = why(expression("sum(3*v) + 0.1*y", v=[1, 5, -2], y=2), "sum(3 * v) + 0.1 * y")
    assert [r.quantity for r in found] == ["gradient"]
    subject = of_experiment(network("xor"))
    subject.plan.value(subject.plan.graph["output.z"])
    assert cause(subject, "output.a[1,0]").quantity == "value"


def test_a_dead_unit() -> None:
    experiment = network("xor", "layers.0.activation=relu")
    parameters = experiment.network.parameters
    parameters.view("hidden.b")[3] = -50
    found = cause(of_experiment(experiment), "hidden.W[1, 3]")
    assert (found.node, found.index[1], found.quantity, found.value) == ("hidden.a", 3, "local", 0)
    assert "off in 4 of 4 samples, on every sample: the unit is dead" in found.text


def test_a_saturated_unit_is_named_though_the_path_goes_on_to_the_loss() -> None:
    experiment = network("xor")
    experiment.network.parameters.view("hidden.b")[2] = 6
    found = cause(of_experiment(experiment), "hidden.b[2]")
    assert (found.node, found.index[1], found.quantity) == ("hidden.a", 2, "local")
    assert "saturated: tanh(" in found.text
    # A healthy one comes from the loss.
    assert cause(of_experiment(network("xor")), "hidden.W").node == "loss"


def test_a_weight_that_is_zero_and_an_input_that_is_zero() -> None:
    experiment = network("xor")
    experiment.network.parameters.view("output.W")[5, 0] = 0
    found = cause(of_experiment(experiment), "hidden.W[0, 5]")
    assert (found.node, found.quantity) == ("output.z", "local")
    assert "zero weight" in found.text
    found = cause(of_experiment(network("xor"), sample=0), "hidden.W[1, 2]")
    assert found.node == "hidden.z"
    assert "zero input" in found.text


def test_a_dropout_that_masks() -> None:
    experiment = network("mini_vgg", "train.batch_size=4")
    subject = of_experiment(experiment)
    mask = subject.plan.value(subject.plan.graph["dropout1.mask"])
    place = tuple(int(k) for k in np.argwhere(mask == 0)[0])
    found = cause(subject, f"flatten1.a[{place[0]}, {place[1]}]")
    assert (found.node, found.index) == ("dropout1.a", place)
    assert "masked" in found.text
    # A picture goes through convolutions and pooling, however large their Jacobians are.
    assert cause(subject, "conv2d1.W").node == "loss"


def test_what_has_no_gradient() -> None:
    subject = of_experiment(network("xor"))
    assert cause(subject, "target[2, 0]").text == "given"
    assert cause(subject, "input[2, 0]").node == "loss"
    assert cause(expression("2*x", x=1), "2").text == "a constant of the formula"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("hiden.W", 'did you mean "hidden.W"'), ("hidden.W[9, 0]", "allowed 0 to 1, 0 to 7"),
        ("hidden.W[0]", "no such entry"), ("hidden.W[a, b]", "no such entry"), ("loss[0]", "it is a number"),
        ("", "no such node"), ("hidden.W[-1, 0]", "no such entry"),
    ],
)  # fmt: skip
def test_what_is_not_there(asked: str, says: str) -> None:
    subject = of_experiment(network("xor"))
    with pytest.raises(UserError) as raised:
        why(subject, asked)
    assert says in raised.value.messages[0]


@pytest.mark.parametrize("demo", ["xor", "dead_relu", "vanishing", "mini_inception"])
def test_every_node_can_be_asked(demo: str) -> None:
    subject = of_experiment(network(demo, "train.batch_size=3"))
    draws = np.random.default_rng(0)
    for node in subject.plan.nodes:
        index = ", ".join(str(draws.integers(n)) for n in node.shape)
        assert prod(node.shape)
        cause(subject, f"{node.name}[{index}]" if node.shape else node.name)
