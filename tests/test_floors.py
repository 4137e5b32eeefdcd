"""The order of the modules: imports only point down."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the ground up. A module may import those of earlier lines.
FLOORS = [
    ["vae"],
    ["vae.config", "vae.atomic"],
    ["vae.runs"],
    ["vae.jobs", "vae.progress"],
    ["vae.posterior", "vae.likelihoods", "vae.schedules"],
    ["vae.elbo"],
    ["vae.objectives"],
    ["vae.convolutions"],
    ["vae.networks"],
    ["vae.weight_norm"],
    ["vae.estimators"],
    ["vae.pictures", "vae.drawing"],
    ["vae.figures"],
    ["vae.hair", "vae.accessories"],
    ["vae.portrait"],
    ["vae.synthetic"],
    ["vae.decoding", "vae.attributes", "vae.shuffle", "vae.aggregate", "vae.contrasts"],
    ["vae.directions", "vae.information", "vae.samplers", "vae.frechet"],
    ["vae.leakage"],
    ["vae.disentanglement"],
    ["vae.collection"],
    ["vae.arrays"],
    ["vae.sources"],
    ["vae.importing", "vae.rendered"],
    ["vae.dataset"],
    ["vae.checkpoints"],
    ["vae.latents"],
    ["vae.paths", "vae.projection", "vae.metrics", "vae.refining", "vae.neighbours"],
    ["vae.evaluation"],
    ["vae.api"],
    ["vae.trainer"],
    ["vae.training", "vae.inspection", "vae.exporting"],
    ["vae.command"],
    ["vae.__main__"],
    [
        "explorer",
        "explorer.charts",
        "explorer.formulas",
        "explorer.hints",
        "explorer.images",
        "explorer.labels",
        "explorer.layers",
        "explorer.measures",
        "explorer.recipes",
        "explorer.remedies",
        "explorer.scripts",
        "explorer.snippets",
        "explorer.work",
        "explorer.deck",
    ],
    ["explorer.verdicts", "explorer.plane"],
    ["explorer.memorising", "explorer.regularity"],
    ["explorer.findings"],
    ["explorer.cache"],
    ["explorer.session"],
    [
        "explorer.dials",
        "explorer.doctor",
        "explorer.equations",
        "explorer.exhibit",
        "explorer.gallery",
        "explorer.pathview",
        "explorer.socket",
    ],
    ["explorer.keeping", "explorer.bearings"],
    ["explorer.position"],
    ["explorer.mapview", "explorer.points", "explorer.journey"],
    [
        "explorer.columns",
        "explorer.plainmap",
        "explorer.trail",
        "explorer.origin",
        "explorer.compass",
    ],
    [
        "explorer.beginning",
        "explorer.picking",
        "explorer.pathfiles",
        "explorer.moves",
        "explorer.saved",
    ],
    ["explorer.evaluation", "explorer.samples"],
    ["explorer.detail"],
    ["explorer.evaluation", "explorer.samples"],
    [
        "explorer.sidebar",
        "explorer.panels",
        "explorer.panels.live",
        "explorer.panels.map",
        "explorer.panels.sliders",
        "explorer.panels.interpolate",
        "explorer.panels.animation",
        "explorer.panels.model",
    ],
    ["explorer.page", "explorer.routes"],
    ["app"],
]
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


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
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FLOOR_OF else node.module for name in names}
    return {name for name in found if name.split(".")[0] in ("vae", "explorer", "app")}


@pytest.mark.parametrize("path", source_files(), ids=module_name)
def test_imports_only_point_down(path: Path) -> None:
    here = module_name(path)
    assert here in FLOOR_OF, f"{here} stands on no floor: add it to FLOORS"
    above = {name for name in imported_modules(path) if FLOOR_OF[name] >= FLOOR_OF[here]}
    assert not above, f"{here} imports {above}, which stand beside or above it"


def test_the_explorer_never_imports_the_trainer() -> None:
    guilty = [
        module_name(path)
        for path in (ROOT / "explorer").rglob("*.py")
        if "vae.trainer" in imported_modules(path)
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
        "import sys, vae.config, vae.runs, vae.jobs;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'streamlit')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_page_imports_nothing_heavy() -> None:
    """The first paint would wait for it."""
    code = (
        "import sys, explorer.cache, explorer.session, explorer.sidebar;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'umap')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
