// Derivatives of every module: one row for each class of nn/, gradcheck by each parameter and each input.
#include <xgrad/nn/check_module.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "../source_dir.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

/// Seeds that are the same in each run, and differ from row to row.
Generator& inputs() {
  static Generator generator(17);
  return generator;
}

/// Numbers that keep away from 0, where many activations have kinks, and from each other, where pools have ties.
Tensor spread(const Shape& shape) {
  std::int64_t n = shape.numel();
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    values[static_cast<std::size_t>(i)] =
        (i % 2 == 0 ? 1 : -1) * (0.15 + 1.9 * static_cast<double>((i * 7 + 3) % n) / static_cast<double>(n));
  return from_vector(values, shape);
}
Tensor some(const Shape& shape) { return normal(shape, 0, 1, {.dtype = DType::float64}, inputs()); }
Tensor within(const Shape& shape, double low, double high) {
  return uniform(shape, low, high, {.dtype = DType::float64}, inputs());
}
Tensor signs(const Shape& shape) { return cast(2 * cast(some(shape) > 0, DType::int64) - 1, DType::float64); }

using Checks = std::map<std::string, std::function<GradcheckReport()>>;

/// A row: the module, what it is called with, and to which order.
template <class M>
void add(Checks& checks, const std::string& name, const M& module, const std::vector<Tensor>& tensors, int order = 2) {
  checks[name] = [=] { return nn::check_module(module, tensors, {.gradcheck = {.order = order}}); };
}
/// A row of a module in evaluation.
template <class M>
void add_in_evaluation(Checks& checks, const std::string& name, M module, const std::vector<Tensor>& tensors) {
  module.eval();
  add(checks, name, module, tensors);
}

void add_activations(Checks& checks) {
  Tensor x = spread({2, 3, 4});
  add(checks, "Identity", nn::Identity(), {x});
  add(checks, "Sigmoid", nn::Sigmoid(), {x});
  add(checks, "LogSigmoid", nn::LogSigmoid(), {x});
  add(checks, "Tanh", nn::Tanh(), {x});
  add(checks, "ReLU", nn::ReLU(), {x});
  add(checks, "SiLU", nn::SiLU(), {x});
  add(checks, "ReLU6", nn::ReLU6(), {4 * x});
  add(checks, "SELU", nn::SELU(), {x});
  add(checks, "Mish", nn::Mish(), {x});
  add(checks, "Hardsigmoid", nn::Hardsigmoid(), {2 * x});
  add(checks, "Hardswish", nn::Hardswish(), {2 * x});
  add(checks, "Softsign", nn::Softsign(), {x});
  add(checks, "Tanhshrink", nn::Tanhshrink(), {x});
  add(checks, "LeakyReLU", nn::LeakyReLU(0.2), {x});
  add(checks, "ELU", nn::ELU(1.5), {x});
  add(checks, "CELU", nn::CELU(1.5), {x});
  add(checks, "GELU", nn::GELU(), {x});
  add(checks, "GELU(tanh)", nn::GELU(GeluForm::tanh), {x});
  add(checks, "GLU", nn::GLU(2), {x});
  add(checks, "Hardtanh", nn::Hardtanh(-0.9, 1.1), {x});
  add(checks, "Hardshrink", nn::Hardshrink(), {x});
  add(checks, "Softshrink", nn::Softshrink(), {x});
  add(checks, "Threshold", nn::Threshold(0.4, 2), {x});
  add(checks, "RReLU", nn::RReLU(), {x});
  add_in_evaluation(checks, "RReLU(eval)", nn::RReLU(), {x});
  add(checks, "PReLU", nn::PReLU(3), {x});
  add(checks, "Softplus", nn::Softplus(2), {x});
  add(checks, "Softmax", nn::Softmax(1), {x});
  add(checks, "LogSoftmax", nn::LogSoftmax(1), {x});
  add(checks, "Softmin", nn::Softmin(1), {x});
  add(checks, "Softmax2d", nn::Softmax2d(), {x});
  add(checks, "Dropout", nn::Dropout(0.4), {x});
  add(checks, "Dropout1d", nn::Dropout1d(0.4), {x});
  add(checks, "Dropout2d", nn::Dropout2d(0.4), {some({2, 3, 2, 2})});
  add(checks, "Dropout3d", nn::Dropout3d(0.4), {some({2, 3, 2, 2, 1})});
  add(checks, "AlphaDropout", nn::AlphaDropout(0.4), {x});
  add(checks, "FeatureAlphaDropout", nn::FeatureAlphaDropout(0.4), {x});
}

