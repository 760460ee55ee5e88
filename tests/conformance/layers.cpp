// What layers of networks are made of, of torch.nn.functional: normalisation, convolution, pooling and the like.
#include <xgrad/autograd/ops/movement.hpp>
#include <xgrad/autograd/ops/normalization.hpp>
#include <xgrad/autograd/ops/similarity.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;

void add_normalizations(Registry& ops) {
  ops["nn.functional.layer_norm"] = [](Arguments& args) {
    return xgrad::layer_norm(args.tensor(0, "input"), args.shape(1, "normalized_shape"),
                             args.optional_tensor(2, "weight"), args.optional_tensor(3, "bias"),
                             args.number(4, "eps", 1e-5));
  };
  ops["nn.functional.group_norm"] = [](Arguments& args) {
    return xgrad::group_norm(args.tensor(0, "input"), args.integer(1, "num_groups"), args.optional_tensor(2, "weight"),
                             args.optional_tensor(3, "bias"), args.number(4, "eps", 1e-5));
  };
  ops["nn.functional.batch_norm"] = [](Arguments& args) {
    return xgrad::batch_norm(args.tensor(0, "input"), args.optional_tensor(1, "running_mean"),
                             args.optional_tensor(2, "running_var"), args.optional_tensor(3, "weight"),
                             args.optional_tensor(4, "bias"),
                             {.training = args.flag(5, "training", false),
                              .momentum = args.number(6, "momentum", 0.1),
                              .eps = args.number(7, "eps", 1e-5)});
  };
  ops["nn.functional.instance_norm"] = [](Arguments& args) {
    return xgrad::instance_norm(args.tensor(0, "input"), args.optional_tensor(1, "running_mean"),
                                args.optional_tensor(2, "running_var"), args.optional_tensor(3, "weight"),
                                args.optional_tensor(4, "bias"),
                                {.use_input_stats = args.flag(5, "use_input_stats", true),
                                 .momentum = args.number(6, "momentum", 0.1),
                                 .eps = args.number(7, "eps", 1e-5)});
  };
  ops["nn.functional.normalize"] = [](Arguments& args) {
    return xgrad::normalize(args.tensor(0, "input"), {.p = args.number(1, "p", 2),
                                                      .axis = static_cast<int>(args.integer(2, "dim", 1)),
                                                      .eps = args.number(3, "eps", 1e-12)});
  };
}

void add_similarities(Registry& ops) {
  ops["nn.functional.cosine_similarity"] = [](Arguments& args) {
    return xgrad::cosine_similarity(
        args.tensor(0, "x1"), args.tensor(1, "x2"),
        {.axis = static_cast<int>(args.integer(2, "dim", 1)), .eps = args.number(3, "eps", 1e-8)});
  };
  ops["nn.functional.pairwise_distance"] = [](Arguments& args) {
    return xgrad::pairwise_distance(
        args.tensor(0, "x1"), args.tensor(1, "x2"),
        {.p = args.number(2, "p", 2), .eps = args.number(3, "eps", 1e-6), .keepdims = args.flag(4, "keepdim", false)});
  };
  ops["nn.functional.bilinear"] = [](Arguments& args) {
    return xgrad::bilinear(args.tensor(0, "input1"), args.tensor(1, "input2"), args.tensor(2, "weight"),
                           args.optional_tensor(3, "bias"));
  };
}

}  // namespace

void add_layers(Registry& ops) {
  add_normalizations(ops);
  add_similarities(ops);
}

}  // namespace conformance
