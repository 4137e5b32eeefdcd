"""Training states: what is kept, and what a damaged one does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vae.commands.parser import main
from vae.errors import FileError, InputError
from vae.model import checkpoints
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights
from vae.runs.folder import Run


def save(run: Run, step: int, best_step: int = 0) -> None:
    checkpoints.save_state(run, {"step": step, "tensor": torch.arange(50)}, best_step)


def test_the_last_two_and_the_best_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for step in (1, 2, 3, 4, 5):
        save(run, step, best_step=min(step, 2))
    assert checkpoints.states(run) == [2, 4, 5]
    assert len(list(run.checkpoints.iterdir())) == 6  # each with its checksum


def test_every_flipped_bit_is_noticed_and_the_state_before_is_used(tmp_path: Path) -> None:
    run = Run(tmp_path)
    save(run, 1)
    save(run, 2)
    path = checkpoints.state_file(run, 2)
    good = path.read_bytes()
    for place in range(0, len(good), len(good) // 64):
        path.write_bytes(good[:place] + bytes([good[place] ^ 16]) + good[place + 1 :])
        with pytest.warns(UserWarning, match="damaged"):
            state = checkpoints.newest_state(run)
        assert state is not None
        assert state["step"] == 1
    path.write_bytes(good)
    state = checkpoints.newest_state(run)
    assert state is not None
    assert state["step"] == 2


def test_no_state_is_none_and_only_damaged_ones_are_an_error(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert checkpoints.newest_state(run) is None
    save(run, 1)
    checkpoints.state_file(run, 1).write_bytes(b"")
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(FileError, match="checksum"):
        checkpoints.newest_state(run)


@pytest.mark.parametrize("nth_rename", [1, 2])
def test_killed_while_saving_keeps_the_old_file(tmp_path: Path, nth_rename: int) -> None:
    run = Run(tmp_path)
    save(run, 1)
    code = (
        "import os, signal, torch; from pathlib import Path; from vae.model import checkpoints;"
        "from vae.runs.folder import Run; calls = []; replace = os.replace\n"
        "def killed(*names):\n"
        "    calls.append(names)\n"
        f"    if len(calls) == {nth_rename}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    replace(*names)\n"
        "os.replace = killed\n"
        f"checkpoints.save_state(Run(Path({str(tmp_path)!r})), dict(step=2), 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    state = checkpoints.newest_state(run)
    assert state is not None
    assert state["step"] == 1
    save(run, 3)
    assert checkpoints.states(run) == [1, 3]


def test_history_is_dense_early_and_sparse_late(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for step in range(10, 2001, 10):
        path = run.checkpoints / f"weights-{step:08d}.safetensors"
        checkpoints.write_checked(path, b"")
        checkpoints.thin_history(run, step, best_step=0)
    steps = sorted(int(p.stem.split("-")[1]) for p in run.checkpoints.glob("weights-*.safetensors"))
    assert len(steps) <= 18
    assert steps[-1] == 2000
    assert steps[1] - steps[0] < steps[-1] - steps[-2]


def test_a_frozen_model_decodes_what_the_trainer_left(trained_root: Path) -> None:
    model, weights = checkpoints.load_model(Run(trained_root / "tiny"))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert weights.step == 8
    assert weights.image_shape == (3, 32, 32)
    state = checkpoints.newest_state(Run(trained_root / "tiny"))
    assert state is not None
    trained = VAE(Run(trained_root / "tiny").config().model, (3, 32, 32))
    normalise_weights(trained)
    trained.load_state_dict(state["model"])
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.decode(z), trained.eval().decode(z))


def test_weights_that_are_none_are_refused_in_a_sentence(
    tmp_path: Path, trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path / "broken")
    run.folder.mkdir()
    text = (trained_root / "tiny" / "config.json").read_text()
    run.config_file.write_text(text)
    with pytest.raises(InputError, match="no weights yet"):
        checkpoints.load_model(run)
    run.weights_file.write_bytes(b"nonsense")
    assert main(["sample", "broken", "--root", str(tmp_path)]) == 2
    assert "weights of run broken cannot be used" in capsys.readouterr().err
    wrong = text.replace('"latent_dim": 6', '"latent_dim": 7')
    run.config_file.write_text(wrong)
    run.weights_file.write_bytes((trained_root / "tiny" / "model.safetensors").read_bytes())
    with pytest.raises(FileError, match="cannot be used"):
        checkpoints.load_model(run)