void add_parameters(Checks& checks) {
  add(checks, "Dense", nn::Dense(3, 4), {some({2, 3})});
  add(checks, "Bilinear", nn::Bilinear(3, 2, 4), {some({5, 3}), some({5, 2})});
  add(checks, "Conv1d", nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2}), {some({2, 4, 7})});
  add(checks, "Conv1d(circular)", nn::Conv1d(2, 3, 3, {.padding = 2, .padding_mode = PadMode::circular}),
      {some({2, 2, 5})});
  add(checks, "Conv2d", nn::Conv2d(2, 3, {3, 2}, {.padding = Padding::same}), {some({2, 2, 4, 5})});
  add(checks, "Conv2d(reflect)", nn::Conv2d(2, 3, 3, {.padding = 1, .padding_mode = PadMode::reflect}),
      {some({2, 2, 4, 5})});
  add(checks, "Conv3d", nn::Conv3d(2, 3, 2, {.dilation = 2}), {some({2, 2, 4, 3, 4})});
  add(checks, "ConvTranspose1d", nn::ConvTranspose1d(4, 2, 3, {.stride = 2, .output_padding = 1, .groups = 2}),
      {some({2, 4, 4})});
  add(checks, "ConvTranspose2d", nn::ConvTranspose2d(2, 3, {3, 2}, {.stride = 2, .padding = 1}), {some({2, 2, 3, 3})});
  add(checks, "ConvTranspose3d", nn::ConvTranspose3d(2, 2, 2), {some({1, 2, 2, 3, 2})});
  add(checks, "Embedding", nn::Embedding(5, 3, {.padding_index = 1}), {tensor({{0, 3, 4}, {2, 2, 0}})});
  add(checks, "Embedding(short rows)", nn::Embedding(5, 3, {.max_norm = 100}), {tensor({0, 4, 4})});
  add(checks, "EmbeddingBag", nn::EmbeddingBag(5, 3, {.mode = BagMode::mean}), {tensor({{0, 1, 4}, {2, 2, 0}})});
  add(checks, "EmbeddingBag(offsets)", nn::EmbeddingBag(5, 3, {.mode = BagMode::sum}),
      {tensor({0, 1, 4, 2, 2}), tensor({0, 2}), some({5})});
  add(checks, "WeightNorm", nn::WeightNorm(nn::Conv1d(2, 3, 2)), {some({2, 2, 4})});
  add(checks, "WeightNorm(one length)", nn::WeightNorm(nn::Dense(3, 2), {.axis = {}}), {some({2, 3})});
  add_in_evaluation(checks, "SpectralNorm", nn::SpectralNorm(nn::Dense(3, 2)), {some({2, 3})});
  add_in_evaluation(checks, "SpectralNorm(transposed)", nn::SpectralNorm(nn::ConvTranspose1d(2, 3, 2)),
                    {some({2, 2, 4})});
}

void add_norms(Checks& checks) {
  add(checks, "BatchNorm1d", nn::BatchNorm1d(3), {some({5, 3})});
  add_in_evaluation(checks, "BatchNorm1d(eval)", nn::BatchNorm1d(3), {some({5, 3})});
  add(checks, "BatchNorm2d", nn::BatchNorm2d(2, {.momentum = std::nullopt}), {some({3, 2, 2, 2})});
  add(checks, "BatchNorm3d", nn::BatchNorm3d(2, {.affine = false}), {some({2, 2, 2, 1, 2})});
  add(checks, "InstanceNorm1d", nn::InstanceNorm1d(2, {.affine = true}), {some({2, 2, 4})});
  add(checks, "InstanceNorm2d", nn::InstanceNorm2d(2, {.track_running_stats = true}), {some({2, 2, 2, 3})});
  add(checks, "InstanceNorm3d", nn::InstanceNorm3d(2), {some({2, 2, 2, 2, 1})});
  add(checks, "LayerNorm", nn::LayerNorm(Shape{3, 2}), {some({4, 3, 2})});
  add(checks, "RMSNorm", nn::RMSNorm(4, {.eps = 1e-3}), {some({3, 4})});
  add(checks, "GroupNorm", nn::GroupNorm(2, 4), {some({2, 4, 3})});
  add(checks, "LocalResponseNorm", nn::LocalResponseNorm(3), {some({2, 4, 3})});
}

