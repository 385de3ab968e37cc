from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.analysis.families import load_families
from tracediff.errors import UsageError

FAMILIES = load_families()


@pytest.mark.parametrize(
    ("operator", "family"),
    [
        ("aten::conv2d", "conv2d"),
        ("aten::_nnpack_spatial_convolution", "conv2d"),
        ("aten::_slow_conv2d_forward", "conv2d"),
        ("mkldnn::_convolution_pointwise.binary", "conv2d"),
        ("mkldnn::_convolution_transpose_pointwise", "conv_transpose"),
        ("aten::cudnn_convolution_add_relu", "conv2d"),
        ("aten::miopen_depthwise_convolution", "conv2d"),
        ("quantized::conv2d_relu.new", "conv2d"),
        ("onednn::qconv2d_pointwise", "conv2d"),
        ("aten::conv_transpose2d", "conv_transpose"),
        ("aten::addmm", "linear"),
        ("mkl::_mkl_linear", "linear"),
        ("mkldnn::_linear_pointwise", "linear"),
        ("quantized::linear_dynamic", "linear"),
        ("aten::bmm.out", "matmul"),
        ("aten::einsum", "matmul"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "attention"),
        ("aten::mkldnn_rnn_layer", "lstm"),
        ("aten::gru.input", "gru"),
        ("aten::mkldnn_max_pool2d", "pooling"),
        ("aten::native_layer_norm", "normalization"),
        ("aten::cudnn_batch_norm", "normalization"),
        ("aten::relu_", "activation"),
        ("aten::_softmax", "softmax"),
        ("aten::embedding", "embedding"),
        ("aten::add_", "elementwise"),
        ("aten::__and__", "elementwise"),
        ("aten::mean.dim", "reduction"),
        ("aten::copy_", "layout"),
        ("mkldnn::_reorder_convolution_weight", "layout"),
        ("aten::as_strided_", "view"),
        ("aten::empty_strided", "allocation"),
        ("aten::quantize_per_tensor", "quantize"),
        ("torchvision::nms", "detection"),
        ("custom::thing", None),
        ("custom::relu", None),
        ("model_inference", None),
    ],
)
def test_seeds(operator: str, family: str | None) -> None:
    assert FAMILIES.family(operator) == family


@pytest.mark.parametrize(("rank", "family"), [(3, "conv1d"), (4, "conv2d"), (5, "conv3d"), (None, "conv2d")])
def test_a_generic_convolution_has_the_dimension_of_its_input(rank: int | None, family: str) -> None:
    assert FAMILIES.family("aten::mkldnn_convolution", rank) == family


def test_names_of_a_user_win(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[family.mine]\noperators = ["my::*", "relu"]\n[family.conv2d]\noperators = ["my::conv"]\n')
    families = load_families(own)

    assert families.family("my::op") == "mine"
    assert families.family("my::conv") == "conv2d"
    assert families.family("aten::relu_") == "mine"
    assert families.family("aten::conv2d") == "conv2d"


@pytest.mark.parametrize("text", ["[family", "family = 3", "[[by_rank]]\nx = 1", b"\xff\xfe"])
def test_a_broken_file_is_a_usage_error(tmp_path: Path, text: str | bytes) -> None:
    own = tmp_path / "own.toml"
    own.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(UsageError):
        load_families(own)
