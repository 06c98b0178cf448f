"""Maximum flows beside those of networkx."""

import numpy as np
import pytest

from zenata.trials.flows import FlowNetwork


@pytest.mark.parametrize("seed", range(10))
def test_flows_agree_with_networkx_also_after_edges_were_widened(seed: int) -> None:
    import networkx as nx

    chance = np.random.default_rng(seed)
    mine, theirs = FlowNetwork(), nx.DiGraph()
    nodes = [mine.node() for _ in range(12)]
    theirs.add_nodes_from(nodes)
    edges = {}
    for start, end in {(int(a), int(b)) for a, b in chance.integers(0, 12, (50, 2)) if a != b}:
        capacity = int(chance.integers(0, 20))
        edges[start, end] = mine.add(start, end, capacity)
        theirs.add_edge(start, end, capacity=capacity)
    total = mine.augment(0, 1)
    assert total == nx.maximum_flow_value(theirs, 0, 1)
    for (start, end), edge in list(edges.items())[::3]:
        mine.widen(edge, 7)
        theirs[start][end]["capacity"] += 7
    total += mine.augment(0, 1)
    assert total == nx.maximum_flow_value(theirs, 0, 1)
    flows = {pair: mine.flow(edge) for pair, edge in edges.items()}
    assert all(0 <= flow <= theirs[start][end]["capacity"] for (start, end), flow in flows.items())
    for node in nodes[2:]:
        into = sum(flow for (_, end), flow in flows.items() if end == node)
        assert into == sum(flow for (start, _), flow in flows.items() if start == node)
