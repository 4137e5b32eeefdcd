"""What can be chosen by a word: a type for each choice, and its words in the order of the lists."""

from __future__ import annotations

from typing import Literal, get_args

Cropping = Literal["centre", "fit", "stretch"]  # how a picture becomes a square
CROPPINGS: tuple[Cropping, ...] = get_args(Cropping)
Background = Literal["auto", "white", "black", "mean"]  # behind transparent pixels
BACKGROUNDS: tuple[Background, ...] = get_args(Background)

YesNo = Literal["yes", "no"]
YES_NO: tuple[YesNo, ...] = get_args(YesNo)

Network = Literal["residual", "conv", "mlp"]
NETWORKS: tuple[Network, ...] = get_args(Network)
NETWORK_LABELS: dict[Network, str] = {
    "residual": "residual",
    "conv": "conv: five layers, as in tutorials",
    "mlp": "one hidden layer",
}
LikelihoodName = Literal["bernoulli", "gaussian", "gaussian_bands", "gaussian_per_pixel", "laplace"]
LIKELIHOODS: tuple[LikelihoodName, ...] = get_args(LikelihoodName)
ObjectiveName = Literal["elbo", "importance_weighted", "beta_tc", "autoencoder"]
OBJECTIVES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)
Estimator = Literal["analytic", "sampled"]  # of the KL
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
Optimizer = Literal["muon", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
LrSchedule = Literal["cooldown", "constant", "cosine"]
LR_SCHEDULES: tuple[LrSchedule, ...] = get_args(LrSchedule)
Device = Literal["cuda", "mps", "cpu"]
DEVICES: tuple[Device, ...] = get_args(Device)
Precision = Literal["float32", "bfloat16"]  # of the networks; all else is float32
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Split = Literal["validation", "train"]
SPLITS: tuple[Split, ...] = get_args(Split)
Prior = Literal["normal", "flow"]  # what samples come from once a model is trained
PRIORS: tuple[Prior, ...] = get_args(Prior)
Sampler = Literal[Prior, "mixture"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
Curve = Literal["lerp", "slerp"]  # from one point of the latent space to another
CURVES: tuple[Curve, ...] = get_args(Curve)
PathKind = Literal[Curve, "dense"]
PATH_KINDS: tuple[PathKind, ...] = get_args(PathKind)
MapMethod = Literal["pca", "umap"]
MAP_METHODS: tuple[MapMethod, ...] = get_args(MapMethod)
ExportFormat = Literal["onnx", "safetensors"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

Request = Literal["pause", "stop"]  # to a living trainer
REQUESTS: tuple[Request, ...] = get_args(Request)
EndStatus = Literal["paused", "stopped", "finished", "failed"]  # that a trainer writes
END_STATUSES: tuple[EndStatus, ...] = get_args(EndStatus)
Status = Literal["new", "starting", "running", "interrupted"] | EndStatus
