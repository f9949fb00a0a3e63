"""Reads YAML into a document in which every scalar is the text that was typed. The one place that knows PyYAML.

It works on PyYAML's events and not on its values: ``01701234567``, ``no`` and ``1e3`` are never anything but texts, no
object is ever built, and anchors, aliases and tags are refused with their line instead of being followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from notifiers.config.document import Block, Document, Listing, Node, Scalar
from notifiers.config.problem import Problem
from notifiers.config.yaml_errors import syntax_problem
from notifiers.errors import ConfigurationError

LARGEST = 4 * 1024 * 1024
"""Bytes: what is larger is no configuration."""
DEEPEST = 30


def read_file(path: Path) -> tuple[Document, list[Problem]]:
    """The document in a file, and the mistakes beside which it can still be read (keys that are written twice).

    Raises ConfigurationError if it cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        words = "there is no such file; write one with `brevisone init`, or name another with --config"
        raise ConfigurationError([Problem(words=words).told(str(path))]) from error
    except IsADirectoryError as error:
        words = "is a folder; name the file in it"
        raise ConfigurationError([Problem(words=words).told(str(path))]) from error
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
        raise ConfigurationError([Problem(words=words).told(str(path))]) from error
    return read_bytes(content, str(path))


def read_bytes(content: bytes, name: str) -> tuple[Document, list[Problem]]:
    """As ``read_file``, of a content at hand; ``name`` is how problems call it."""
    builder = _Builder()
    try:
        text = _decoded(content)
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
        root = builder.root()
    except _Unreadable as error:
        raise ConfigurationError([error.problem.told(name)]) from None
    except yaml.YAMLError as error:
        # PyYAML's own text shows the lines around the mistake, and a password may stand in them.
        raise ConfigurationError([syntax_problem(error, text).told(name)]) from None
    if builder.fatal:
        raise ConfigurationError([problem.told(name) for problem in builder.fatal])
    return Document(name=name, root=root), builder.problems


class _Unreadable(Exception):
    """The whole file is of no use."""

    def __init__(self, words: str, line: int | None = None) -> None:
        super().__init__(words)
        self.problem = Problem(words=words, line=line)


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST:
        raise _Unreadable(f"is larger than {LARGEST // 1024 // 1024} MiB; this is no configuration")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable("is written in UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Unreadable("holds a character that is not UTF-8; save the file as UTF-8", line) from error


@dataclass(slots=True)
class _Open:
    """A list or block whose end has not come yet."""

    line: int
    block: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    key_lines: dict[str, int | None] = field(default_factory=dict)
    key: str | None = None
    """The key whose value comes next."""
    key_line: int = 0
    ignored: bool = False
    """The key was written before: its value is read and thrown away."""


class _Builder:
    """Builds the tree of nodes from events, without recursion: depth is bounded here and not by the stack."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.fatal: list[Problem] = []
        self._open: list[_Open] = []
        self._root: Node | None = None

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
            raise _Unreadable("a second document begins here; keep one, and take the `---` out", line)
        if isinstance(event, yaml.NodeEvent):
            self._refuse(event, line)
        if isinstance(event, yaml.AliasEvent):
            self._place(Scalar(text=None, line=line))
        elif isinstance(event, yaml.ScalarEvent):
            empty = event.value == "" and event.style is None
            self._place(Scalar(text=None if empty else event.value, line=line))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(line, block=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._finish()

    def root(self) -> Block:
        if self._root is None or (isinstance(self._root, Scalar) and self._root.text is None):
            raise _Unreadable("is empty; write a configuration with `brevisone init`")
        if not isinstance(self._root, Block):
            words = "a list" if isinstance(self._root, Listing) else "a text"
            raise _Unreadable(f"holds {words} where `key: value` lines are wanted, as in `gateways:`", self._root.line)
        return self._root

    def _refuse(self, event: yaml.NodeEvent, line: int) -> None:
        """Anchors, aliases and tags. They are not quoted: a password may begin with any sign."""
        if event.anchor is not None:
            words = (
                "anchors (&) and aliases (*) of YAML are not supported; write the value out, "
                "and put a text that begins with & or * in quotes"
            )
            self.fatal.append(Problem(words=words, line=line, field=self._path()))
        if getattr(event, "tag", None) not in (None, "!"):
            words = "tags (!) of YAML are not supported; put a text that begins with ! in quotes"
            self.fatal.append(Problem(words=words, line=line, field=self._path()))

    def _begin(self, line: int, *, block: bool) -> None:
        if len(self._open) >= DEEPEST:
            raise _Unreadable(f"is nested more than {DEEPEST} levels deep", line)
        if self._open and self._open[-1].block and self._open[-1].key is None:
            raise _Unreadable("a list or block stands where a key is wanted; put a text with brackets in quotes", line)
        self._open.append(_Open(line=line, block=block))

    def _finish(self) -> None:
        done = self._open.pop()
        if done.block:
            self._place(Block(entries=done.entries, key_lines=done.key_lines, line=done.line))
        else:
            self._place(Listing(items=tuple(done.items), line=done.line))

    def _place(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if not parent.block:
            parent.items.append(node)
        elif parent.key is None:
            self._key(parent, node)
        else:
            if not parent.ignored:
                parent.entries[parent.key] = node
                parent.key_lines[parent.key] = parent.key_line
            parent.key = None

    def _key(self, parent: _Open, node: Node) -> None:
        text = node.text if isinstance(node, Scalar) else None
        line = node.line or 0
        if not text:
            raise _Unreadable("a key is empty; write a name before the colon", line)
        parent.key, parent.key_line = text, line
        first = parent.key_lines.get(text)
        parent.ignored = first is not None
        if parent.ignored:
            words = f"is written twice, first in line {first}; keep one of the two"
            self.problems.append(Problem(words=words, line=line, field=self._path()))

    def _path(self) -> str:
        keys = [level.key if level.block else f"[{len(level.items)}]" for level in self._open]
        return ".".join(key for key in keys if key).replace(".[", "[")