void add_pools(Checks& checks) {
  Tensor one = spread({2, 2, 7}), two = spread({2, 2, 5, 6}), three = spread({1, 2, 4, 4, 4});
  add(checks, "MaxPool1d", nn::MaxPool1d(3, {.stride = 2, .padding = 1}), {one});
  add(checks, "MaxPool2d", nn::MaxPool2d(2), {two});
  add(checks, "MaxPool3d", nn::MaxPool3d(2), {three});
  add(checks, "MaxUnpool1d", nn::MaxUnpool1d(2), {some({1, 1, 3}), tensor({{{1, 2, 5}}})});
  add(checks, "MaxUnpool2d", nn::MaxUnpool2d(2), {some({1, 1, 1, 2}), tensor({{{{1, 6}}}})});
  add(checks, "MaxUnpool3d", nn::MaxUnpool3d(2), {some({1, 1, 1, 1, 2}), tensor({{{{{1, 6}}}}})});
  add(checks, "AvgPool1d", nn::AvgPool1d(3, {.stride = 2, .padding = 1}), {one});
  add(checks, "AvgPool2d", nn::AvgPool2d(2, {.ceil_mode = true}), {two});
  add(checks, "AvgPool3d", nn::AvgPool3d(2, {.divisor_override = 3}), {three});
  add(checks, "AdaptiveAvgPool1d", nn::AdaptiveAvgPool1d(3), {one});
  add(checks, "AdaptiveAvgPool2d", nn::AdaptiveAvgPool2d({kSameExtent, 2}), {two});
  add(checks, "AdaptiveAvgPool3d", nn::AdaptiveAvgPool3d(3), {three});
  add(checks, "AdaptiveMaxPool1d", nn::AdaptiveMaxPool1d(3), {one});
  add(checks, "AdaptiveMaxPool2d", nn::AdaptiveMaxPool2d({2, 3}), {two});
  add(checks, "AdaptiveMaxPool3d", nn::AdaptiveMaxPool3d(2), {three});
  add(checks, "LPPool1d", nn::LPPool1d(3, 2), {within({2, 2, 6}, 0.3, 2)});
  add(checks, "LPPool2d", nn::LPPool2d(2, 2), {some({2, 2, 4, 4})});
}

void add_shapes(Checks& checks) {
  Tensor one = some({2, 2, 4}), two = some({2, 2, 3, 4}), three = some({1, 2, 3, 3, 3});
  add(checks, "Flatten", nn::Flatten(), {two});
  add(checks, "Unflatten", nn::Unflatten(2, {2, 2}), {one});
  add(checks, "Unfold", nn::Unfold({2, 2}), {two});
  add(checks, "Fold", nn::Fold({3, 3}, {2, 2}), {some({1, 8, 4})});
  add(checks, "ZeroPad1d", nn::ZeroPad1d({1, 2}), {one});
  add(checks, "ZeroPad2d", nn::ZeroPad2d({1, -1, 2, 0}), {two});
  add(checks, "ZeroPad3d", nn::ZeroPad3d(1), {three});
  add(checks, "ConstantPad1d", nn::ConstantPad1d(2, 0.5), {one});
  add(checks, "ConstantPad2d", nn::ConstantPad2d(1, 0.5), {two});
  add(checks, "ConstantPad3d", nn::ConstantPad3d(1, 0.5), {three});
  add(checks, "ReflectionPad1d", nn::ReflectionPad1d({1, 3}), {one});
  add(checks, "ReflectionPad2d", nn::ReflectionPad2d(2), {two});
  add(checks, "ReflectionPad3d", nn::ReflectionPad3d(1), {three});
  add(checks, "ReplicationPad1d", nn::ReplicationPad1d(5), {one});
  add(checks, "ReplicationPad2d", nn::ReplicationPad2d(2), {two});
  add(checks, "ReplicationPad3d", nn::ReplicationPad3d(1), {three});
  add(checks, "CircularPad1d", nn::CircularPad1d(2), {one});
  add(checks, "CircularPad2d", nn::CircularPad2d({1, 2, 3, 0}), {two});
  add(checks, "CircularPad3d", nn::CircularPad3d(1), {three});
  add(checks, "Upsample", nn::Upsample({.scale_factor = 2, .mode = Interpolation::linear}), {one});
  add(checks, "UpsamplingNearest2d", nn::UpsamplingNearest2d({.scale_factor = 2}), {two});
  add(checks, "UpsamplingBilinear2d", nn::UpsamplingBilinear2d({.size = {4, 5}}), {two});
  add(checks, "PixelShuffle", nn::PixelShuffle(2), {some({1, 4, 2, 3})});
  add(checks, "PixelUnshuffle", nn::PixelUnshuffle(2), {some({1, 2, 4, 2})});
  add(checks, "ChannelShuffle", nn::ChannelShuffle(2), {some({1, 4, 3})});
  add(checks, "CosineSimilarity", nn::CosineSimilarity(), {some({3, 4}), some({3, 4})});
  add(checks, "PairwiseDistance", nn::PairwiseDistance(), {some({3, 4}), some({3, 4})});
}

