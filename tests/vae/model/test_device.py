"""In what precision the networks compute where nobody says."""

from __future__ import annotations

import pytest
import torch

from vae.model.device import LARGE, choose_precision

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


@pytest.mark.parametrize(
    ("has_avx512", "has_amx", "wanted"),
    [(True, False, "bfloat16"), (False, True, "bfloat16"), (False, False, "float32")],
)
def test_a_processor_computes_in_what_it_has_instructions_for(
    monkeypatch: pytest.MonkeyPatch, has_avx512: bool, has_amx: bool, wanted: str
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx, raising=False)
    assert choose_precision(None, CPU, LARGE) == wanted
    assert choose_precision(None, CPU, LARGE - 1) == "float32"
    assert choose_precision("float32", CPU, LARGE) == "float32"
    assert choose_precision("bfloat16", CPU, 10) == "bfloat16"
    assert choose_precision(None, CUDA, 10) == "bfloat16"
    assert choose_precision(None, MPS, LARGE) == "float32"


def test_a_torch_that_cannot_say_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert choose_precision(None, CPU, LARGE) == "float32"
