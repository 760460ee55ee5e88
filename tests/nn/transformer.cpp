#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/default_dtype.hpp>
#include <xgrad/nn/nn.hpp>
#include "../support.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using testing::is_close;
using testing::message_of;

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// All that is built in a test is float64.
struct InDouble {
  DefaultDtype dtype{DType::float64};
  Generator generator{11};

  Tensor random(const Shape& shape) { return uniform(shape, -1, 1, {.dtype = DType::float64}, generator); }
};

/// Other values than those that parameters start with: norms and biases are not 1 and 0.
template <class M>
M shaken(M module, InDouble& d) {
  for (Tensor& parameter : module.parameters()) parameter.assign(parameter + 0.3 * d.random(parameter.shape()));
  return module;
}

Tensor parameter(const nn::Module& module, const std::string& name) {
  for (const auto& [own, tensor] : module.named_parameters())
    if (own == name) return tensor;
  FAIL("no " << name);
  return {};
}

/// Multi-head attention of one sequence, in loops over heads.
Tensor plain_attention(const nn::MultiheadAttention& layer, const Tensor& q, const Tensor& k, const Tensor& v,
                       const Tensor& added) {
  const std::int64_t e = layer.embed_dim(), heads = layer.num_heads(), size = e / heads;
  const Tensor weight = parameter(layer, "in_proj_weight"), bias = parameter(layer, "in_proj_bias");
  auto part = [&](const Tensor& x, std::int64_t at) {
    return matmul(x, transpose(weight[slice(at * e, (at + 1) * e)])) + bias[slice(at * e, (at + 1) * e)];
  };
  const Tensor pq = part(q, 0), pk = part(k, 1), pv = part(v, 2);
  std::vector<Tensor> outputs;
  for (std::int64_t h = 0; h < heads; ++h) {
    auto own = [&](const Tensor& x) { return x[{ellipsis, slice(h * size, (h + 1) * size)}]; };
    Tensor scores = exp(matmul(own(pq), transpose(own(pk))) / std::sqrt(static_cast<double>(size)) + added);
    outputs.push_back(matmul(scores / sum(scores, -1, {.keepdims = true}), own(pv)));
  }
  return matmul(cat(outputs, -1), transpose(parameter(layer, "out_proj.weight"))) + parameter(layer, "out_proj.bias");
}

}  // namespace

// ---- MultiheadAttention ----

TEST_CASE("MultiheadAttention is its formula", "[nn][attention]") {
  InDouble d;
  const nn::MultiheadAttention layer = shaken(nn::MultiheadAttention(6, 3, {.batch_first = true}), d);
  const Tensor q = d.random({2, 4, 6}), k = d.random({2, 5, 6}), v = d.random({2, 5, 6});
  const nn::AttentionOutput result = layer(q, k, v);
  const Tensor none = zeros({4, 5});
  for (int n : {0, 1}) CHECK(is_close(result.output[n], plain_attention(layer, q[n], k[n], v[n], none)));
  CHECK(result.weights.shape() == Shape{2, 4, 5});
  CHECK(is_close(sum(result.weights, -1), ones({2, 4})));
  CHECK(layer(q, k, v, {.average_attn_weights = false}).weights.shape() == Shape{2, 3, 4, 5});
  const nn::AttentionOutput quick = layer(q, k, v, {.need_weights = false});
  CHECK_FALSE(quick.weights.defined());
  CHECK(is_close(quick.output, result.output));
  // One tensor for two or all three takes other ways to the same.
  for (int n : {0, 1}) {
    CHECK(is_close(layer(q, k, k).output[n], plain_attention(layer, q[n], k[n], k[n], none)));
    CHECK(is_close(layer(q, q, q).output[n], plain_attention(layer, q[n], q[n], q[n], zeros({4, 4}))));
  }
  nn::MultiheadAttention turned(6, 3);
  turned.copy_parameters_from(layer);
  CHECK(is_close(turned(transpose(q, 0, 1), transpose(k, 0, 1), transpose(v, 0, 1)).output,
                 transpose(result.output, 0, 1)));
  CHECK(is_close(turned(q[0], k[0], v[0]).output, result.output[0]));
  CHECK(is_close(turned(q[0], k[0], v[0]).weights, result.weights[0]));
}