void add_losses(Checks& checks) {
  Tensor x = spread({4, 3}), y = some({4, 3}), p = within({4, 3}, 0.1, 0.9), t = within({4, 3}, 0.1, 0.9);
  Tensor labels = tensor({0, 2, 1, 1});
  add(checks, "MSELoss", nn::MSELoss(), {x, y});
  add(checks, "L1Loss", nn::L1Loss(), {x, x + 0.5});
  add(checks, "HuberLoss", nn::HuberLoss({.delta = 0.3}), {x, y});
  add(checks, "SmoothL1Loss", nn::SmoothL1Loss({.beta = 0.3}), {x, y});
  add(checks, "KLDivLoss", nn::KLDivLoss({.reduction = KlDivReduction::batchmean}), {y, t});
  add(checks, "PoissonNLLLoss", nn::PoissonNLLLoss(), {y, 3 * t});
  add(checks, "GaussianNLLLoss", nn::GaussianNLLLoss(), {x, y, within({4, 3}, 0.5, 2)});
  add(checks, "CrossEntropyLoss", nn::CrossEntropyLoss({.label_smoothing = 0.1}), {x, labels});
  add(checks, "NLLLoss", nn::NLLLoss({.weight = tensor({1., 2., 3.})}), {x, labels});
  add(checks, "BCELoss", nn::BCELoss(), {p, t});
  add(checks, "BCEWithLogitsLoss", nn::BCEWithLogitsLoss(), {x, t});
  add(checks, "MultiLabelSoftMarginLoss", nn::MultiLabelSoftMarginLoss(), {x, t});
  add(checks, "MultiLabelMarginLoss", nn::MultiLabelMarginLoss(),
      {x, tensor({{0, -1, -1}, {2, 1, -1}, {1, 0, -1}, {0, 1, 2}})});
  add(checks, "MultiMarginLoss", nn::MultiMarginLoss({.p = 2}), {x, labels});
  add(checks, "SoftMarginLoss", nn::SoftMarginLoss(), {x, t});
  add(checks, "HingeEmbeddingLoss", nn::HingeEmbeddingLoss({.margin = 0.7}), {y, cast(signs({4, 3}), DType::int64)});
  add(checks, "CosineEmbeddingLoss", nn::CosineEmbeddingLoss({.margin = -0.9}), {x, y, tensor({1, -1, -1, 1})});
  add(checks, "MarginRankingLoss", nn::MarginRankingLoss({.margin = 0.3}), {x, y, signs({4, 3})});
  add(checks, "TripletMarginLoss", nn::TripletMarginLoss({.margin = 3}), {x, y, t});
  add(checks, "TripletMarginWithDistanceLoss", nn::TripletMarginWithDistanceLoss({.margin = 3}), {x, y, t});
  // Its rule has no rule of its own.
  add(checks, "CTCLoss", nn::CTCLoss(),
      {log_softmax(some({6, 2, 4}), 2), tensor({{1, 2, 2}, {3, 1, 0}}), tensor({6, 5}), tensor({3, 2})}, 1);
}

