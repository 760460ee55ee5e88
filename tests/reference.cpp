// The examples of the operators' doc blocks, compiled and run. Made by scripts/reference.sh.
// clang-format off
#include <xgrad/xgrad.hpp>
#include <xgrad/autograd/check/check_operator.hpp>
#include "catch.hpp"

using namespace xgrad;

namespace {

// What the examples speak of.
const Tensor x = tensor({{0.5, -1.5, 2}, {3, 0.25, -1}});
const Tensor a = tensor({{1.0, 2.0}, {3.0, 4.0}}), b = tensor({{2.0, 1.0}, {1.0, 3.0}});

}  // namespace

TEST_CASE("Example of scaled_dot_product_attention", "[reference]") {
  scaled_dot_product_attention(ones({2, 4, 8}), ones({2, 4, 8}), ones({2, 4, 8}), {.causal = true});
}

TEST_CASE("Example of where_safe", "[reference]") {
  where_safe(x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return 0 * x; }, x);
}

TEST_CASE("Example of conv1d", "[reference]") {
  conv1d(ones({2, 3, 8}), ones({4, 3, 3}), ones({4}), {.stride = 2, .padding = 1});
}

TEST_CASE("Example of conv2d", "[reference]") {
  conv2d(ones({2, 3, 8, 8}), ones({4, 3, 3, 3}), ones({4}), {.padding = Padding::same});
}

TEST_CASE("Example of cumsum", "[reference]") {
  cumsum(x, 0);
}

TEST_CASE("Example of diff", "[reference]") {
  diff(x);
}

TEST_CASE("Example of trapezoid", "[reference]") {
  trapezoid(x, tensor({0., 1., 3.}));
}

TEST_CASE("Example of gradient", "[reference]") {
  Tensor slope = gradient(x, {.spacing = {0.1}})[0];
}

TEST_CASE("Example of diagonal", "[reference]") {
  diagonal(x, {.offset = 1, .axis1 = -2, .axis2 = -1});
}

TEST_CASE("Example of diag_embed", "[reference]") {
  diag_embed(x, {.offset = -1});
}

TEST_CASE("Example of tril_indices", "[reference]") {
  Tensor at = tril_indices(2, 3); x[{at[0], at[1]}];
}

TEST_CASE("Example of embedding", "[reference]") {
  embedding(tensor({2, 0, 1}), ones({3, 4}), {.padding_index = 0});
}

TEST_CASE("Example of index_put", "[reference]") {
  index_put(x, x < 0, 0); index_put(x, {slice(0, 1), -1}, 5);
}

TEST_CASE("Example of index_add", "[reference]") {
  index_add(x, 0, tensor({1, 0, 1}), ones({3, 3}), {.alpha = -0.1});
}

TEST_CASE("Example of interpolate", "[reference]") {
  interpolate(ones({1, 3, 8}), {.scale_factor = 2, .mode = Interpolation::linear});
}

TEST_CASE("Example of logspace", "[reference]") {
  logspace(0, 3, 4); // 1, 10, 100, 1000
}

TEST_CASE("Example of kl_div", "[reference]") {
  kl_div(log_softmax(x), softmax(x), {.reduction = KlDivReduction::batchmean});
}

TEST_CASE("Example of cross_entropy", "[reference]") {
  cross_entropy(x, tensor({2, 0}));
}

TEST_CASE("Example of reshape", "[reference]") {
  reshape(x, {3, -1});
}

TEST_CASE("Example of layer_norm", "[reference]") {
  layer_norm(x, {x.size(-1)});
}

TEST_CASE("Example of pad", "[reference]") {
  pad(x, {1, 1, 1, 1}, {.mode = PadMode::reflect});
}

TEST_CASE("Example of unfold", "[reference]") {
  unfold(reshape(x, {1, 2, 3}), {2, 2}, {.padding = {1}, .stride = {2}});
}

TEST_CASE("Example of meshgrid", "[reference]") {
  auto grid = meshgrid({arange(3), arange(2)}); // grid[0], grid[1]: [3, 2]
}

TEST_CASE("Example of combinations", "[reference]") {
  combinations(x[0], 2, {.with_replacement = true});
}

TEST_CASE("Example of max_pool1d", "[reference]") {
  max_pool1d(x, 2);
}

TEST_CASE("Example of max_pool2d", "[reference]") {
  max_pool2d(ones({2, 3, 8, 8}), 2);
}

TEST_CASE("Example of einsum", "[reference]") {
  einsum("ij,jk->ik", {a, b});
}

TEST_CASE("Example of tensordot", "[reference]") {
  tensordot(a, b, {0, 1}, {1, 0});
}

