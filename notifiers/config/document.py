"""A configuration file as it was typed: texts, lists and blocks that remember their lines. Made by ``yaml.py``.

Nothing here knows what the fields mean; models do. A document made from plain values (``from_values``) has no lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Step = str | int
Plain = str | None | list["Plain"] | dict[str, "Plain"]
"""What models are built from; None is a key with nothing behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text exactly as it was typed, quotes taken off; None if nothing was written."""

    text: str | None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list."""

    items: tuple[Node, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Keys with what stands behind them, in the order of the file."""

    entries: Mapping[str, Node]
    key_lines: Mapping[str, int | None] = field(default_factory=dict)
    line: int | None = None


Node = Scalar | Listing | Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a document something is."""

    field: str
    line: int | None
    node: Node | None
    """None if the document holds nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole configuration file."""

    name: str
    """The file's name, as problems tell it."""
    root: Block

    def plain(self) -> dict[str, Plain]:
        """Its values without their lines."""
        return {key: _plain(node) for key, node in self.root.entries.items()}

    def at(self, *steps: Step) -> Node | None:
        """The node at these steps, None if there is none."""
        node: Node | None = self.root
        for step in steps:
            node = _child(node, step) if node is not None else None
        return node

    def place(self, steps: Sequence[Step], *, missing: bool = False) -> Place:
        """The place that a model means by ``steps``; ``missing`` if the last of them is a key that was not written.

        A model may know steps that were not typed, as the ``rungs`` of a bare list or the index of a text that stands
        where a list may: these are left out. A key that is missing has the line of the block that lacks it.
        """
        node: Node = self.root
        line = self.root.line
        typed: list[Step] = []
        for step in steps:
            below = _child(node, step)
            if below is None:
                continue
            line = node.key_lines.get(str(step)) if isinstance(node, Block) else below.line
            node = below
            typed.append(_named(step, below))
        absent = missing and self._is_absent(steps)
        if absent:
            typed.append(steps[-1])
        return Place(field=_path(typed), line=line, node=None if absent else node)

    def _is_absent(self, steps: Sequence[Step]) -> bool:
        parent = self.root if len(steps) == 1 else self.at(*steps[:-1])
        return not isinstance(parent, Block) or str(steps[-1]) not in parent.entries

    @classmethod
    def from_values(cls, values: Mapping[str, object], name: str) -> Document:
        """A document of plain values, for callers that have no file. Numbers and truth values become texts."""
        root = _node(dict(values))
        assert isinstance(root, Block)  # noqa: S101 - a dict was given
        return cls(name=name, root=root)


def _child(node: Node, step: Step) -> Node | None:
    if isinstance(node, Block):
        return node.entries.get(str(step))
    if isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def _named(step: Step, node: Node | None) -> Step:
    """An item of a list that has a name is called by it: gateways.cellar, not gateways[0]."""
    if isinstance(step, int) and isinstance(node, Block):
        name = node.entries.get("name")
        if isinstance(name, Scalar) and name.text:
            return name.text
    return step


def _path(steps: Sequence[Step]) -> str:
    path = ""
    for step in steps:
        name = step if isinstance(step, int) or step.isprintable() else repr(step)
        path += f"[{name}]" if isinstance(step, int) else f".{name}" if path else str(name)
    return path


def _plain(node: Node) -> Plain:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Listing):
        return [_plain(item) for item in node.items]
    return {key: _plain(value) for key, value in node.entries.items()}


def _node(value: object) -> Node:
    if value is None or isinstance(value, str):
        return Scalar(text=value)
    if isinstance(value, Mapping):
        entries = {str(key): _node(item) for key, item in value.items()}
        return Block(entries=entries)
    if isinstance(value, Sequence):
        return Listing(items=tuple(_node(item) for item in value))
    if isinstance(value, bool):
        return Scalar(text="true" if value else "false")
    return Scalar(text=str(value))
