"""What the source passes to a function: the words that code can write, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from webapp.domain import words

Function = ast.FunctionDef | ast.Module


class Unresolved(AssertionError):
    """An argument that this reader cannot follow; the test has to say what it can be."""


class Source:
    """The modules below some folders. `known` says what expressions can be that cannot be followed."""

    def __init__(self, *folders: Path, known: Mapping[str, frozenset[str]] | None = None) -> None:
        paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
        assert paths, folders
        self.modules = {path: ast.parse(path.read_text("utf-8")) for path in paths}
        self.known = known or {}

    def calls(self, *names: str) -> Iterator[tuple[Path, Function, ast.Call]]:
        """Calls of functions or methods with one of these names, with the function they stand in."""
        for path, function, node in self._nodes():
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in names:
                    yield path, function, node

    def assigned(self, attribute: str, besides: str = "") -> Iterator[tuple[Path, Function, ast.expr]]:
        """What is written to `anything.attribute`, but for the variable `besides`; in tuples as well, and as a
        keyword of `values(...)`."""
        for path, function, node in self._nodes():
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    pairs = zip(target.elts, node.value.elts, strict=False) if several else [(target, node.value)]
                    for one, value in pairs:
                        ours = isinstance(one, ast.Attribute) and one.attr == attribute
                        if ours and getattr(one.value, "id", "") != besides:
                            yield path, function, value
            elif isinstance(node, ast.keyword) and node.arg == attribute:
                yield path, function, node.value

    def words(self, path: Path, function: Function, given: ast.expr) -> set[str]:
        """Every text that an expression can be."""
        said = ast.unparse(given)
        if said in self.known:
            return set(self.known[said])
        if isinstance(given, ast.Constant):
            return {given.value} if isinstance(given.value, str) else set()
        if isinstance(given, ast.IfExp):
            return self.words(path, function, given.body) | self.words(path, function, given.orelse)
        if isinstance(given, ast.JoinedStr):
            parts = [self.words(path, function, part) for part in given.values]
            return {"".join(chosen) for chosen in product(*parts)}
        if isinstance(given, ast.FormattedValue):
            return self.words(path, function, given.value)
        if isinstance(given, ast.Attribute):
            kind = getattr(words, getattr(given.value, "id", ""), None)
            return {kind[given.attr].value} if kind else self.words(path, function, given.value)
        if isinstance(given, ast.Name) and isinstance(function, ast.FunctionDef):
            return self._of_name(path, function, given.id)
        raise Unresolved(f"{path}: {said}")

    def _of_name(self, path: Path, function: ast.FunctionDef, name: str) -> set[str]:
        parameters = [one.arg for one in function.args.args]
        found: set[str] = set()
        if name in parameters:
            found |= self._of_parameter(path, function, parameters.index(name), name)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == name for one in node.targets):
                found |= self.words(path, function, node.value)
        if not found:
            raise Unresolved(f"{path}: {name} in {function.name}")
        return found

    def _of_parameter(self, path: Path, function: ast.FunctionDef, place: int, name: str) -> set[str]:
        """What callers pass."""
        found: set[str] = set()
        for caller, where, call in self.calls(function.name):
            if not self._is_of(path, caller, call):
                continue
            named = [one.value for one in call.keywords if one.arg == name]
            given = [*call.args[place : place + 1], *named]
            for one in given:
                found |= self.words(caller, where, one)
        defaults = dict(
            zip([one.arg for one in function.args.args][::-1], function.args.defaults[::-1], strict=False)
        )
        return found | (self.words(path, function, defaults[name]) if name in defaults else set())

    def _is_of(self, path: Path, caller: Path, call: ast.Call) -> bool:
        """Whether a call in `caller` means the function of this name in `path`, by what `caller` imports."""
        home = getattr(getattr(call.func, "value", None), "id", "") or getattr(call.func, "id", "")
        imported = {
            one.asname or one.name: f"{node.module}.{one.name}"
            for node in ast.walk(self.modules[caller])
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }
        if home not in imported:
            return caller == path
        dotted = ".".join(path.with_suffix("").parts)
        return dotted.endswith((imported[home], imported[home].rpartition(".")[0]))

    def _nodes(self) -> Iterator[tuple[Path, Function, ast.AST]]:
        for path, module in self.modules.items():
            yield from ((path, function, node) for function, node in _walk(module, module))


def _walk(function: Function, node: ast.AST) -> Iterator[tuple[Function, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        yield function, child
        yield from _walk(child if isinstance(child, ast.FunctionDef) else function, child)
