"""Maximum flow through a network of whole numbers, by shortest augmenting paths (Dinic 1970).

An edge may be widened between two augmentations, and what flows stays. Where only edges into the sink cost something, opening
them from the cheapest on gives a flow of least cost: what can flow through sets of them is a polymatroid, for which the
greedy algorithm is right (Edmonds 1970).
"""

from collections import deque


class FlowNetwork:
    """Nodes and directed edges between them, both numbered from 0."""

    def __init__(self) -> None:
        self._out: list[list[int]] = []
        self._head: list[int] = []
        self._left: list[int] = []  # capacity that is left; of edge 2k + 1, the reverse of 2k, its flow

    def node(self) -> int:
        """Add a node and return its number."""
        self._out.append([])
        return len(self._out) - 1

    def add(self, start: int, end: int, capacity: int = 0) -> int:
        """Add an edge and return its number."""
        number = len(self._head)
        self._head += [end, start]
        self._left += [capacity, 0]
        self._out[start].append(number)
        self._out[end].append(number + 1)
        return number

    def widen(self, edge: int, capacity: int) -> None:
        """Let more flow through an edge."""
        self._left[edge] += capacity

    def flow(self, edge: int) -> int:
        """Return what flows through an edge."""
        return self._left[edge + 1]

    def augment(self, source: int, sink: int) -> int:
        """Let as much flow as can, and return how much more that is than before."""
        gained = 0
        while (level := self._levels(source, sink)) is not None:
            after = [0] * len(self._out)  # edges of each node that lead nowhere in this round
            while more := self._path(source, sink, level, after):
                gained += more
        return gained

    def _levels(self, source: int, sink: int) -> list[int] | None:
        """Return the distance of each node from the source, or None if the sink is out of reach."""
        level = [-1] * len(self._out)
        level[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for edge in self._out[node]:
                head = self._head[edge]
                if self._left[edge] and level[head] < 0:
                    level[head] = level[node] + 1
                    waiting.append(head)
        return level if level[sink] >= 0 else None

    def _path(self, source: int, sink: int, level: list[int], after: list[int]) -> int:
        """Let flow what fits along one shortest path, and return it; 0 if there is none."""
        path: list[int] = []
        node = source
        while node != sink:
            while after[node] < len(self._out[node]):
                edge = self._out[node][after[node]]
                if self._left[edge] and level[self._head[edge]] == level[node] + 1:
                    break
                after[node] += 1
            else:
                if not path:
                    return 0
                node = self._head[path.pop() ^ 1]
                after[node] += 1
                continue
            path.append(edge)
            node = self._head[edge]
        least = min(self._left[edge] for edge in path)
        for edge in path:
            self._left[edge] -= least
            self._left[edge ^ 1] += least
        return least
