"""The state of the page: every name in it stands once, in the module that owns it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

EXPLORER = Path(__file__).parents[2] / "explorer"
OWNER = EXPLORER / "state" / "keys.py"


def text_of(node: ast.expr) -> str:
    """A string as it is spelt, with {} for what is filled in; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "{}" for part in node.values)
    return ""


def keys_in(tree: ast.AST) -> Iterator[str]:
    """The names that a module gives to keys, in the order of their lines.

    ``Key("run", None)``, ``RunKey[float]("crop_zoom", 1.0)``, ``st.button(..., key="again")``.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        made = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        if isinstance(made, ast.Name) and made.id in ("Key", "RunKey") and node.args:
            yield text_of(node.args[0])
        yield from (text_of(word.value) for word in node.keywords if word.arg == "key")


def spelt_twice(sources: dict[str, str]) -> dict[str, list[str]]:
    """Names of keys that stand more than once, with where."""
    places = defaultdict(list)
    for name, source in sources.items():
        for key in keys_in(ast.parse(source)):
            if key.strip("{}"):
                places[key].append(name)
    return {key: where for key, where in places.items() if len(where) > 1}


def test_no_key_is_spelt_twice() -> None:
    files = sorted(EXPLORER.rglob("*.py"))
    sources = {str(path.relative_to(EXPLORER)): path.read_text() for path in files}
    assert len(sources) > 50
    assert spelt_twice(sources) == {}


def test_a_key_that_is_spelt_twice_is_found() -> None:
    sources = {
        "owner.py": 'PICKS = RunKey[tuple[int, ...]]("picks", ())\nfield = Key(f"{where}.x", "")',
        "other.py": 'st.text_input("Picks", key="picks")\nKey(f"{place}.x", 0)\nKey("own", 1)',
    }
    both = ["owner.py", "other.py"]
    assert spelt_twice(sources) == {"picks": both, "{}.x": both}


def test_only_keys_touch_the_state_of_the_page() -> None:
    touching = [
        path
        for path in EXPLORER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "session_state"
    ]
    assert set(touching) == {OWNER}
