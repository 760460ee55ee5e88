#include "embedding.hpp"

#include <algorithm>

#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

template <class Options>
void check_options(const char* layer, std::int64_t count, std::int64_t features, const Options& options,
                   SourceLocation where) {
  check(count >= 0 && features >= 0, where, layer, ": its sizes must be at least 0, but they are ", count, " and ",
        features, ".");
  check(!options.max_norm || *options.max_norm >= 0, where, layer, ": max_norm must be at least 0, but it is ",
        options.max_norm.value_or(0), ".");
  check(options.norm_type > 0, where, layer, ": norm_type must be above 0, but it is ", options.norm_type, ".");
  check<std::out_of_range>(
      !options.padding_index || (-count <= *options.padding_index && *options.padding_index < count), where, layer,
      ": padding_index must be in [", -count, ", ", count, "), but it is ", options.padding_index.value_or(0), ".");
}

template <class Options>
Tensor start_of(const char* layer, std::int64_t count, std::int64_t features, const Options& options,
                SourceLocation where) {
  check_options(layer, count, features, options, where);
  Tensor weight = detail::Start{layer, options.dtype, options.generator, where}("weight_init", options.weight_init,
                                                                                init::normal(), {count, features});
  if (options.padding_index && !options.weight_init) weight[*options.padding_index].assign(0);
  return weight;
}

const Tensor& checked_table(const char* layer, const Tensor& weight, SourceLocation where) {
  check(weight.defined(), where, layer, ": weight must be a tensor, but it is undefined.");
  check(weight.ndim() == 2, where, layer, ": weight must be [count, features], but it is ", weight.shape(), ".");
  return weight;
}

template <class Options>
Options on_table(Options options, const Tensor& weight) {
  options.weight_init = init::given(weight);
  options.dtype = weight.dtype();
  return options;
}

/// A lookup in a weight whose rows it reads are first scaled down to the largest norm, in place, as the paper on it
/// (and PyTorch) does. A lookup that throws leaves the weight as it was.
template <class Lookup>
Tensor in_shortened_rows(const Tensor& weight, const Tensor& indices, double max_norm, double order,
                         SourceLocation where, const Lookup& lookup) {
  check<std::logic_error>(weight.is_leaf(), where,
                          "max_norm scales rows of the weight in place, but the weight is the "
                          "result of '",
                          weight.operation(), "'.");
  // What the lookup refuses is left to it, for it says so.
  const std::int64_t count = weight.shape()[0];
  if (indices.dtype() != DType::int64 || indices.numel() == 0 || weight.shape()[1] == 0) return lookup();
  std::vector<std::int64_t> rows = indices.to_vector<std::int64_t>();
  for (std::int64_t row : rows)
    if (row < 0 || row >= count) return lookup();
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  struct Row {
    Tensor place, before, shortened;
  };
  std::vector<Row> writes;  // all views are made before one is written
  {
    NoGrad no_grad;
    CallSite site(where);
    Tensor looked_up = index_select(weight.detach(), 0, from_vector(rows));
    Tensor shortened = renorm(looked_up, order, 0, max_norm);
    std::vector<double> changed = amax(abs(shortened - looked_up), 1).to_vector<double>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      if (changed[i] > 0) writes.push_back({weight.detach()[rows[i]], looked_up[at], shortened[at]});
    }
  }
  for (Row& row : writes) row.place.assign(row.shortened);
  try {
    return lookup();
  } catch (...) {
    for (Row& row : writes) row.place.assign(row.before);
    throw;
  }
}

}  // namespace

// ---- Embedding ----

Embedding::Embedding(std::int64_t count, std::int64_t features, EmbeddingLayerOptions options, SourceLocation where)
    : max_norm_(options.max_norm),
      norm_type_(options.norm_type),
      options_{.padding_index = options.padding_index, .scale_grad_by_freq = options.scale_grad_by_freq},
      weight_(param("weight", start_of("Embedding", count, features, options, where), where)) {}

// In braces, what is handed on is made from left to right: the weight is checked before it is read.
Embedding::Embedding(const Tensor& weight, EmbeddingLayerOptions options, SourceLocation where)
    : Embedding{checked_table("Embedding", weight, where).shape()[0], weight.shape()[1], on_table(options, weight),
                where} {}

Tensor Embedding::operator()(const Tensor& indices, SourceLocation where) const {
  return call({indices, where}, [&] {
    const auto lookup = [&] { return embedding(indices, {weight_, where}, options_); };
    return max_norm_ ? in_shortened_rows(weight_, indices, *max_norm_, norm_type_, where, lookup) : lookup();
  });
}

// ---- EmbeddingBag ----

EmbeddingBag::EmbeddingBag(std::int64_t count, std::int64_t features, EmbeddingBagLayerOptions options,
                           SourceLocation where)
    : max_norm_(options.max_norm),
      norm_type_(options.norm_type),
      options_{.mode = options.mode,
               .include_last_offset = options.include_last_offset,
               .padding_index = options.padding_index,
               .scale_grad_by_freq = options.scale_grad_by_freq},
      weight_(param("weight", start_of("EmbeddingBag", count, features, options, where), where)) {}

EmbeddingBag::EmbeddingBag(const Tensor& weight, EmbeddingBagLayerOptions options, SourceLocation where)
    : EmbeddingBag{checked_table("EmbeddingBag", weight, where).shape()[0], weight.shape()[1],
                   on_table(options, weight), where} {}

Tensor EmbeddingBag::operator()(const Tensor& indices, const Tensor& offsets, const Tensor& per_sample_weights,
                                SourceLocation where) const {
  return call({indices, where}, [&] {
    EmbeddingBagOptions options = options_;
    options.offsets = offsets;
    options.per_sample_weights = per_sample_weights;
    const auto lookup = [&] { return embedding_bag(indices, {weight_, where}, options); };
    return max_norm_ ? in_shortened_rows(weight_, indices, *max_norm_, norm_type_, where, lookup) : lookup();
  });
}

}  // namespace nn
}  // namespace xgrad
