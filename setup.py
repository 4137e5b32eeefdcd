"""What pyproject.toml cannot say: which files from outside the packages go into them in a wheel."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# What ships of a run, and no more.
RUN = [
    *("NOTES.md", "config.json", "evaluation.json", "events.jsonl", "model.safetensors"),
    *("latents.npz", "samplers.npz", "flow.safetensors", "maps/umap.npz"),
    "previews/*.webp",
]
# Folder in the wheel: where the files lie now, and which.
BROUGHT_IN = {
    "explorer/entry": (".", ["app.py", ".streamlit/config.toml"]),
    "vae/shipped/anime-faces": ("checkpoints/anime-faces", RUN),
    "vae/shipped/clothes": ("checkpoints/clothes", RUN),
}


def brought_in() -> dict[str, str]:
    """Each file of the wheel that lies elsewhere in the repository, by its place in the wheel."""
    return {
        f"{target}/{path.relative_to(top).as_posix()}": path.as_posix()
        for target, (top, patterns) in BROUGHT_IN.items()
        for pattern in patterns
        for path in _found(Path(top), pattern)
    }


def _found(top: Path, pattern: str) -> list[Path]:
    """Stops where there is none: a wheel without its settings would listen on every address."""
    found = sorted(top.glob(pattern))
    if not found:
        raise FileNotFoundError(f"The wheel needs {top / pattern}, and there is none.")
    return found


class Build(build_py):
    """The packages with those files in them; an editable install finds them where they are."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for target, source in brought_in().items():
                file = Path(self.build_lib, target)
                file.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(source, str(file))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        files = [] if self.editable_mode else [str(Path(self.build_lib, to)) for to in brought_in()]
        return [*super().get_outputs(include_bytecode), *files]

    def get_source_files(self) -> list[str]:
        """What a source distribution holds."""
        return [*super().get_source_files(), *brought_in().values()]


setup(cmdclass={"build_py": Build})