TEST_CASE("MultiheadAttention's masks are PyTorch's: true is masked out", "[nn][attention]") {
  InDouble d;
  const nn::MultiheadAttention layer = shaken(nn::MultiheadAttention(4, 2, {.batch_first = true}), d);
  const Tensor x = d.random({2, 3, 4});
  const Tensor later = tensor({{false, true, true}, {false, false, true}, {false, false, false}});
  const Tensor added = where(later, kNever, zeros({3, 3}));
  const Tensor expected =
      stack({plain_attention(layer, x[0], x[0], x[0], added), plain_attention(layer, x[1], x[1], x[1], added)});
  CHECK(is_close(layer(x, x, x, {.attn_mask = later}).output, expected));
  CHECK(is_close(layer(x, x, x, {.attn_mask = added, .need_weights = false}).output, expected));
  CHECK(is_close(layer(x, x, x, {.causal = true}).output, expected));
  CHECK(is_close(layer(x, x, x, {.causal = true, .need_weights = false}).output, expected));
  CHECK(is_close(layer(x, x, x, {.attn_mask = expand(later, {4, 3, 3}), .need_weights = false}).output, expected));

  // Padding: as if the keys were not there. A mask of each kind, and both at once.
  const Tensor padding = tensor({{false, false, true}, {false, false, false}});
  const Tensor alone = layer(x[{slice(0, 1)}], x[{slice(0, 1), slice(0, 2)}], x[{slice(0, 1), slice(0, 2)}]).output;
  const Tensor added_padding = where(padding, kNever, zeros({2, 3}));
  for (bool weights : {false, true}) {
    const Tensor padded = layer(x, x, x, {.key_padding_mask = padding, .need_weights = weights}).output;
    CHECK(is_close(padded[0], alone[0]));
    CHECK(is_close(padded[1], layer(x, x, x).output[1]));
    CHECK(is_close(layer(x, x, x, {.key_padding_mask = added_padding, .need_weights = weights}).output, padded));
    const Tensor both =
        layer(x, x, x, {.key_padding_mask = padding, .attn_mask = later, .need_weights = weights}).output;
    CHECK(is_close(layer(x, x, x, {.key_padding_mask = padding, .attn_mask = added, .need_weights = weights}).output,
                   both));
    CHECK(is_close(layer(x, x, x, {.key_padding_mask = added_padding, .causal = true, .need_weights = weights}).output,
                   both));
    CHECK(is_close(both[1], expected[1]));
  }
  // Nothing to attend to: 0 before the projection, no nan.
  const Tensor nothing = layer(x, x, x, {.attn_mask = ones({3, 3}, {.dtype = DType::boolean})}).output;
  CHECK(is_close(nothing, expand(parameter(layer, "out_proj.bias"), {2, 3, 4})));
}

TEST_CASE("MultiheadAttention takes keys and values of other sizes, and more of them", "[nn][attention]") {
  InDouble d;
  const nn::MultiheadAttention layer =
      shaken(nn::MultiheadAttention(4, 2, {.add_bias_kv = true, .add_zero_attn = true, .kdim = 3, .vdim = 5}), d);
  const Tensor q = d.random({3, 2, 4}), k = d.random({5, 2, 3}), v = d.random({5, 2, 5});
  const nn::AttentionOutput result = layer(q, k, v);
  CHECK(result.output.shape() == Shape{3, 2, 4});
  CHECK(result.weights.shape() == Shape{2, 3, 7});
  CHECK(is_close(layer(q, k, v, {.need_weights = false}).output, result.output));
  // The keys that are added cannot be masked.
  const Tensor all = ones({2, 5}, {.dtype = DType::boolean});
  const Tensor left = layer(q, k, v, {.key_padding_mask = all}).weights;
  CHECK(max(left[{ellipsis, slice(0, 5)}]).item() == 0);
  CHECK(is_close(sum(left, -1), ones({2, 3})));
  CHECK(parameter(layer, "q_proj_weight").shape() == Shape{4, 4});
  CHECK(parameter(layer, "v_proj_weight").shape() == Shape{4, 5});
}

