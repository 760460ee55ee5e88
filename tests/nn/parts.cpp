// Layers with parameters and buffers: what conformance does not reach. Built on given tensors, refused, changing their
// state.
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::at;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

std::vector<double> numbers(const Tensor& x) { return x.to_vector<double>(); }
bool same(const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = 0, .atol = 0}); }

}  // namespace

// ---- On given tensors ----

TEST_CASE("Layers are built on given tensors, and hold these very ones", "[nn][given]") {
  Tensor weight = normal({4, 3}, 0, 1, kDouble), bias = normal({4}, 0, 1, kDouble);
  nn::Dense dense(weight, bias);
  CHECK(dense.weight().is_same(weight));
  CHECK(dense.bias().is_same(bias));
  CHECK(dense.in() == 3);
  CHECK(weight.requires_grad());
  CHECK_FALSE(nn::Dense(weight).bias().defined());

  Tensor kernel = normal({6, 2, 3});
  nn::Conv1d conv(kernel, {}, {.padding = 1, .groups = 2});
  CHECK(conv.in_channels() == 4);
  CHECK(conv.out_channels() == 6);
  CHECK(same(conv(ones({1, 4, 5})), conv1d(ones({1, 4, 5}), kernel, {}, {.padding = 1, .groups = 2})));
  nn::ConvTranspose2d back(normal({4, 3, 2, 2}), zeros({6}), {.groups = 2});
  CHECK(back.in_channels() == 4);
  CHECK(back.out_channels() == 6);
  CHECK(nn::Embedding(normal({5, 2})).features() == 2);
  CHECK(nn::EmbeddingBag(normal({5, 2}))(tensor({{1, 2}})).shape() == Shape{1, 2});
  CHECK(nn::Bilinear(normal({4, 2, 3}))(ones({5, 2}), ones({5, 3})).shape() == Shape{5, 4});
  Tensor slopes = full({3}, 0.5);
  CHECK(nn::PReLU(3, {.weight_init = nn::init::given(slopes)}).weight().is_same(slopes));
}

