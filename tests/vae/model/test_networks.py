"""The networks: shapes, determinism, and that they can learn."""

from __future__ import annotations

import pytest
import torch

from vae import option_choices
from vae.config import ModelConfig
from vae.faces.synthetic import faces
from vae.model.convolutions import Modulation
from vae.model.networks import VAE, num_parameters
from vae.model.weight_norm import normalise_weights, plain_weights, start_from_data
from vae.option_choices import NETWORKS

SMALL = ModelConfig(channels=(4, 8, 8, 8, 8), latent_dim=5)


def x_of(num: int, size: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(num, channels, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [28, 32, 50, 64, 96, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_size_comes_back_as_it_went_in(size: int, channels: int, name: str) -> None:
    model = VAE(
        ModelConfig(name=name, channels=(4, 8, 8, 8, 8), latent_dim=5), (channels, size, size)
    )
    x = x_of(2, size, channels)
    posterior = model.encode(x)
    assert posterior.mu.shape == posterior.logvar.shape == (2, 5)
    reconstruction = model.decode(posterior.mu)
    assert reconstruction.shape == x.shape
    assert reconstruction.min() >= 0
    assert reconstruction.max() <= 1
    terms = model(x, torch.zeros(2, 5))
    assert terms.nll.shape == (2,)
    assert terms.kl_per_dim.shape == (2, 5)


def test_the_mlp_is_the_known_784_400_20() -> None:
    config = ModelConfig(name="mlp", latent_dim=20, hidden_dim=400)
    model = VAE(config, (1, 28, 28))
    wanted = (784 * 400 + 400) + 2 * (400 * 20 + 20) + (20 * 400 + 400) + (400 * 784 + 784)
    assert num_parameters(model) == wanted


def test_the_convs_are_those_of_the_known_anime_face_vae() -> None:
    """887,603 parameters: roger8587/VAE-for-image-reconstruction-by-the-animation-faces."""
    config = ModelConfig(name="conv", latent_dim=128, channels=(16, 32, 64, 128, 256))
    assert num_parameters(VAE(config, (3, 32, 32))) == 887_603


def test_the_second_model_of_a_process_is_built_like_the_first() -> None:
    """A list of widths, reversed in place, would turn it round."""
    first, second = (VAE(ModelConfig(), (3, 64, 64)) for _ in range(2))
    assert str(first) == str(second)


def test_the_same_seed_gives_the_same_model() -> None:
    models = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        models.append(VAE(SMALL, (3, 32, 32)))
    first, second, other = (torch.nn.utils.parameters_to_vector(m.parameters()) for m in models)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_logvar_stays_finite_and_keeps_a_gradient_for_absurd_inputs() -> None:
    model = VAE(ModelConfig(name="mlp", latent_dim=2, hidden_dim=4), (1, 28, 28))
    x = 30.0 * x_of(4, 28, 1)
    posterior = model.encode(x)
    posterior.sigma.sum().backward()
    assert torch.isfinite(posterior.sigma).all()


def test_grey_images_are_bernoulli_and_colour_ones_gaussian_by_default() -> None:
    assert type(VAE(SMALL, (1, 28, 28)).likelihood).__name__ == "Bernoulli"
    assert type(VAE(SMALL, (3, 28, 28)).likelihood).__name__ == "Gaussian"


def test_eight_faces_can_be_learnt_by_heart() -> None:
    torch.manual_seed(0)
    config = ModelConfig(channels=(16, 16, 32, 32, 32), latent_dim=8)
    model = VAE(config, (3, 32, 32)).train()
    pixels = torch.from_numpy(faces(0, torch.arange(8).numpy(), 32))
    x = pixels.permute(0, 3, 1, 2).float() / 255
    generator = torch.Generator().manual_seed(0)
    normalise_weights(model)
    start_from_data(model, x, torch.randn(8, 8, generator=generator))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(250):
        terms = model(x, torch.randn(8, 8, generator=generator))
        optimizer.zero_grad()
        (-terms.elbo.mean()).backward()
        optimizer.step()
    error = (model.decode(model.encode(x).mu) - x).square().mean()
    spread = (x - x.mean(0)).square().mean()
    assert error < 0.1 * spread


def normalised(seed: int = 0) -> VAE:
    torch.manual_seed(seed)
    model = VAE(SMALL, (3, 32, 32))
    normalise_weights(model)
    return model


def test_an_image_is_decoded_and_encoded_alike_in_any_company() -> None:
    """No normalisation ties the images of a batch together, in training either."""
    model = normalised().train()
    x = x_of(6, 32)
    start_from_data(model, x, torch.zeros(6, 5))
    alone, together = model(x[:1], torch.zeros(1, 5)), model(x, torch.zeros(6, 5))
    torch.testing.assert_close(alone.kl, together.kl[:1], rtol=1e-4, atol=1e-4)
    output = model.decoder(together.posterior.mu)
    torch.testing.assert_close(model.decoder(together.posterior.mu[:1]), output[:1])


def test_a_first_batch_gives_every_channel_mean_0_and_variance_1() -> None:
    model, x, eps = normalised(), x_of(32, 32), torch.randn(32, 5)
    start_from_data(model, x, eps)
    outputs: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        if hasattr(module, "parametrizations"):
            module.register_forward_hook(
                lambda _, __, output, name=name: outputs.update({name: output})
            )
    model(x, eps)
    silent = [name for name in outputs if name.endswith(".convolution")]
    assert len(silent) == 6
    for name, output in outputs.items():
        wanted = 0.0 if name in silent else 1.0
        torch.testing.assert_close(
            output.mean((0, 2, 3)), torch.zeros(output.shape[1]), atol=1e-4, rtol=0
        )
        spread = output.var((0, 2, 3), correction=0)
        torch.testing.assert_close(spread, torch.full_like(spread, wanted), atol=1e-2, rtol=0)


def test_the_weights_on_disk_are_those_of_a_plain_network() -> None:
    model = normalised()
    start_from_data(model, x_of(8, 32), torch.randn(8, 5))
    plain = VAE(SMALL, (3, 32, 32))
    plain.load_state_dict(plain_weights(model))
    z = torch.randn(3, 5)
    torch.testing.assert_close(plain.decode(z), model.decode(z))


def test_weight_normalisation_changes_no_function_by_itself() -> None:
    torch.manual_seed(1)
    model = VAE(SMALL, (3, 32, 32))
    x = x_of(3, 32)
    before = model(x, torch.zeros(3, 5))
    normalise_weights(model)
    torch.testing.assert_close(model(x, torch.zeros(3, 5)).elbo, before.elbo)


def test_z_scales_and_shifts_the_channels_of_each_level() -> None:
    """At first by nothing: then it is the network without modulation, of the same seed."""
    made = []
    for modulation in option_choices.YES_NO:
        torch.manual_seed(0)
        config = ModelConfig(latent_dim=5, channels=(4, 4, 8, 8, 8), modulation=modulation)
        made.append(VAE(config, (3, 32, 32)).eval())
    model, plain = made
    model.decoder.load_state_dict(plain.decoder.state_dict(), strict=False)
    z = torch.randn(6, 5)
    torch.testing.assert_close(model.decode(z), plain.decode(z))
    modulations = list(model.decoder.modulations)  # type: ignore[arg-type]
    assert [m.out_features for m in modulations] == [16, 16, 8, 8]
    assert not len(plain.decoder.modulations)  # type: ignore[arg-type]
    with torch.no_grad():
        model.decoder.linear.weight.zero_()  # what z says at the bottom
        assert (model.decode(z) - model.decode(z[:1])).abs().max() < 1e-6, "nothing of z is left"
        for modulation in modulations:
            torch.nn.init.normal_(modulation.weight, std=0.5)
            assert (model.decode(z) - model.decode(z[:1])).abs().max() > 1e-4
            modulation.weight.zero_()


def test_a_modulation_scales_and_shifts_by_what_it_is_told() -> None:
    modulation, maps, z = Modulation(2, 3), torch.randn(4, 3, 5, 5), torch.randn(4, 2)
    torch.testing.assert_close(modulation.modulated(maps, z), maps)
    with torch.no_grad():
        modulation.bias.copy_(torch.tensor([1.0, 0.0, -1.0, 0.0, 2.0, 0.5]))
    wanted = torch.stack([2 * maps[:, 0], maps[:, 1] + 2, torch.full((4, 5, 5), 0.5)], 1)
    torch.testing.assert_close(modulation.modulated(maps, z), wanted)