TEST_CASE("Example of rnn", "[reference]") {
  rnn(ones({5, 2, 3}), {.input = ones({4, 3}), .hidden = ones({4, 4})}).output;
}

TEST_CASE("Example of lstm", "[reference]") {
  lstm(ones({5, 2, 3}), {.input = ones({16, 3}), .hidden = ones({16, 4})}).c;
}

TEST_CASE("Example of gru", "[reference]") {
  gru(ones({5, 2, 3}), {.input = ones({12, 3}), .hidden = ones({12, 4})}).h;
}

TEST_CASE("Example of sum", "[reference]") {
  sum(x);
}

TEST_CASE("Example of max", "[reference]") {
  auto [values, indices] = max(x, 1);
}

TEST_CASE("Example of argmax", "[reference]") {
  argmax(x, {.keepdims = true});
}

TEST_CASE("Example of norm", "[reference]") {
  norm(x);
}

TEST_CASE("Example of roll", "[reference]") {
  roll(x, {1, -1}, {0, 1});
}

TEST_CASE("Example of scatter_reduce", "[reference]") {
  scatter_reduce(x, 0, tensor({{1, 0, 1}}), 1, ScatterReduction::amax, {.include_self = false});
}

TEST_CASE("Example of searchsorted", "[reference]") {
  Tensor places = searchsorted(sort(flatten(x)).values, 0.5);
}

TEST_CASE("Example of cosine_similarity", "[reference]") {
  cosine_similarity(a, b, {.axis = -1});
}

TEST_CASE("Example of softmax", "[reference]") {
  softmax(x);
}

TEST_CASE("Example of softmax, 2", "[reference]") {
  softmax(x, -1, {.dtype = DType::float64});
}

TEST_CASE("Example of sort", "[reference]") {
  auto [values, indices] = sort(x, 0, {.descending = true});
}

TEST_CASE("Example of topk", "[reference]") {
  auto [values, indices] = topk(x, 2);
}

TEST_CASE("Example of unique", "[reference]") {
  Tensor values = unique(x).values;
}

TEST_CASE("Example of quantile", "[reference]") {
  quantile(x, 0.9);
}

TEST_CASE("Example of bincount", "[reference]") {
  bincount(tensor({0, 2, 2}), {.min_length = 10});
}

TEST_CASE("Example of max_unpool1d", "[reference]") {
  max_unpool1d(ones({1, 1, 2}), reshape(tensor({1, 2}), {1, 1, 2}), 2);
}

TEST_CASE("Example of movedim", "[reference]") {
  movedim(x, {0, 1}, {-1, 0});
}

TEST_CASE("Example of broadcast_tensors", "[reference]") {
  auto both = broadcast_tensors({x, tensor({1, 2, 3})}); // both[0], both[1]
}

TEST_CASE("Example of linalg::multi_dot", "[reference]") {
  linalg::multi_dot({a, b, a});
}

TEST_CASE("Example of linalg::solve_triangular", "[reference]") {
  linalg::solve_triangular(tril(b), a, {.upper = false});
}

TEST_CASE("Example of linalg::matrix_norm", "[reference]") {
  linalg::matrix_norm(x, {.ord = "nuc"});
}

TEST_CASE("Example of check_operator", "[reference]") {
  check_operator({.name = "cube",
                  .function = [](const Tensor& x) { return x * x * x; },
                  .reference = [](double x) { return x * x * x; }});
}

TEST_CASE("Example of gradcheck", "[reference]") {
  gradcheck([](const Tensor& x) { return sum(tanh(x)); }, cast(x, DType::float64));
}

TEST_CASE("Example of hvp", "[reference]") {
  auto [gradient, product] = hvp([](const Tensor& x) { return sum(exp(x)); }, x, ones_like(x));
}

TEST_CASE("Example of grad", "[reference]") {
  Tensor w = copy(x).set_requires_grad(), g = grad(sum(w * w), w, {.unused = Unused::zeros}); // 2 w
}

TEST_CASE("Example of nn::check_module", "[reference]") {
  nn::check_module(nn::Dense(3, 2), {x}, {.gradcheck = {.order = 2}});
}

TEST_CASE("Example of nn::check_module, 2", "[reference]") {
  nn::check_module(nn::GRU(3, 4), [](const nn::GRU& gru, const Tensor& x) { return gru(x).output; }, {x});
}