TEST_CASE("Given tensors of another shape or dtype are refused", "[nn][given]") {
  auto call = [] { nn::Dense(zeros({4, 3}), zeros({3})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Dense: bias_init must give float32 [4], but it gave float32 [3]." + at("parts.cpp", line));
  CHECK_THROWS_WITH(nn::Conv2d(zeros({4, 3, 3})),
                    Contains("Conv2d: weight must be [out, in / groups, kernel, kernel]"));
  CHECK_THROWS_WITH(nn::Conv1d(zeros({4, 3, 0})), Contains("kernel must be at least 1"));
  CHECK_THROWS_WITH(nn::Embedding(Tensor()), Contains("weight must be a tensor, but it is undefined"));
  CHECK_THROWS_AS(nn::Dense(tensor({{1, 2}})), std::invalid_argument);
  CHECK_THROWS_AS(nn::init::given(Tensor()), std::invalid_argument);
}

// ---- Convolutions ----

TEST_CASE("Convolutions refuse sizes that cannot be, with the numbers", "[nn][convolution]") {
  auto call = [] { nn::Conv2d(3, 4, 3, {.groups = 2}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Conv2d: in_channels must be a multiple of groups, but they are 3 and 2." + at("parts.cpp", line));
  CHECK_THROWS_WITH(nn::Conv2d(4, 3, 3, {.groups = 2}), Contains("out_channels must be a multiple of groups"));
  CHECK_THROWS_WITH(nn::Conv2d(1, 1, {3, 3, 3}), Contains("kernel must be one number, or 2"));
  CHECK_THROWS_WITH(nn::Conv2d(0, 1, 3), Contains("at least one channel"));
  CHECK_THROWS_WITH(nn::Conv1d(1, 1, 3, {.stride = 0}), Contains("stride must be at least 1"));
  CHECK_THROWS_WITH(nn::Conv1d(1, 1, 3, {.padding = -1}), Contains("padding must be at least 0"));
  CHECK_THROWS_WITH(nn::Conv1d(1, 1, 3, {.stride = 2, .padding = Padding::same}), Contains("a stride of 1"));
  CHECK_THROWS_WITH(nn::ConvTranspose1d(1, 1, 3, {.dilation = 0}), Contains("dilation must be at least 1"));
  nn::Conv1d layer(2, 3, 3);
  auto run = [&] { layer(ones({1, 4, 5})); };
  line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(run) ==
        "Conv1d: x must have 2 channels in axis 1, but it is [1, 4, 5]." + at("parts.cpp", line));
  CHECK_THROWS_WITH(layer(ones({2})), Contains("x must have 3 axes, or 2 for one sample"));
  CHECK_THROWS_AS(layer(ones({1, 2, 2})), std::invalid_argument);
}

TEST_CASE("A convolution's border may be x itself", "[nn][convolution]") {
  Tensor x = tensor({{{1., 2., 3., 4.}}});
  auto padded = [&](PadMode mode) {
    nn::Conv1d layer(ones({1, 1, 3}), {}, {.padding = 1, .padding_mode = mode});
    return numbers(layer(x));
  };
  CHECK(padded(PadMode::constant) == std::vector<double>{3, 6, 9, 7});
  CHECK(padded(PadMode::circular) == std::vector<double>{7, 6, 9, 8});
  CHECK(padded(PadMode::reflect) == std::vector<double>{5, 6, 9, 10});
  CHECK(padded(PadMode::replicate) == std::vector<double>{4, 6, 9, 11});
  // One more behind than before.
  nn::Conv1d even(ones({1, 1, 2}), {}, {.padding = Padding::same, .padding_mode = PadMode::replicate});
  CHECK(numbers(even(x)) == std::vector<double>{3, 5, 7, 8});
}

TEST_CASE("A transposed convolution makes what size is asked for", "[nn][convolution]") {
  nn::ConvTranspose1d layer(1, 1, 3, {.stride = 3});
  Tensor x = ones({2, 1, 4});
  CHECK(layer(x).size(2) == 12);
  CHECK(layer(x, Shape{14}).size(2) == 14);
  CHECK(layer(x, Shape{2, 1, 13}).size(2) == 13);
  CHECK(same(layer(x, Shape{14})[{ellipsis, slice(0, 12)}], layer(x)));
  auto call = [&] { layer(x, Shape{15}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "ConvTranspose1d: output_size along axis 0 of the windows must be in [12, 15), but it is 15." +
            at("parts.cpp", line));
  CHECK_THROWS_AS(layer(x, Shape{1, 2}), std::invalid_argument);
}

// ---- Normalisation ----

TEST_CASE("BatchNorm without a momentum keeps the mean over all batches", "[nn][normalization]") {
  nn::BatchNorm1d layer(1, {.momentum = std::nullopt, .dtype = DType::float64});
  for (double level : {1., 3., 8.}) layer(tensor({{level}, {level + 2}}, kDouble));
  CHECK(layer.running_mean().item() == Approx((2 + 4 + 9) / 3.));
  CHECK(layer.running_var().item() == Approx(2));
  CHECK(layer.num_batches_tracked().item<int>() == 3);
  layer.eval();
  layer(tensor({{7.}}, kDouble));
  CHECK(layer.num_batches_tracked().item<int>() == 3);
}

TEST_CASE("A refused call of BatchNorm changes nothing", "[nn][normalization]") {
  nn::BatchNorm1d layer(2);
  auto call = [&] { layer(ones({1, 2})); };
  CHECK_THROWS_AS(call(), std::invalid_argument);  // one value a channel
  CHECK_THROWS_WITH(layer(ones({4, 3})), Contains("BatchNorm1d: x must have 2 channels in axis 1, but it is [4, 3]"));
  CHECK_THROWS_WITH(layer(ones({4})), Contains("x must have 2 or 3 axes"));
  CHECK_THROWS_WITH(nn::BatchNorm2d(2)(ones({4, 2})), Contains("x must have 4 axes"));
  CHECK(layer.num_batches_tracked().item<int>() == 0);
  CHECK(numbers(layer.running_mean()) == std::vector<double>{0, 0});
  CHECK_THROWS_WITH(nn::BatchNorm1d(-1), Contains("features must be at least 0"));
  CHECK_THROWS_WITH(nn::BatchNorm1d(1, {.eps = -1}), Contains("eps must be at least 0"));
}

TEST_CASE("BatchNorm without running statistics takes the batch's in evaluation as well", "[nn][normalization]") {
  nn::BatchNorm1d layer(3, {.track_running_stats = false});
  CHECK(layer.buffers().empty());
  Tensor x = normal({5, 3});
  Tensor training = layer(x);
  layer.eval();
  CHECK(same(layer(x), training));
}

TEST_CASE("Norms that keep nothing of their channels take any number of them", "[nn][normalization]") {
  const Tensor x = normal({2, 6, 4});
  CHECK(same(nn::InstanceNorm1d(3)(x), nn::InstanceNorm1d(6)(x)));
  CHECK(same(nn::BatchNorm1d(3, {.affine = false, .track_running_stats = false})(x),
             nn::BatchNorm1d(6, {.affine = false, .track_running_stats = false})(x)));
  CHECK(same(nn::GroupNorm(2, 4, {.affine = false})(x), nn::GroupNorm(2, 6, {.affine = false})(x)));
  CHECK_THROWS_AS(nn::BatchNorm1d(3, {.affine = false})(x), std::invalid_argument);
  CHECK_THROWS_AS(nn::BatchNorm1d(3, {.track_running_stats = false})(x), std::invalid_argument);
  CHECK_THROWS_AS(nn::GroupNorm(2, 4)(x), std::invalid_argument);
}

TEST_CASE("InstanceNorm of one sample is that of a batch of one", "[nn][normalization]") {
  nn::InstanceNorm2d layer(3, {.affine = true, .track_running_stats = true});
  Tensor x = normal({3, 4, 5});
  Tensor one = layer(x);
  CHECK(one.shape() == x.shape());
  CHECK(same(one, layer(unsqueeze(x, 0))[0]));
  CHECK(layer.num_batches_tracked().item<int>() == 0);  // as PyTorch's, which counts none
}

TEST_CASE("InstanceNorm keeps no running statistics without a momentum", "[nn][normalization]") {
  auto call = [] { nn::InstanceNorm1d(2, {.momentum = std::nullopt, .track_running_stats = true}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "InstanceNorm1d: with track_running_stats momentum must be a number, as the mean of all batches is BatchNorm's "
        "alone, but it is nullopt." +
            at("parts.cpp", line));
  CHECK_NOTHROW(nn::InstanceNorm2d(2, {.momentum = std::nullopt}));  // there it says nothing
}

TEST_CASE("Evaluation hands a gradient on by element, beside what leaves the range", "[nn][normalization]") {
  const TensorOptions options{.dtype = DType::float32};
  nn::BatchNorm2d images(1, {.dtype = DType::float32});
  nn::InstanceNorm1d rows(1, {.affine = false, .track_running_stats = true, .dtype = DType::float32});
  images.eval();
  rows.eval();
  Tensor x = full({1, 1, 2, 2}, 1e20, options).set_requires_grad();
  sum(images(x) * 1e20).backward();
  CHECK(allclose(x.grad(), full({1, 1, 2, 2}, 1e20, options), {.rtol = 1e-4}));
  Tensor sequence = full({1, 1, 4}, 1e20, options).set_requires_grad();
  sum(rows(sequence) * 1e20).backward();
  CHECK(allclose(sequence.grad(), full({1, 1, 4}, 1e20, options), {.rtol = 1e-4}));
}

TEST_CASE("LayerNorm and RMSNorm may have no bias, no weight, or one axis by its extent", "[nn][normalization]") {
  CHECK(nn::LayerNorm(4, {.bias = false}).parameters().size() == 1);
  CHECK(nn::LayerNorm(4, {.elementwise_affine = false}).parameters().empty());
  CHECK(nn::RMSNorm(4, {.elementwise_affine = false}).parameters().empty());
  CHECK_THROWS_AS(nn::LayerNorm(Shape{}), std::invalid_argument);
  CHECK_THROWS_AS(nn::LayerNorm(4)(ones({3})), std::invalid_argument);
  CHECK_THROWS_WITH(nn::GroupNorm(2, 3), Contains("channels must be a multiple of groups, but they are 3 and 2"));
}

// ---- Embedding ----

TEST_CASE("Embedding starts its padding row at 0, and shortens rows that it looks up", "[nn][embedding]") {
  nn::Embedding padded(4, 3, {.padding_index = -1});
  CHECK(numbers(padded.weight()[3]) == std::vector<double>(3, 0));
  nn::Embedding layer(tensor({{3., 4.}, {30., 40.}, {0.3, 0.4}}, kDouble), {.max_norm = 1});
  Tensor y = layer(tensor({2, 0, 0}));
  CHECK(allclose(y, tensor({{0.3, 0.4}, {0.6, 0.8}, {0.6, 0.8}}, kDouble), {.rtol = 1e-7}));
  CHECK(allclose(layer.weight(), tensor({{0.6, 0.8}, {30., 40.}, {0.3, 0.4}}, kDouble), {.rtol = 1e-7}));
  CHECK_NOTHROW(sum(y).backward());
  CHECK(numbers(layer.weight().grad()) == std::vector<double>{2, 2, 0, 0, 1, 1});
  CHECK_THROWS_AS(layer(tensor({3})), std::out_of_range);
  CHECK_THROWS_AS(nn::Embedding(4, 3, {.padding_index = 4}), std::out_of_range);
  CHECK_THROWS_AS(nn::Embedding(4, 3, {.max_norm = -1}), std::invalid_argument);
  CHECK(nn::Embedding(3, 0, {.max_norm = 1})(tensor({1})).shape() == Shape{1, 0});
}

TEST_CASE("a lookup that throws shortens no row", "[nn][embedding]") {
  nn::EmbeddingBag layer(tensor({{3., 4.}, {30., 40.}}, kDouble), {.max_norm = 1});
  CHECK_THROWS_AS(layer(tensor({0, 1}), tensor({1})), std::out_of_range);
  CHECK_THROWS_AS(layer(tensor({0, 1}), tensor({0}), ones({3}, kDouble)), std::invalid_argument);
  CHECK(numbers(layer.weight()) == std::vector<double>{3, 4, 30, 40});
  CHECK_NOTHROW(layer(tensor({0, 1}), tensor({0})));
  CHECK(allclose(layer.weight(), tensor({{0.6, 0.8}, {0.6, 0.8}}, kDouble), {.rtol = 1e-6}));
}

TEST_CASE("layers take an integer with all its digits", "[nn]") {
  const std::int64_t large = 9007199254740993;  // 2^53 + 1
  const TensorOptions integers{.dtype = DType::int64};
  const auto only = [](const Tensor& x) { return x.item<std::int64_t>(); };
  CHECK(only(nn::Hardtanh(-large, large)(full({}, large + 2, integers))) == large);
  CHECK(only(nn::Threshold(0, large)(full({}, -1, integers))) == large);
  CHECK(nn::ConstantPad1d({1, 0}, large)(full({1}, 0, integers)).to_vector<std::int64_t>()[0] == large);
}

// ---- Functions as layers ----

TEST_CASE("Dropout of channels drops all of a channel, of one sample too", "[nn][dropout]") {
  Generator generator(3);
  nn::Dropout1d one(0.5, {.generator = &generator});
  Tensor y = one(ones({64, 5}));
  for (std::int64_t channel = 0; channel < 64; ++channel) {
    double first = y[{channel, 0}].item();
    CHECK((first == 0 || first == 2));
    CHECK(numbers(y[channel]) == std::vector<double>(5, first));
  }
  nn::Dropout3d three(0.5, {.generator = &generator});
  CHECK(three(ones({4, 2, 2, 2})).shape() == Shape{4, 2, 2, 2});
  CHECK_THROWS_AS(nn::Dropout3d()(ones({2, 3})), std::invalid_argument);
  CHECK_THROWS_AS(nn::Dropout2d(1.5), std::invalid_argument);
  for (Tensor x : {ones({2, 3, 4})}) {
    nn::AlphaDropout alpha;
    alpha.eval();
    CHECK(alpha(x).is_same(x));
  }
}

TEST_CASE("Pooling and unpooling go together", "[nn][pooling]") {
  Tensor x = normal({2, 3, 6, 6});
  nn::MaxPool2d pool(2);
  auto [values, indices] = pool.with_indices(x);
  Tensor back = nn::MaxUnpool2d(2)(values, indices);
  CHECK(back.shape() == x.shape());
  CHECK(same(pool(relu(back) - relu(-back)), where(values > 0, values, 0)));
  CHECK(same(gather(flatten(back, 2), 2, flatten(indices, 2)), flatten(values, 2)));
}

TEST_CASE("Borders want one width, or two for each axis", "[nn][padding]") {
  CHECK(nn::ZeroPad2d(1)(ones({1, 1, 2, 3})).shape() == Shape{1, 1, 4, 5});
  CHECK_THROWS_WITH(nn::ReflectionPad2d({1, 2}), Contains("ReflectionPad2d: there must be one width, or 4"));
  CHECK_THROWS_WITH(nn::ReplicationPad1d(1)(ones({3})), Contains("x must have 2 axes, or one more"));
}

TEST_CASE("Losses of three and four tensors are modules too", "[nn][loss]") {
  Tensor a = normal({3, 4}), b = normal({3, 4}), c = normal({3, 4});
  CHECK(same(nn::TripletMarginLoss({.swap = true})(a, b, c), triplet_margin_loss(a, b, c, {.swap = true})));
  CHECK(same(nn::TripletMarginWithDistanceLoss()(a, b, c), triplet_margin_loss(a, b, c)));
  Tensor log_p = log_softmax(normal({5, 2, 4}), 2), targets = tensor({{1, 2}, {3, 3}});
  CHECK(same(nn::CTCLoss()(log_p, targets, tensor({5, 5}), tensor({2, 2})),
             ctc_loss(log_p, targets, tensor({5, 5}), tensor({2, 2}))));
}