TEST_CASE("MultiheadAttention starts as PyTorch's", "[nn][attention]") {
  Generator generator(2);
  nn::MultiheadAttention layer(64, 4, {.add_bias_kv = true, .generator = &generator});
  const double bound = std::sqrt(6.0 / (64 + 3 * 64));
  CHECK(max(abs(parameter(layer, "in_proj_weight"))).item() <= bound);
  CHECK(max(abs(parameter(layer, "in_proj_weight"))).item() > 0.98 * bound);
  CHECK(max(abs(parameter(layer, "in_proj_bias"))).item() == 0);
  CHECK(max(abs(parameter(layer, "out_proj.bias"))).item() == 0);
  CHECK(max(abs(parameter(layer, "out_proj.weight"))).item() <= 0.125);
  CHECK(parameter(layer, "bias_k").shape() == Shape{1, 1, 64});
}

TEST_CASE("MultiheadAttention drops weights in training alone", "[nn][attention]") {
  InDouble d;
  nn::MultiheadAttention layer = shaken(nn::MultiheadAttention(4, 2, {.dropout = 1}), d);
  const Tensor x = d.random({3, 2, 4});
  for (bool weights : {false, true})
    CHECK(is_close(layer(x, x, x, {.need_weights = weights}).output,
                   expand(parameter(layer, "out_proj.bias"), {3, 2, 4})));
  layer.eval();
  CHECK_FALSE(is_close(layer(x, x, x).output, expand(parameter(layer, "out_proj.bias"), {3, 2, 4})));
}

TEST_CASE("MultiheadAttention says what is wrong", "[nn][attention]") {
  using invalid = std::invalid_argument;
  CHECK_THAT(message_of<invalid>([] { nn::MultiheadAttention(6, 4); }),
             Contains("MultiheadAttention: embed_dim must be a multiple of num_heads, but they are 6 and 4."));
  nn::MultiheadAttention layer(4, 2);
  const Tensor x = ones({3, 2, 4});
  CHECK_THAT(message_of<invalid>([&] {
               layer(x, x, ones({3, 2, 5}));
             }),
             Contains("last axes of query, key and value must be 4, 4 and 4, but they are"));
  CHECK_THAT(message_of<invalid>([&] {
               layer(x, ones({3, 1, 4}), ones({3, 1, 4}));
             }),
             Contains("query, key and value must have one batch"));
  CHECK_THAT(message_of<invalid>([&] {
               layer(x, x, x, {.key_padding_mask = ones({3, 2})});
             }),
             Contains("key_padding_mask must be [2, 3], but it is [3, 2]."));
  CHECK_THAT(message_of<invalid>([&] {
               layer(x, x, x, {.attn_mask = ones({2, 3})});
             }),
             Contains("attn_mask must be [3, 3] or [4, 3, 3], but it is [2, 3]."));
  CHECK_THAT(message_of<invalid>([&] {
               layer(x, x, x, {.attn_mask = ones({3, 3}, {.dtype = DType::int64})});
             }),
             Contains("attn_mask must be boolean or floating, but it is int64."));
}

// ---- Transformers ----

TEST_CASE("An encoder layer is its parts", "[nn][transformer]") {
  InDouble d;
  for (bool norm_first : {false, true}) {
    const nn::TransformerEncoderLayer layer =
        shaken(nn::TransformerEncoderLayer(4, 2,
                                           {.dim_feedforward = 6,
                                            .dropout = 0,
                                            .activation = [](const Tensor& x) { return gelu(x); },
                                            .norm_first = norm_first}),
               d);
    nn::MultiheadAttention attention(4, 2);
    nn::NamedTensors own;
    for (const auto& [name, tensor] : layer.named_parameters())
      if (name.rfind("self_attn.", 0) == 0) own.emplace_back(name.substr(10), tensor);
    attention.load(own);
    auto p = [&](const char* name) { return parameter(layer, name); };
    auto norm = [&](const Tensor& x, const std::string& name) {
      const Tensor center = x - mean(x, -1, {.keepdims = true});
      return center / sqrt(mean(square(center), -1, {.keepdims = true}) + 1e-5) * parameter(layer, name + ".weight") +
             parameter(layer, name + ".bias");
    };
    auto dense = [&](const Tensor& x) {
      return affine(gelu(affine(x, p("linear1.weight"), p("linear1.bias"))), p("linear2.weight"), p("linear2.bias"));
    };
    const Tensor x = d.random({3, 2, 4});
    Tensor expected;
    if (norm_first) {
      const Tensor n = norm(x, "norm1");
      const Tensor inner = x + attention(n, n, n).output;
      expected = inner + dense(norm(inner, "norm2"));
    } else {
      const Tensor inner = norm(x + attention(x, x, x).output, "norm1");
      expected = norm(inner + dense(inner), "norm2");
    }
    CHECK(is_close(layer(x), expected, 1e-10));
  }
}

