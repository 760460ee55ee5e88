// Recurrent layers, attention and transformer layers built on given weights.
#include <string>
#include <vector>

#include "../../autograd/ops.hpp"
#include "../../nn/nn.hpp"
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

Tensor named(const nn::Module& module, const std::string& name) {
  for (const auto& [own, tensor] : module.state())
    if (own == name) return tensor;
  return {};
}

/// The weights of a layer's state, as the constructor takes them.
std::vector<RecurrentWeights> weights_of(const nn::Module& layer, int layers, int directions) {
  std::vector<RecurrentWeights> weights;
  for (int l = 0; l < layers; ++l)
    for (int d = 0; d < directions; ++d) {
      const std::string ending = "_l" + std::to_string(l) + (d == 1 ? "_reverse" : "");
      weights.push_back({named(layer, "weight_ih" + ending), named(layer, "weight_hh" + ending),
                         named(layer, "bias_ih" + ending), named(layer, "bias_hh" + ending),
                         named(layer, "weight_hr" + ending)});
    }
  return weights;
}

/// Fresh copies, so that nothing can be had from the layer itself.
std::vector<RecurrentWeights> copies(std::vector<RecurrentWeights> weights) {
  for (RecurrentWeights& one : weights)
    for (Tensor* part : {&one.input, &one.hidden, &one.input_bias, &one.hidden_bias, &one.projection})
      if (part->defined()) *part = copy(part->detach());
  return weights;
}

bool same(const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = 0, .atol = 0}); }

void check_alike(const nn::Module& a, const nn::Module& b) {
  const auto left = a.state(), right = b.state();
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    CHECK(left[i].first == right[i].first);
    CHECK(same(left[i].second, right[i].second));
  }
}

template <class Layer, class Options>
void check_stack(Options options, int layers) {
  options.num_layers = layers;
  options.dtype = DType::float64;
  const Layer other(3, 4, options);
  Options on_given = options;  // what the weights say is not asked
  on_given.num_layers = 1;
  on_given.bias = !options.bias;
  on_given.dtype = DType::float32;
  const std::vector<RecurrentWeights> given = copies(weights_of(other, layers, options.bidirectional ? 2 : 1));
  const Layer layer(given, on_given);
  check_alike(layer, other);
  CHECK(layer.input_size() == 3);
  CHECK(layer.hidden_size() == 4);
  CHECK(layer.num_layers() == layers);
  CHECK(layer.is_bidirectional() == options.bidirectional);
  CHECK(named(layer, "weight_ih_l0").is_same(given[0].input));
  const Tensor x = normal({5, 2, 3}, 0, 1, kDouble);
  CHECK(same(layer(x).output, other(x).output));
  CHECK(same(layer(x).h, other(x).h));
  sum(square(layer(x).output)).backward();
  sum(square(other(x).output)).backward();
  const auto ours = layer.parameters(), theirs = other.parameters();
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(same(ours[i].grad(), theirs[i].grad()));
}

}  // namespace

TEST_CASE("Recurrent layers are built on given weights", "[nn][given]") {
  manual_seed(1);
  check_stack<nn::LSTM>(nn::LSTMOptions{}, 1);
  check_stack<nn::LSTM>(nn::LSTMOptions{.batch_first = true, .bidirectional = true, .proj_size = 2}, 2);
  check_stack<nn::LSTM>(nn::LSTMOptions{.bias = false}, 2);
  check_stack<nn::GRU>(nn::GRUOptions{.bidirectional = true}, 2);
  check_stack<nn::GRU>(nn::GRUOptions{.bias = false}, 1);
  check_stack<nn::RNN>(nn::RNNOptions{.nonlinearity = RnnFunction::relu, .bidirectional = true}, 3);
}

TEST_CASE("Two recurrent layers on the same weights are tied", "[nn][given]") {
  const nn::GRU first(3, 4);
  const nn::GRU second(weights_of(first, 1, 1));
  CHECK(second.parameters()[0].is_same(first.parameters()[0]));
}

