"""The plan as the graph that is drawn, and where the arrow keys lead in it."""

from __future__ import annotations

from nntui.debugging.naming import is_name
from nntui.display import display
from nntui.tui.debugger.format import SYMBOLS, brief
from nntui.tui.debugger.moment import Look
from nntui.tui.render.flownode import FlowNode
from nntui_core.graph import Node


def flow_nodes(look: Look, *, at_optimizer: bool = False) -> tuple[FlowNode, ...]:
    """All nodes with what is known of them."""
    event = look.debugger.stepper.current
    out = []
    for node in look.wiring.nodes:
        current = event is not None and event.node is node and not at_optimizer
        broken = node.name in look.debugger.breakpoints
        value = look.value(node)
        # A constant without a name is its number already.
        constant = node.role == "constant" and not node.shape and not node.name.isidentifier()
        out.append(
            FlowNode(
                node.id,
                label_of(look, node),
                tuple(a.id for a in node.args),
                None if value is None or constant else look.value_text(node, brief),
                look.gradient_text(node, brief) or (None if look.expects(node) else ""),
                look.known(node),
                current,
                node is look.node,
                broken,
                _minor(look, node),
            )
        )
    return tuple(out)


def _minor(look: Look, node: Node) -> bool:
    """Whether the node can be left out: of a network its weights and penalties, of an expression its constants."""
    if look.network:
        return node.role != "input" and (node.op is None or node.id in look.wiring.of_parameters)
    return node.role == "constant" and not node.name.isidentifier()


def label_of(look: Look, node: Node) -> str:
    """What stands at a node of the graph: its name, or its operation and the letter it goes by."""
    if node.op is None or is_name(node.name):
        return display(look.called(node) if node.role == "constant" else node.name, 24)
    return f"{SYMBOLS.get(node.op.type, node.op.type)} {look.called(node)}"


def neighbor(look: Look, dx: int, dy: int) -> Node | None:
    """The node that an arrow key leads to: along a wire, or to the one above or below."""
    node, nodes = look.node, look.wiring.nodes
    if dx < 0:
        return node.args[0] if node.args else None
    if dx > 0:
        found = look.wiring.consumers.get(node.id, [])
        return found[0] if found else None
    depth: dict[int, int] = {}
    for n in nodes:
        depth[n.id] = max((depth[a.id] + 1 for a in n.args), default=0)
    beside = _siblings(look, node, depth)
    k = beside.index(node) + dy
    if 0 <= k < len(beside):
        return beside[k]
    at = nodes.index(node) + dy
    return nodes[at] if 0 <= at < len(nodes) else None


def _siblings(look: Look, node: Node, depth: dict[int, int]) -> list[Node]:
    """Nodes that feed the same consumer, else those as deep in the graph."""
    consumers = look.wiring.consumers.get(node.id, [])
    if consumers and len(dict.fromkeys(consumers[0].args)) > 1:
        return list(dict.fromkeys(consumers[0].args))
    return [n for n in look.wiring.nodes if depth[n.id] == depth[node.id]]