void add_containers(Checks& checks) {
  Tensor x = some({2, 3});
  add(checks, "Sequential", nn::Sequential(nn::Dense(3, 3), nn::Tanh(), nn::BatchNorm1d(3)), {x});
  add(checks, "Residual", nn::Residual(nn::Sequential(nn::Dense(3, 3), nn::Tanh())), {x});
  add(checks, "Lambda", nn::Lambda([](const Tensor& x) { return x * sigmoid(x); }), {x});
  checks["ModuleList"] = [=] {
    nn::ModuleList<nn::Dense> layers{nn::Dense(3, 4), nn::Dense(4, 2)};
    auto run = [](const nn::ModuleList<nn::Dense>& layers, const Tensor& x) { return layers[1](tanh(layers[0](x))); };
    return nn::check_module(layers, run, {x}, {.gradcheck = {.order = 2}});
  };
  checks["ModuleDict"] = [=] {
    nn::ModuleDict<nn::Dense> heads{{"a", nn::Dense(3, 2)}, {"b", nn::Dense(3, 2)}};
    auto run = [](const nn::ModuleDict<nn::Dense>& heads, const Tensor& x) { return heads["a"](x) * heads["b"](x); };
    return nn::check_module(heads, run, {x}, {.gradcheck = {.order = 2}});
  };
}

void add_sequences(Checks& checks) {
  Tensor x = some({3, 2, 4});
  auto add_run = [&](const std::string& name, const auto& module, auto run, const std::vector<Tensor>& tensors) {
    checks[name] = [=] { return nn::check_module(module, run, tensors, {.gradcheck = {.order = 2}}); };
  };
  auto output = [](const auto& layer, const Tensor& x) { return layer(x).output; };
  add_run("RNN", nn::RNN(4, 3, {.num_layers = 2, .dropout = 0.3}), output, {x});
  add_run("LSTM", nn::LSTM(4, 3, {.bidirectional = true, .proj_size = 2}), output, {x});
  add_run("GRU", nn::GRU(4, 3), output, {x});
  add(checks, "RNNCell", nn::RNNCell(4, 3), {some({2, 4}), some({2, 3})});
  add_run("LSTMCell", nn::LSTMCell(4, 3), [](const nn::LSTMCell& cell, const Tensor& x) { return cell(x).c; },
          {some({2, 4})});
  add(checks, "GRUCell", nn::GRUCell(4, 3), {some({2, 4}), some({2, 3})});
  add(checks, "OutputOf", nn::OutputOf(nn::GRU(4, 2)), {x});
  add(checks, "LastOf", nn::LastOf(nn::LSTM(4, 2)), {x});
  add_run("MultiheadAttention", nn::MultiheadAttention(4, 2),
          [](const nn::MultiheadAttention& layer, const Tensor& q, const Tensor& k, const Tensor& v) {
            return layer(q, k, v).output;
          },
          {x, some({5, 2, 4}), some({5, 2, 4})});
  add(checks, "SinusoidalPositions", nn::SinusoidalPositions(4), {x});
  add(checks, "RotaryPositions", nn::RotaryPositions(), {x});
  const nn::TransformerLayerOptions small{
      .dim_feedforward = 5, .dropout = 0.2, .activation = [](const Tensor& x) { return tanh(x); }};
  add(checks, "TransformerEncoderLayer", nn::TransformerEncoderLayer(4, 2, small), {x});
  add(checks, "TransformerDecoderLayer", nn::TransformerDecoderLayer(4, 2, small), {x, some({2, 2, 4})});
  add(checks, "TransformerEncoder", nn::TransformerEncoder(nn::TransformerEncoderLayer(4, 2, small), 1), {x}, 1);
  add(checks, "TransformerDecoder", nn::TransformerDecoder(nn::TransformerDecoderLayer(4, 2, small), 1),
      {x, some({2, 2, 4})}, 1);
  add(checks, "Transformer", nn::Transformer(4, 2, {.num_encoder_layers = 1, .num_decoder_layers = 1, .layer = small}),
      {x, some({2, 2, 4})}, 1);
}

Checks all_checks() {
  manual_seed(3);
  const DefaultDtype in_double(DType::float64);
  Checks checks;
  for (auto add :
       {add_activations, add_parameters, add_norms, add_pools, add_shapes, add_losses, add_containers, add_sequences})
    add(checks);
  return checks;
}

/// Classes that other files check: each is named there.
const std::map<std::string, std::string> kElsewhere = {
    {"TransformerStack", "holds the layers of TransformerEncoder and TransformerDecoder"}};