TEST_CASE("Weights that do not fit a recurrent layer are refused by their names", "[nn][given]") {
  const std::vector<RecurrentWeights> good =
      copies(weights_of(nn::LSTM(3, 4, {.num_layers = 2, .dtype = DType::float64}), 2, 1));
  auto problem_of = [&](auto change, nn::LSTMOptions options = {}) {
    std::vector<RecurrentWeights> weights = good;
    change(weights);
    return message_of<std::invalid_argument>([&] { nn::LSTM layer(weights, options); });
  };
  using Weights = std::vector<RecurrentWeights>;
  CHECK_NOTHROW(nn::LSTM(good));
  CHECK_THAT(problem_of([](Weights& w) { w.clear(); }),
             Contains("LSTM: there must be weights for each of 1 direction"));
  CHECK_THAT(problem_of([](Weights& w) { w.pop_back(); }, {.bidirectional = true}),
             Contains("each of 2 directions of each layer, but there are 1"));
  CHECK_THAT(problem_of([](Weights& w) { w[0].input = {}; }),
             Contains("LSTM: weight_ih_l0 must be a tensor, but it is undefined"));
  CHECK_THAT(problem_of([](Weights& w) { w[0].input = ones({16}, kDouble); }),
             Contains("weight_ih_l0 must be a matrix, but it is [16]"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[0].input = ones({15, 3}, kDouble);
             }),
             Contains("the rows of weight_ih_l0 must be those of 4 gates, but it is [15, 3]"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[0].input = ones({16, 3}, {.dtype = DType::int64});
             }),
             Contains("weight_ih_l0 must be floating, but it is int64"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[1].hidden = ones({16, 3}, kDouble);
             }),
             Contains("LSTM: weight_hh_l1 must be float64 [16, 4], but it is float64 [16, 3]"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[1].input = ones({16, 4});
             }),
             Contains("weight_ih_l1 must be float64 [16, 4], but it is float32 [16, 4]"));
  CHECK_THAT(problem_of([](Weights& w) { w[1].hidden_bias = {}; }),
             Contains("bias_hh_l1 must be float64 [16], but it is undefined"));
  CHECK_THAT(problem_of([](Weights& w) { w[0].input_bias = w[0].hidden_bias = {}; }),
             Contains("bias_ih_l1 must be undefined, as layer 0 has no bias, but it is [16]"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[1].projection = ones({2, 4}, kDouble);
             }),
             Contains("weight_hr_l1 must be undefined, as layer 0 has no projection"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[0].projection = ones({4, 4}, kDouble);
             }),
             Contains("proj_size must be at least 0 and below hidden"));
  CHECK_THAT(problem_of([](Weights& w) {
               w[0].projection = ones({0, 4}, kDouble);
             }),
             Contains("weight_hr_l0 must have a row at least"));
  CHECK_THROWS_WITH(nn::GRU({{ones({12, 3}), ones({12, 4}), {}, {}, ones({2, 4})}}),
                    Contains("GRU: weight_hr_l0 must be undefined, for only an LSTM projects"));
}