TEST_CASE("A causal encoder does not see what comes later", "[nn][transformer]") {
  InDouble d;
  const nn::TransformerEncoder encoder(
      nn::TransformerEncoderLayer(4, 2, {.dim_feedforward = 6, .dropout = 0, .batch_first = true}), 2,
      nn::LayerNorm(4));
  const Tensor x = d.random({2, 5, 4});
  Tensor changed = x * 1;
  changed[{slice(0, 2), slice(3, 5)}].assign(0.5);
  const Tensor a = encoder(x, {.causal = true}), b = encoder(changed, {.causal = true});
  CHECK(is_close(a[{slice(0, 2), slice(0, 3)}], b[{slice(0, 2), slice(0, 3)}]));
  CHECK_FALSE(is_close(a, b));
  CHECK(is_close(encoder(x, {.mask = nn::Transformer::generate_square_subsequent_mask(5)}), a));
}

TEST_CASE("Stacks hold copies of a layer, under PyTorch's names", "[nn][transformer]") {
  InDouble d;
  const nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 6});
  const nn::TransformerEncoder encoder(layer, 2, nn::LayerNorm(4));
  CHECK(encoder.named_parameters().size() == 2 * 12 + 2);
  CHECK(
      is_close(parameter(encoder, "layers.1.self_attn.in_proj_weight"), parameter(layer, "self_attn.in_proj_weight")));
  CHECK_FALSE(parameter(encoder, "layers.0.linear1.weight").is_same(parameter(layer, "linear1.weight")));
  CHECK(parameter(encoder, "norm.weight").shape() == Shape{4});
  const nn::Transformer model(4, 2,
                              {.num_encoder_layers = 2, .num_decoder_layers = 1, .layer = {.dim_feedforward = 6}});
  CHECK(parameter(model, "decoder.layers.0.multihead_attn.out_proj.bias").shape() == Shape{4});
  CHECK(parameter(model, "encoder.layers.1.norm2.bias").shape() == Shape{4});
  // Glorot's start makes the layers differ.
  CHECK_FALSE(is_close(parameter(model, "encoder.layers.0.linear1.weight"),
                       parameter(model, "encoder.layers.1.linear1.weight")));
  nn::check_registration(model, [&] { model(d.random({3, 2, 4}), d.random({2, 2, 4})); });
  const nn::Transformer copy = nn::clone(model);
  CHECK_FALSE(
      parameter(copy, "encoder.layers.0.linear1.weight").is_same(parameter(model, "encoder.layers.0.linear1.weight")));
}

TEST_CASE("Transformers have right gradients", "[nn][transformer][gradcheck]") {
  InDouble d;
  const nn::TransformerLayerOptions options{
      .dim_feedforward = 3, .dropout = 0, .activation = [](const Tensor& x) { return gelu(x); }, .norm_first = true};
  const nn::Transformer model =
      shaken(nn::Transformer(4, 2, {.num_encoder_layers = 1, .num_decoder_layers = 1, .layer = options}), d);
  const Tensor src = d.random({3, 2, 4}), tgt = d.random({2, 2, 4});
  const Tensor padding = tensor({{false, false, true}, {false, false, false}});
  auto run = [&](const Tensor& src, const Tensor& tgt) {
    return model(src, tgt, {.src_key_padding_mask = padding, .memory_key_padding_mask = padding, .causal = true});
  };
  gradcheck([&] { return sum(square(run(src, tgt))); }, model.named_parameters());
  gradcheck([&](const Tensor& src, const Tensor& tgt) { return sum(square(run(src, tgt))); }, {src, tgt}, {.order = 2});
  const nn::MultiheadAttention attention =
      shaken(nn::MultiheadAttention(4, 2, {.add_bias_kv = true, .add_zero_attn = true, .kdim = 3, .vdim = 2}), d);
  const Tensor q = d.random({2, 2, 4}), k = d.random({3, 2, 3}), v = d.random({3, 2, 2});
  gradcheck(
      [&] {
        const nn::AttentionOutput result = attention(q, k, v);
        return sum(square(result.output)) + sum(sin(result.weights));
      },
      attention.named_parameters(), {.order = 2});
}

