"""Two estimators of one gradient, and a third: measured on the model that is shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.drawing.charts import FAINT_LINE, Spec
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.errors import ExplainedError

if TYPE_CHECKING:
    from vae.evaluation.gradient_estimators import Estimate

NUM_IMAGES = 8
NUM_REPEATS = 48
_MEASURED = RunKey["tuple[list[Estimate], int] | None"]("estimates", None)  # and the step
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NAMES = {
    "analytic": "analytic KL",
    "sampled": "generic, all sampled",
    "score": "score function",
}


def show(opened: OpenedRun) -> None:
    """The exhibit, closed until it is asked for."""
    with st.expander("Two estimators of one gradient", icon=":material/query_stats:"):
        st.markdown(
            "Training needs the gradient of an expectation over z, but sees only one sample of "
            "z. Several estimators are **right on average**; they differ in how much one "
            "sample varies. The **analytic** one uses the closed form of the KL and samples "
            "only the reconstruction, the **generic** one samples all of log p(x, z) - log q(z "
            "| x), and the **score function** (REINFORCE) does not use the gradient of the "
            "decoder."
        )
        st.latex(
            r"\nabla_\phi\, \mathbb{E}_{q_\phi}\bigl[f(z)\bigr] = "
            r"\underbrace{\mathbb{E}_\varepsilon\bigl[\nabla_\phi f(\mu + \sigma \varepsilon)"
            r"\bigr]}_{\text{reparameterized}} = "
            r"\underbrace{\mathbb{E}_{q_\phi}\bigl[f(z)\, \nabla_\phi \log q_\phi(z \mid x)"
            r"\bigr]}_{\text{score function}}"
        )
        _measure(opened)


def _measure(opened: OpenedRun) -> None:
    kept = _MEASURED.of(opened.session)
    pressed = st.button(
        "Measure",
        icon=":material/speed:",
        key="model_measure",
        help=(
            f"{NUM_REPEATS} samples for {NUM_IMAGES} validation images with each estimator, on the "
            "weights shown. It takes a few seconds."
        ),
    )
    if pressed:
        try:
            with st.spinner(f"{NUM_REPEATS} gradients by each of three estimators ..."):
                kept.set(estimates(opened))
        except ExplainedError as error:
            st.error(str(error), icon=":material/error:")
            return
    if (measured := kept.get()) is not None:
        _draw(*measured)


def estimates(opened: OpenedRun) -> tuple[list[Estimate], int]:
    """What the estimators say of the weights in use, and those weights' step.

    Raises InputError where the images are gone.
    """
    import torch

    from vae.evaluation.gradient_estimators import measure_estimators
    from vae.latent.encoding import to_unit

    index: Any = opened.dataset.validation[:NUM_IMAGES]
    x = to_unit(opened.dataset.take(index))
    generator = torch.Generator().manual_seed(0)
    return measure_estimators(opened.model, x, NUM_REPEATS, generator), opened.weights.step


def _draw(measured: list[Estimate], step: int) -> None:
    least = 1 / math.sqrt(NUM_REPEATS)  # what so many draws can tell from nothing
    rows = [
        {
            "Estimator": NAMES[each.name],
            "Variance": powered(each.variance),
            "Signal to noise": f"{each.signal_to_noise:.2g}"
            if each.signal_to_noise > least
            else f"below {least:.2g}",
        }
        for each in measured
    ]
    columns = st.grid(2, min_column_width=330, gap="medium")
    with columns.cell():
        st.table(rows, border="horizontal", hide_index=True)
    with columns.cell():
        st.echarts_chart(
            bars(measured),
            height=150,
            key="model_estimators",
            alt="Variance of one draw of the gradient for each estimator, on a log scale",
        )
    st.markdown(said(measured, step))


def bars(measured: list[Estimate]) -> Spec:
    """The variance of one draw by estimator, lying bars over powers of ten."""
    powers = [math.log10(max(each.variance, 1e-30)) for each in measured]
    return {
        "animation": False,
        "grid": {"left": 4, "right": 24, "top": 8, "bottom": 22, "containLabel": True},
        "tooltip": {"show": False},
        "xAxis": {
            "type": "value",
            "name": "variance of one draw",
            "nameLocation": "middle",
            "nameGap": 26,
            "min": math.floor(min(powers)) - 1,
            "max": math.ceil(max(powers)),
            "minInterval": 1,
            "splitNumber": 4,
            "splitLine": FAINT_LINE,
            "axisLabel": {"formatter": "1e{value}", "hideOverlap": True},
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "axisTick": {"show": False},
            "data": [NAMES[each.name] for each in measured],
        },
        "series": [
            {
                "name": "variance",
                "type": "bar",
                "barMaxWidth": 22,
                "itemStyle": {"borderRadius": [0, 3, 3, 0]},
                "data": [round(power, 3) for power in powers],
            }
        ],
    }


def powered(value: float) -> str:
    """A number as people write it: 0.012, 41, 2.7 · 10¹⁵."""
    if 0.01 <= value < 1000:
        return f"{value:.2g}" if value < 10 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa} · 10{str(int(exponent)).translate(RAISED)}"


def said(measured: list[Estimate], step: int) -> str:
    """What the numbers teach."""
    analytic, sampled, score = measured
    ratio = score.variance / max(analytic.variance, 1e-300)
    near = sampled.variance / max(analytic.variance, 1e-300)
    text = (
        f"Measured at step {step:,}: one sample of the score function has **{powered(ratio)} "
        "times** the variance of the analytic estimator, so it needs that many times more "
        "samples for the same precision. That is why a VAE is trained through its decoder. "
    )
    if 0.8 < near < 1.25:
        text += (
            f"The generic one is about as good as the analytic one ({near:.2f} times its "
            "variance): here most of the noise comes from the reconstruction, and sampling the "
            "KL adds very little. "
        )
    elif near >= 1.25:
        text += f"Sampling the KL instead of computing it gives **{near:.2g} times** the variance. "
    else:
        text += (
            f"The generic one even varies less ({near:.2g} times the variance): near the "
            "optimum the noise of its two logarithms cancels (Roeder et al. 2017). "
        )
    agree = max(sampled.disagreement, score.disagreement)
    return text + (
        f"Their means differ by at most {agree:.1f} standard errors"
        + (": they estimate the same gradient, as theory says." if agree < 3 else ".")
    )
