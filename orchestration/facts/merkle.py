"""Merkle roots over record hashes: one record can be proven, or erased, without its file.

Leaves and inner nodes are hashed under different prefixes (RFC 6962), so that no inner node can
be passed off as a record. A lone last node moves up unchanged: [a, b, b] is not [a, b].
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

_LEAF = b"\x00"
_NODE = b"\x01"

Step = tuple[Literal["left", "right"], str]


def merkle_root(record_hashes: Iterable[str]) -> str:
    """Root over the records' SHA-256 (hex, in file order), in hex; the hash of nothing when there are none.

    A million records need twenty nodes of memory: two subtrees of one size become one at once.
    """
    # Whole subtrees from the left, each with its height; no two of one height stand side by side.
    subtrees: list[tuple[int, bytes]] = []
    for record in record_hashes:
        height, node = 0, _leaf(record)
        while subtrees and subtrees[-1][0] == height:
            node = _node(subtrees.pop()[1], node)
            height += 1
        subtrees.append((height, node))
    if not subtrees:
        return hashlib.sha256(b"").hexdigest()
    _, root = subtrees.pop()
    while subtrees:
        root = _node(subtrees.pop()[1], root)
    return root.hex()


def proof(record_hashes: Sequence[str], index: int) -> list[Step]:
    """The sibling hashes that lead from the record at `index` (0-based) to the root."""
    if not 0 <= index < len(record_hashes):
        raise IndexError(f"there is no record {index} among {len(record_hashes)}")
    level = [_leaf(record) for record in record_hashes]
    steps: list[Step] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            steps.append(("left" if sibling < index else "right", level[sibling].hex()))
        level = _above(level)
        index //= 2
    return steps


def root_from_proof(record_hash: str, steps: Sequence[Step]) -> str:
    """The root that a record and its proof give, in hex."""
    node = _leaf(record_hash)
    for side, sibling in steps:
        other = bytes.fromhex(sibling)
        node = _node(other, node) if side == "left" else _node(node, other)
    return node.hex()


def _leaf(record_hash: str) -> bytes:
    return hashlib.sha256(_LEAF + bytes.fromhex(record_hash)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