TEST_CASE("Cells are built on given weights", "[nn][given]") {
  manual_seed(2);
  const Tensor x = normal({2, 3}, 0, 1, kDouble), h = normal({2, 4}, 0, 1, kDouble), c = normal({2, 4}, 0, 1, kDouble);
  auto weights = [](const auto& cell) {
    return RecurrentWeights{cell.weight_ih(), cell.weight_hh(), cell.bias_ih(), cell.bias_hh()};
  };
  const nn::LSTMCell lstm(3, 4, {.dtype = DType::float64});
  const nn::LSTMCell lstm_again(weights(lstm));
  CHECK(lstm_again.weight_hh().is_same(lstm.weight_hh()));
  CHECK(same(lstm_again(x, {h, c}).c, lstm(x, {h, c}).c));
  const nn::GRUCell gru(3, 4, {.bias = false, .dtype = DType::float64});
  CHECK(same(nn::GRUCell(weights(gru))(x, h), gru(x, h)));
  CHECK_FALSE(nn::GRUCell(weights(gru)).bias_ih().defined());
  const nn::RNNCell rnn(3, 4, {.nonlinearity = RnnFunction::relu, .dtype = DType::float64});
  CHECK(same(nn::RNNCell(weights(rnn), {.nonlinearity = RnnFunction::relu})(x, h), rnn(x, h)));

  CHECK_THROWS_WITH(nn::LSTMCell(RecurrentWeights{}), Contains("LSTMCell: weight_ih must be a tensor"));
  CHECK_THROWS_WITH(nn::GRUCell(RecurrentWeights{ones({12, 3}), ones({12, 3})}),
                    Contains("GRUCell: weight_hh must be float32 [12, 4], but it is float32 [12, 3]"));
  CHECK_THROWS_WITH(nn::RNNCell(RecurrentWeights{ones({4, 3}), ones({4, 4}), ones({4})}),
                    Contains("RNNCell: bias_hh must be float32 [4], but it is undefined"));
  CHECK_THROWS_WITH(nn::LSTMCell(RecurrentWeights{ones({16, 3}), ones({16, 4}), {}, {}, ones({2, 4})}),
                    Contains("the projection must be undefined"));
  CHECK_THROWS_WITH(nn::RNNCell(RecurrentWeights{ones({0, 3}), ones({0, 0})}), Contains("1 gates, but it is [0, 3]"));
}

TEST_CASE("MultiheadAttention is built on given weights", "[nn][given]") {
  manual_seed(3);
  auto weights_of = [](const nn::Module& layer) {
    return nn::MultiheadAttentionWeights{.in_proj_weight = named(layer, "in_proj_weight"),
                                         .q_proj_weight = named(layer, "q_proj_weight"),
                                         .k_proj_weight = named(layer, "k_proj_weight"),
                                         .v_proj_weight = named(layer, "v_proj_weight"),
                                         .in_proj_bias = named(layer, "in_proj_bias"),
                                         .bias_k = named(layer, "bias_k"),
                                         .bias_v = named(layer, "bias_v"),
                                         .out_proj_weight = named(layer, "out_proj.weight"),
                                         .out_proj_bias = named(layer, "out_proj.bias")};
  };
  const Tensor x = normal({5, 2, 8}, 0, 1, kDouble);
  for (const nn::MultiheadAttentionOptions& options :
       {nn::MultiheadAttentionOptions{.dtype = DType::float64},
        nn::MultiheadAttentionOptions{.bias = false, .add_bias_kv = true, .dtype = DType::float64}}) {
    const nn::MultiheadAttention other(8, 2, options);
    const nn::MultiheadAttention layer(weights_of(other), 2);
    check_alike(layer, other);
    CHECK(layer.out_proj().weight().is_same(other.out_proj().weight()));
    CHECK(same(layer(x, x, x).output, other(x, x, x).output));
  }
  const nn::MultiheadAttention wide(8, 2, {.kdim = 3, .vdim = 5, .dtype = DType::float64});
  const nn::MultiheadAttention again(weights_of(wide), 2, {.kdim = 7});
  check_alike(again, wide);
  const Tensor key = normal({4, 2, 3}, 0, 1, kDouble), value = normal({4, 2, 5}, 0, 1, kDouble);
  CHECK(same(again(x, key, value).output, wide(x, key, value).output));

  const nn::MultiheadAttentionWeights good = weights_of(nn::MultiheadAttention(8, 2));
  auto problem_of = [&](auto change, std::int64_t heads = 2) {
    nn::MultiheadAttentionWeights weights = good;
    change(weights);
    return message_of<std::invalid_argument>([&] { nn::MultiheadAttention layer(weights, heads); });
  };
  using Weights = nn::MultiheadAttentionWeights;
  CHECK_THAT(problem_of([](Weights& w) { w.out_proj_weight = {}; }), Contains("out_proj.weight must be a tensor"));
  CHECK_THAT(problem_of([](Weights& w) { w.in_proj_weight = {}; }), Contains("but none is"));
  CHECK_THAT(problem_of([](Weights& w) { w.q_proj_weight = ones({8, 8}); }), Contains("but both are"));
  CHECK_THAT(problem_of([](Weights& w) {
               w.in_proj_weight = ones({24, 7});
             }),
             Contains("MultiheadAttention: in_proj_weight must be float32 [24, 8], but it is float32 [24, 7]"));
  CHECK_THAT(problem_of([](Weights& w) {
               w.out_proj_weight = ones({8, 7});
             }),
             Contains("out_proj.weight must be float32 [8, 8], but it is float32 [8, 7]"));
  CHECK_THAT(problem_of([](Weights& w) { w.out_proj_bias = {}; }),
             Contains("out_proj.bias must be float32 [8], but it is undefined"));
  CHECK_THAT(problem_of([](Weights& w) { w.bias_v = ones({1, 1, 8}); }), Contains("bias_k must be float32 [1, 1, 8]"));
  CHECK_THAT(problem_of([](Weights&) {}, 3), Contains("embed_dim must be a multiple of num_heads"));
}

