"""The order of the modules: imports only point down."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def source_files() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "vae").rglob("*.py"), *(ROOT / "explorer").rglob("*.py")]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> set[str]:
    """Every module of ours that the file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return {name for name in found if name.split(".")[0] in ("vae", "explorer", "app")}


def test_the_explorer_never_imports_the_trainer() -> None:
    guilty = [
        module_name(path)
        for path in (ROOT / "explorer").rglob("*.py")
        if "vae.training.trainer" in imported_modules(path)
    ]
    assert not guilty


def test_streamlit_is_known_to_the_explorer_alone() -> None:
    guilty = [path.name for path in (ROOT / "vae").rglob("*.py") if "streamlit" in path.read_text()]
    assert not guilty


def test_no_module_is_a_grab_bag() -> None:
    names = {path.stem for path in source_files()}
    assert not names & {"utils", "helpers", "common", "base", "manager", "misc"}


def test_configuration_and_run_folder_need_no_torch_and_no_numpy() -> None:
    code = (
        "import sys, vae.config, vae.runs.folder, vae.runs.processes;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'streamlit')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_page_imports_nothing_heavy() -> None:
    """The first paint would wait for it."""
    code = (
        "import sys, explorer.state.cache, explorer.state.session, explorer.sidebar.run_controls;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'umap')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