TEST_CASE("What stands for names of NumPy and PyTorch", "[reference]") {
  Tensor y = copy(a);  // to be written to
  CHECK_NOTHROW((void)(cast(x, DType::float64)));
  CHECK_NOTHROW((void)(copy(x)));
  CHECK_NOTHROW((void)(permute(x, {1, 0})));
  CHECK_NOTHROW((void)(x.shape()));
  CHECK_NOTHROW((void)(x.ndim()));
  CHECK_NOTHROW((void)(x.numel()));
  CHECK_NOTHROW((void)(nonzero_tuple(x)));
  CHECK_NOTHROW((void)(permute(unsqueeze(x, 0), {2, 1, 0})));
  CHECK_NOTHROW((void)(index_select(x, 1, tensor({2, 0}))));
  CHECK_NOTHROW((void)(amax(x, 1)));
  CHECK_NOTHROW((void)(amin(x, 1)));
  CHECK_NOTHROW((void)(xgrad::std(x, Axes::all(), {.correction = 0})));
  CHECK_NOTHROW((void)(var(x, Axes::all(), {.correction = 0})));
  CHECK_NOTHROW((void)(quantile(x, 0.5)));
  CHECK_NOTHROW((void)(meshgrid({x[0], x[1]}, GridIndexing::xy)));
  CHECK_NOTHROW((void)(outer(flatten(a), flatten(b))));
  CHECK_NOTHROW((void)(sum(x).item()));
  CHECK_NOTHROW((void)(x.to_vector<float>()));
  CHECK_NOTHROW((void)(sum(x)));
  CHECK_NOTHROW((void)(mean(x)));
  CHECK_NOTHROW((void)(reshape(x, {3, 2})));
  CHECK_NOTHROW((void)(sum(a * b) / sum(a)));
  CHECK_NOTHROW((void)(amax(x) - amin(x)));
  CHECK_NOTHROW((void)(quantile(x, 0.9)));
  CHECK_NOTHROW((void)(cat({flatten(a), flatten(b)})));
  CHECK_NOTHROW((void)(cumsum(flatten(x), 0)));
  CHECK_NOTHROW((void)(matmul(a, b)));
  CHECK_NOTHROW((void)(zeros({2, 3})));
  CHECK_NOTHROW((void)(x[{newaxis, ellipsis}]));
  CHECK_NOTHROW((void)(all(equal(a, b)).item<bool>()));
  CHECK_NOTHROW((void)(where(x > 1, 1., where(x > 0, 0.5, 0.))));
  CHECK_NOTHROW((void)(manual_seed(3)));
  CHECK_NOTHROW((void)(Generator(3)));
  CHECK_NOTHROW((void)(index_select(x, 0, permutation(x.size(0)))));
  CHECK_NOTHROW((void)(copy(x)));
  CHECK_NOTHROW((void)(cast(x, DType::float64)));
  CHECK_NOTHROW((void)(cast(x, b.dtype())));
  CHECK_NOTHROW((void)(transpose(x)));
  CHECK_NOTHROW((void)(t(x)));
  CHECK_NOTHROW((void)(x.shape()));
  CHECK_NOTHROW((void)(x.size(0)));
  CHECK_NOTHROW((void)(x.ndim()));
  CHECK_NOTHROW((void)(x.numel()));
  CHECK_NOTHROW((void)(all(equal(a, b)).item<bool>()));
  CHECK_NOTHROW((void)(sum(x)));
  CHECK_NOTHROW((void)(norm(x, Axes::all(), {.p = 1})));
  CHECK_NOTHROW((void)(full({2}, 3, {.dtype = DType::int64})));
  CHECK_NOTHROW((void)(sum(x).item()));
  CHECK_NOTHROW((void)(x.to_vector<float>()));
  CHECK_NOTHROW((void)(x.data<float>()));
  CHECK_NOTHROW((void)(sum(x)));
  CHECK_NOTHROW((void)(mean(x)));
  CHECK_NOTHROW((void)(view(x, {3, 2})));
  CHECK_NOTHROW((void)(y.assign(y + b)));
  CHECK_NOTHROW((void)(y[0].assign(b[0])));
  CHECK_NOTHROW((void)(x.detach()));
  CHECK_NOTHROW((void)(copy(x).set_requires_grad(true)));
  CHECK_NOTHROW((void)(NoGrad()));
  CHECK_NOTHROW((void)(manual_seed(3)));
  CHECK_NOTHROW((void)(Generator(3)));
  CHECK_NOTHROW((void)(DefaultDtype(DType::float64)));
  CHECK_NOTHROW((void)(zeros({2, 3})));
  CHECK_NOTHROW((void)(from_vector(std::vector<double>{1, 2})));
  CHECK_NOTHROW((void)(from_data(x.data<float>(), {2, 3})));
  CHECK_NOTHROW((void)(linalg::multi_dot({a, b, a})));
  CHECK_NOTHROW((void)(sigmoid(x)));
  CHECK_NOTHROW((void)(linalg::eigh(matmul(a, transpose(a)))));
  CHECK_NOTHROW((void)(nn::Dense(2, 3)));
}