TEST_CASE("Transformer layers are built of given parts", "[nn][given]") {
  manual_seed(4);
  const DType f64 = DType::float64;
  const nn::MultiheadAttention self(8, 2, {.dtype = f64}), cross(8, 4, {.dtype = f64});
  const nn::Dense first(8, 16, {.dtype = f64}), second(16, 8, {.dtype = f64});
  const nn::LayerNorm norm1(8, {.dtype = f64}), norm2(8, {.dtype = f64}), norm3(8, {.dtype = f64});
  const nn::TransformerLayerOptions options{.dropout = 0, .norm_first = true};
  const Tensor x = normal({5, 2, 8}, 0, 1, kDouble), memory = normal({3, 2, 8}, 0, 1, kDouble);

  const nn::TransformerEncoderLayer encoder({self, first, second, norm1, norm2}, options);
  nn::TransformerEncoderLayer plain(8, 2, {.dim_feedforward = 16, .dropout = 0, .norm_first = true, .dtype = f64});
  plain.copy_parameters_from(encoder);
  CHECK(same(encoder(x), plain(x)));
  CHECK(named(encoder, "linear1.weight").is_same(first.weight()));
  CHECK(encoder.d_model() == 8);

  const nn::TransformerDecoderLayer decoder({self, cross, first, second, norm1, norm2, norm3}, options);
  const nn::TransformerEncoderLayer only_self({self, first, second, norm1, norm3}, options);
  CHECK(decoder(x, memory).shape() == Shape{5, 2, 8});
  CHECK(named(decoder, "multihead_attn.in_proj_weight").is_same(named(cross, "in_proj_weight")));
  const Tensor y = x + self(norm1(x), norm1(x), norm1(x)).output;
  const Tensor z = y + cross(norm2(y), memory, memory).output;
  CHECK(allclose(decoder(x, memory), z + second(relu(first(norm3(z)))), {.rtol = 1e-12, .atol = 1e-12}));

  const nn::Dense narrow(7, 8, {.dtype = f64});
  CHECK_THROWS_WITH(nn::TransformerEncoderLayer({self, first, narrow, norm1, norm2}),
                    Contains("TransformerEncoderLayer: linear1 and linear2 must be from 8, the attention's width"));
  CHECK_THROWS_WITH(nn::TransformerEncoderLayer({self, first, second, norm1, nn::LayerNorm(4)}),
                    Contains("norm2 must normalise [8], but it normalises [4]"));
  CHECK_THROWS_WITH(nn::TransformerEncoderLayer({self, first, second, norm1, norm2}, {.dropout = 2}),
                    Contains("dropout must be in [0, 1]"));
  CHECK_THROWS_WITH(
      nn::TransformerDecoderLayer({self, nn::MultiheadAttention(4, 2), first, second, norm1, norm2, norm3}),
      Contains("multihead_attn must be as wide as self_attn, 8, but it is 4"));
  const nn::MultiheadAttention other(8, 4, {.batch_first = true, .dtype = f64});
  CHECK_THROWS_WITH(nn::TransformerDecoderLayer({self, other, first, second, norm1, norm2, norm3}),
                    Contains("multihead_attn must have the batch where self_attn has it"));
}

