#include "registry.hpp"

namespace conformance {
namespace {

/// Names under which PyTorch has the same function once more; argument names are those of the first.
const std::pair<const char*, const char*> kAliases[] = {
    {"absolute", "abs"},
    {"negative", "neg"},
    {"fix", "trunc"},
    {"arccos", "acos"},
    {"arcsin", "asin"},
    {"arctan", "atan"},
    {"arccosh", "acosh"},
    {"arcsinh", "asinh"},
    {"arctanh", "atanh"},
    {"arctan2", "atan2"},
    {"clip", "clamp"},
    {"subtract", "sub"},
    {"multiply", "mul"},
    {"divide", "div"},
    {"true_divide", "div"},
    {"greater", "gt"},
    {"greater_equal", "ge"},
    {"less", "lt"},
    {"less_equal", "le"},
    {"not_equal", "ne"},
    {"concat", "cat"},
    {"concatenate", "cat"},
    {"row_stack", "vstack"},
    {"linalg.diagonal", "diagonal"},
    {"matrix_power", "linalg.matrix_power"},
    {"linalg.matrix_exp", "matrix_exp"},
    {"linalg.matmul", "matmul"},
    {"linalg.mv", "mv"},
    {"ger", "outer"},
    {"det", "linalg.det"},
    {"slogdet", "linalg.slogdet"},
    {"inverse", "linalg.inv"},
    {"orgqr", "linalg.householder_product"},
    {"trapz", "trapezoid"},
    {"special.exp2", "exp2"},
    {"special.expm1", "expm1"},
    {"special.log1p", "log1p"},
    {"special.expit", "sigmoid"},
    {"special.round", "round"},
    {"special.logsumexp", "logsumexp"},
    {"special.softmax", "softmax"},
    {"special.log_softmax", "log_softmax"},
    {"erf", "special.erf"},
    {"erfc", "special.erfc"},
    {"erfinv", "special.erfinv"},
    {"lgamma", "special.gammaln"},
    {"digamma", "special.digamma"},
    {"i0", "special.i0"},
    {"sinc", "special.sinc"},
    {"nn.functional.sigmoid", "sigmoid"},
    {"nn.functional.tanh", "tanh"},
};

/// Functions of torch.nn.functional that stand in torch, too.
constexpr const char* kOfTorch[] = {
    "relu",
    "selu",
    "celu",
    "prelu",
    "rrelu",
    "hardshrink",
    "dropout",
    "alpha_dropout",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "layer_norm",
    "group_norm",
    "avg_pool1d",
    "bilinear",
    "conv_transpose2d",
    "conv_transpose3d",
    "pixel_shuffle",
    "pdist",
    "pixel_unshuffle",
    "cosine_similarity",
    "pairwise_distance",
    "adaptive_avg_pool1d",
};

}  // namespace

const Operation& operation_named(const std::string& name) {
  static const Registry kOperations = [] {
    Registry ops;
    for (const auto add : {add_elementwise, add_special, add_reductions, add_ordering, add_shapes, add_indexing,
                           add_products, add_linalg, add_activations, add_layers, add_losses})
      add(ops);
    for (const auto& [alias, own] : kAliases) ops.emplace(alias, ops.at(own));
    for (const std::string own : kOfTorch) ops.emplace(own, ops.at("nn.functional." + own));
    return ops;
  }();
  if (const auto found = kOperations.find(name); found != kOperations.end()) return found->second;
  throw Unsupported("no such operation");
}

}  // namespace conformance