/// The classes of nn/ that derive from something and are final: all modules are.
std::set<std::string> classes_of_nn() {
  namespace fs = std::filesystem;
  const std::regex kClass(R"((?:class|struct) (\w+) final\s*:)");
  std::set<std::string> names;
  for (auto& file : fs::recursive_directory_iterator(fs::path(xgrad::testing::source_dir()) / "nn")) {
    if (file.path().extension() != ".hpp" || file.path().string().find("/detail/") != std::string::npos) continue;
    std::ifstream in(file.path());
    std::ostringstream text;
    text << in.rdbuf();
    const std::string all = text.str();
    for (std::sregex_iterator found(all.begin(), all.end(), kClass), end; found != end; ++found)
      names.insert((*found)[1]);
  }
  return names;
}

}  // namespace

TEST_CASE("Every module has right derivatives by its parameters and inputs", "[nn][check_module]") {
  for (const auto& [name, check] : all_checks()) {
    INFO(name);
    GradcheckReport report;
    CHECK_NOTHROW(report = check());
    CHECK(report.evaluations > 0);
    CHECK(report.kinks.size() < 3);
  }
}

TEST_CASE("Every class of nn/ has a row in this table", "[nn][check_module]") {
  std::set<std::string> rows;
  for (const auto& [name, check] : all_checks()) rows.insert(name.substr(0, name.find('(')));
  const std::set<std::string> classes = classes_of_nn();
  CHECK(classes.size() > 100);
  for (const std::string& name : classes) {
    INFO(name << ": add a row to tests/nn/check_module.cpp");
    CHECK((rows.count(name) == 1 || kElsewhere.count(name) == 1));
  }
  for (const std::string& name : rows) {
    INFO(name << " is gone");
    CHECK(classes.count(name) == 1);
  }
}

// ---- What it finds, and leaves alone ----

namespace {

/// A layer whose gradient by its parameter is cut off.
struct CutOff : nn::Module {
  nn::Parameter weight = param("weight", ones({3}));
  Tensor operator()(const Tensor& x) const { return x * weight.detach(); }
};

/// A layer that is another function at each call, unless its buffer is put back.
struct CountsCalls : nn::Module {
  nn::Buffer calls = buffer("calls", zeros({}));
  Tensor operator()(const Tensor& x) const {
    Tensor(calls).assign(calls + 1);
    return x * (calls + 0).detach();
  }
};

}  // namespace

TEST_CASE("check_module finds a parameter whose gradient is missing, by its name", "[nn][check_module]") {
  CHECK_THROWS_WITH(nn::check_module(CutOff(), {ones({3})}), Contains("weight"));
}

TEST_CASE("check_module puts buffers and generators back before each evaluation", "[nn][check_module]") {
  CHECK(nn::check_module(CountsCalls(), {ones({3})}, {.gradcheck = {.order = 2}}).passed());
  Generator generator(4);
  nn::Dropout dropout(0.5, {.generator = &generator});
  CHECK(nn::check_module(dropout, {ones({20})}, {.generators = {&generator}}).passed());
  CHECK_THROWS(nn::check_module(dropout, {ones({20})}));  // draws anew each time, and so is no function
}

TEST_CASE("check_module leaves the model, its dtype, its inputs and the generators as they are", "[nn][check_module]") {
  nn::Sequential model(nn::Dense(3, 3), nn::BatchNorm1d(3), nn::Dropout(0.3));
  std::vector<double> before;
  for (const auto& [name, tensor] : model.state())
    for (double value : tensor.to_vector()) before.push_back(value);
  Tensor x = normal({4, 3});
  Generator drawn = default_generator();
  CHECK(nn::check_module(model, {x}).passed());
  CHECK(default_generator().advance(0) == drawn.advance(0));
  std::vector<double> after;
  for (const auto& [name, tensor] : model.state())
    for (double value : tensor.to_vector()) after.push_back(value);
  CHECK(before == after);
  CHECK(model.parameters()[0].dtype() == DType::float32);
  CHECK_FALSE(x.requires_grad());
  CHECK(x.dtype() == DType::float32);
}

TEST_CASE("check_module refuses undefined inputs and another number of them", "[nn][check_module]") {
  CHECK_THROWS_WITH(nn::check_module(nn::ReLU(), {Tensor()}), Contains("input 0 must be a tensor"));
  CHECK_THROWS_AS(nn::check_module(nn::ReLU(), {ones({2}), ones({2})}), std::invalid_argument);
}

TEST_CASE("check_module passes over frozen parameters", "[nn][check_module]") {
  CutOff layer;
  nn::freeze(layer);
  CHECK(nn::check_module(layer, {ones({3})}).passed());
}