// ---- Losses ----

TEST_CASE("Given weights that cannot be parameters or buffers are refused by their names", "[nn][given]") {
  const Tensor w = ones({9, 2}).set_requires_grad();
  CHECK_THROWS_WITH(nn::Dense(2 * w), Contains("Dense: the parameter 'weight' must be a leaf, but 'mul' made it."));
  CHECK_THROWS_WITH(nn::CrossEntropyLoss({.weight = ones({2}).set_requires_grad()}),
                    Contains("loss: the buffer 'weight' must not require a gradient, but it does."));
}

TEST_CASE("Weights of losses are buffers, which move with the state and the dtype", "[nn][losses]") {
  Tensor weights = tensor({1.0, 2.0, 4.0}, {.dtype = DType::float32});
  nn::CrossEntropyLoss loss({.weight = weights});
  REQUIRE(loss.state().size() == 1);
  CHECK(loss.state()[0].first == "weight");
  CHECK(loss.parameters().empty());
  CHECK(nn::CrossEntropyLoss().state().empty());
  CHECK(nn::MSELoss().state().empty());

  // Another one's state is what it computes with, in its own memory.
  const Tensor x = normal({4, 3}), labels = tensor({0, 2, 1, 2});
  nn::CrossEntropyLoss other({.weight = ones({3})});
  other.load(loss.state());
  CHECK(same(other(x, labels), cross_entropy(x, labels, {.weight = weights})));
  CHECK_FALSE(same(other(x, labels), cross_entropy(x, labels)));
  weights.assign(7);
  CHECK(loss.state()[0].second[1].item() == 2);
  CHECK_THROWS_WITH(other.load({}), Contains("weight"));

  other.to(DType::float64);
  CHECK(other.state()[0].second.dtype() == DType::float64);
  CHECK(other(cast(x, DType::float64), labels).dtype() == DType::float64);
  CHECK(weights.dtype() == DType::float32);
  CHECK(loss.state()[0].second.dtype() == DType::float32);

  // clone() has weights of its own.
  const nn::CrossEntropyLoss copy = nn::clone(loss);
  loss.load({{"weight", ones({3})}});
  CHECK(copy.state()[0].second[2].item() == 4);
  CHECK(same(copy(x, labels), cross_entropy(x, labels, {.weight = tensor({1., 2., 4.}, {.dtype = DType::float32})})));
  CHECK(same(loss(x, labels), cross_entropy(x, labels)));

  const nn::BCEWithLogitsLoss binary({.weight = full({3}, 0.5), .pos_weight = full({3}, 3)});
  const auto state = binary.state();
  REQUIRE(state.size() == 2);
  CHECK(state[0].first == "weight");
  CHECK(state[1].first == "pos_weight");
  const Tensor y = cast(tensor({{1, 0, 1}, {0, 0, 1}, {1, 1, 1}, {0, 1, 0}}), DType::float32);
  CHECK(same(binary(x, y),
             binary_cross_entropy_with_logits(x, y, {.weight = full({3}, 0.5), .pos_weight = full({3}, 3)})));
  for (const nn::Module& module :
       {nn::Module(nn::NLLLoss({.weight = ones({3})})), nn::Module(nn::BCELoss({.weight = ones({3})})),
        nn::Module(nn::MultiMarginLoss({.weight = ones({3})})),
        nn::Module(nn::MultiLabelSoftMarginLoss({.weight = ones({3})}))})
    CHECK(module.named_buffers().at(0).first == "weight");

  CHECK_THROWS_WITH(nn::CrossEntropyLoss({.weight = ones({3}).set_requires_grad()}),
                    Contains("the buffer 'weight' must not require a gradient, but it does. Pass its detach()"));
}