TEST_CASE("Transformers say what is wrong", "[nn][transformer]") {
  using invalid = std::invalid_argument;
  CHECK_THAT(message_of<invalid>([] { nn::TransformerEncoderLayer(6, 4); }),
             Contains("TransformerEncoderLayer: d_model must be a multiple of nhead, but they are 6 and 4."));
  CHECK_THAT(message_of<invalid>([] { nn::TransformerDecoderLayer(4, 2, {.dropout = -1}); }),
             Contains("dropout must be in [0, 1], but it is -1."));
  nn::TransformerEncoderLayer layer(4, 2);
  CHECK_THAT(message_of<invalid>([&] {
               layer(ones({3, 2, 5}));
             }),
             Contains("src must have 3 axes, or 2 without a batch"));
  CHECK_THAT(message_of<invalid>([&] { nn::TransformerEncoder(layer, -1); }),
             Contains("num_layers must be at least 0, but it is -1."));
  nn::Transformer model(4, 2, {.num_encoder_layers = 1, .num_decoder_layers = 1});
  CHECK_THAT(message_of<invalid>([&] {
               model(ones({3, 2, 4}), ones({3, 1, 4}));
             }),
             Contains("src and tgt must have one batch, but they are [3, 2, 4] and [3, 1, 4]."));
}

// ---- Positions ----

TEST_CASE("Sinusoidal positions are waves", "[nn][positional]") {
  const Tensor waves = nn::sinusoidal_positions(7, 5, {.first = 2, .dtype = DType::float64});
  CHECK(waves.shape() == Shape{7, 5});
  for (int t = 0; t < 7; ++t)
    for (int i = 0; i < 5; ++i) {
      const double angle = (t + 2) / std::pow(10000.0, 2 * (i / 2) / 5.0);
      CHECK(waves[{t, i}].item() == Approx(i % 2 == 0 ? std::sin(angle) : std::cos(angle)).epsilon(1e-12));
    }
  const Tensor x = ones({4, 3, 6}, {.dtype = DType::float64});
  const Tensor added = 1 + nn::sinusoidal_positions(4, 6, {.dtype = DType::float64});
  CHECK(is_close(nn::SinusoidalPositions(6)(x)[{slice(0, 4), 1}], added));
  CHECK(is_close(nn::SinusoidalPositions(6, {.batch_first = true})(transpose(x, 0, 1))[1], added));
  CHECK(is_close(nn::SinusoidalPositions(6)(x[{slice(0, 4), 0}]), added));
  CHECK_THAT(message_of<std::invalid_argument>([&] { nn::SinusoidalPositions(5)(x); }),
             Contains("x must be floating with a last axis of 5"));
}

TEST_CASE("Rotary positions turn pairs", "[nn][positional]") {
  InDouble d;
  const Tensor x = d.random({2, 3, 4, 6});
  for (bool interleaved : {false, true}) {
    const Tensor y = nn::rotary_positions(x, {.first = 5, .interleaved = interleaved});
    for (int t = 0; t < 4; ++t)
      for (int i = 0; i < 3; ++i) {
        const int a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + 3;
        const double angle = (t + 5) / std::pow(10000.0, 2 * i / 6.0);
        const double xa = x[{1, 2, t, a}].item(), xb = x[{1, 2, t, b}].item();
        CHECK(y[{1, 2, t, a}].item() == Approx(xa * std::cos(angle) - xb * std::sin(angle)).epsilon(1e-12));
        CHECK(y[{1, 2, t, b}].item() == Approx(xa * std::sin(angle) + xb * std::cos(angle)).epsilon(1e-12));
      }
    gradcheck([&](const Tensor& x) { return nn::rotary_positions(x, {.interleaved = interleaved}); }, d.random({3, 4}));
  }
  // Products depend on distances alone.
  const Tensor q = expand(d.random({1, 8}), {6, 8}), k = expand(d.random({1, 8}), {6, 8});
  const Tensor products = matmul(nn::RotaryPositions()(q), transpose(nn::RotaryPositions()(k)));
  CHECK(products[{1, 0}].item() == Approx(products[{4, 3}].item()));
  CHECK(products[{0, 2}].item() == Approx(products[{3, 5}].item()));
  CHECK_THAT(message_of<std::invalid_argument>([&] {
               nn::rotary_positions(ones({3, 5}));
             }),
             Contains("rotary_positions: x must be [..., T, size] with an even size, but it is [3, 5]."));
}
