#include "embedding.hpp"

#include <algorithm>
#include <limits>

#include "../base/launch.hpp"
#include "../extend.hpp"
#include "../kernels/few_terms.hpp"
#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/index_check.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "index.hpp"
#include "index/gather.hpp"
#include "index/places.hpp"
#include "movement.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr std::int64_t kNone = -1;

const Tensor& checked_table(const char* name, const Operand& weight) {
  const Tensor& table = weight.tensor(name);
  check(table.ndim() == 2, weight.where(), name, ": weight must be [rows, d], but it is ", table.shape(), ".");
  return table;
}

/// The padding row counted from 0, or kNone.
std::int64_t checked_padding(const char* name, std::optional<std::int64_t> given, std::int64_t rows,
                             SourceLocation where) {
  if (!given) return kNone;
  check<std::out_of_range>(-rows <= *given && *given < rows, where, name, ": padding_index must be in [", -rows, ", ",
                           rows, "), but it is ", *given, ".");
  return *given < 0 ? *given + rows : *given;
}

/// 1 / how often the row of each index is named.
Tensor frequency_factors(const Tensor& indices, std::int64_t rows, DType dtype) {
  Tensor counts = index_add(zeros({rows}, {.dtype = dtype}), 0, indices, ones(indices.shape(), {.dtype = dtype}));
  return reciprocal(index_select(counts, 0, indices));
}

/// Gives a table [rows, d] its cotangent, of those of the rows that were looked up, [n, d], at indices [n].
void give_table(Vjp& vjp, Tensor g, const Tensor& indices, std::int64_t padding, bool by_frequency) {
  if (by_frequency && indices.numel() > 0) g = g * unsqueeze(frequency_factors(indices, vjp.shape(0)[0], g.dtype()), 1);
  if (padding != kNone) g = where(unsqueeze(indices == padding, 1), 0, g);
  give_places(vjp, g, {0, 1}, indices);
}

}  // namespace

Tensor embedding(const Tensor& given_indices, const Operand& weight, EmbeddingOptions options) {
  constexpr const char* kName = "embedding";
  SourceLocation where = weight.where();
  const Tensor& table = checked_table(kName, weight);
  const std::int64_t padding = checked_padding(kName, options.padding_index, table.shape()[0], where);
  Tensor indices = checked_indices(kName, given_indices, table, 0, where);
  const std::int64_t d = table.shape()[1];
  check(indices.ndim() < kMaxDims, where, kName, ": the result must have at most ", kMaxDims,
        " axes, but the indices are ", indices.shape(), ".");
  Shape shape = indices.shape();
  shape.push_back(d);
  checked_numel(kName, shape, where);
  CallSite site(where);
  Tensor flat = reshape(indices, {indices.numel()});
  Tensor rows = index_select(table.detach(), 0, flat);
  return record(kName, where, {table, flat}, reshape(rows, shape), {Uses::input(1)},
                [d, padding, by_frequency = options.scale_grad_by_freq](Vjp& vjp) {
                  const Tensor& indices = vjp.input(1);
                  Tensor g = reshape(vjp.g(), {indices.numel(), d});
                  give_table(vjp, std::move(g), indices, padding, by_frequency);
                });
}

// ---- embedding_bag ----

namespace {

/// Elements that are worth a thread.
constexpr std::int64_t kBagGrain = 16384;
/// Columns of a longer bag that are worked on together.
constexpr std::int64_t kBagColumns = 256;

/// What the kernels see of the bags: the entries of each, without those of the padding row.
struct Bags {
  Tensor indices;  // [n]: rows of the table
  Tensor bags;     // [n]: which bag each is of
  Tensor starts;   // [B + 1]
  Tensor factors;  // [n], recorded; undefined: 1
  std::int64_t count() const { return starts.shape()[0] - 1; }
};

/// y[b] = the sum of factor table[index] over the entries of bag b, or their mean. Over bags.
template <class T>
struct SumBags {
  const std::int64_t *indices, *starts;
  const T *factors, *table;
  T* y;
  std::int64_t d;
  bool divides;

  static void run(const SumBags& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t bag = begin; bag < end; ++bag) {
      T* y = a.y + bag * a.d;
      const std::int64_t first = a.starts[bag], last = a.starts[bag + 1];
      if (last - first > kFewTerms) {
        sum_long_bag(a, first, last, y);
        continue;
      }
      std::fill_n(y, a.d, T(0));
      add_entries(a, first, last, 0, a.d, y);
      if (a.divides && last > first)
        for (std::int64_t k = 0; k < a.d; ++k) y[k] /= static_cast<T>(last - first);
    }
  }

  /// to[k] += the columns of the entries from `column` on. S: what they are added up in.
  template <class S>
  static void add_entries(const SumBags& a, std::int64_t first, std::int64_t last, std::int64_t column,
                          std::int64_t count, S* to) {
    for (std::int64_t i = first; i < last; ++i) {
      const T* row = a.table + a.indices[i] * a.d + column;
      const S factor = a.factors != nullptr ? static_cast<S>(a.factors[i]) : S(1);
      for (std::int64_t k = 0; k < count; ++k) to[k] += factor * static_cast<S>(row[k]);
    }
  }

  static void sum_long_bag(const SumBags& a, std::int64_t first, std::int64_t last, T* y) {
    const double divisor = a.divides ? static_cast<double>(last - first) : 1;
    double total[kBagColumns];
    for (std::int64_t column = 0; column < a.d; column += kBagColumns) {
      const std::int64_t count = std::min(kBagColumns, a.d - column);
      std::fill_n(total, count, 0.0);
      add_entries(a, first, last, column, count, total);
      for (std::int64_t k = 0; k < count; ++k) y[column + k] = static_cast<T>(total[k] / divisor);
    }
  }
};

/// y[b] = the largest elements of the rows of bag b, and which rows of the table they are of: the first of equals. An
/// empty bag has 0, of row 0. Over bags.
template <class T>
struct MaxBags {
  const std::int64_t *indices, *starts;
  const T* table;
  T* y;
  std::int64_t* taken;
  std::int64_t d;

  static void run(const MaxBags& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t bag = begin; bag < end; ++bag) {
      T* y = a.y + bag * a.d;
      std::int64_t* taken = a.taken + bag * a.d;
      std::fill_n(y, a.d, T(0));
      std::fill_n(taken, a.d, 0);
      for (std::int64_t i = a.starts[bag]; i < a.starts[bag + 1]; ++i) {
        const T* row = a.table + a.indices[i] * a.d;
        for (std::int64_t k = 0; k < a.d; ++k) {
          const bool takes = i == a.starts[bag] || row[k] > y[k] || (row[k] != row[k] && y[k] == y[k]);
          y[k] = takes ? row[k] : y[k];
          taken[k] = takes ? a.indices[i] : taken[k];
        }
      }
    }
  }
};

constexpr const char* kBag = "embedding_bag";

/// Where bags begin and end in the indices [n]: one more than there are bags.
std::vector<std::int64_t> checked_starts(const Tensor& indices, const EmbeddingBagOptions& options,
                                         SourceLocation where) {
  std::vector<std::int64_t> starts;
  if (indices.ndim() == 2) {
    check(!options.offsets.defined(), where, kBag, ": indices [B, n] must come without offsets, but they are given.");
    for (std::int64_t bag = 0; bag <= indices.shape()[0]; ++bag) starts.push_back(bag * indices.shape()[1]);
    return starts;
  }
  const Tensor& offsets = options.offsets;
  check(offsets.defined() && offsets.ndim() == 1 && offsets.dtype() == DType::int64, where, kBag,
        ": indices [n] must come with int64 offsets [B], but they are ",
        offsets.defined() ? concat(offsets.dtype(), " ", offsets.shape()) : "not given", ".");
  check(!options.include_last_offset || offsets.numel() > 0, where, kBag,
        ": with include_last_offset there must be at least one offset, but there is none.");
  starts = offsets.to_vector<std::int64_t>();
  if (!options.include_last_offset) starts.push_back(indices.numel());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const bool is_in_order = i == 0 ? starts[0] == 0 || starts.size() == 1 : starts[i - 1] <= starts[i];
    check<std::out_of_range>(is_in_order && starts[i] <= indices.numel(), where, kBag,
                             ": offsets must begin with 0 and not decrease, nor lie beyond the ", indices.numel(),
                             " indices, but offset ", i, " is ", starts[i], ".");
  }
  return starts;
}

/// The entries that count.
Bags bags_of(const Tensor& indices, const std::vector<std::int64_t>& starts, std::int64_t padding,
             const Tensor& factors) {
  std::vector<std::int64_t> kept, bags, rows, ends = {0};
  const auto* index = data_of<std::int64_t>(indices);
  for (std::size_t bag = 0; bag + 1 < starts.size(); ++bag) {
    for (std::int64_t i = starts[bag]; i < starts[bag + 1]; ++i) {
      if (index[i] == padding) continue;
      kept.push_back(i);
      rows.push_back(index[i]);
      bags.push_back(static_cast<std::int64_t>(bag));
    }
    ends.push_back(static_cast<std::int64_t>(rows.size()));
  }
  Bags result{from_vector(rows), from_vector(bags), from_vector(ends), {}};
  if (factors.defined()) result.factors = index_select(reshape(factors, {indices.numel()}), 0, from_vector(kept));
  return result;
}

Tensor summed_bags(const Bags& bags, const Tensor& table, bool divides, std::int64_t padding, bool by_frequency,
                   SourceLocation where) {
  const std::int64_t d = table.shape()[1], count = bags.count();
  Tensor y = new_checked(kBag, {count, d}, table.dtype(), where);
  dispatch_floating(table.dtype(), [&]<class T>(T) {
    launch(SumBags<T>{data_of<std::int64_t>(bags.indices), data_of<std::int64_t>(bags.starts),
                      bags.factors.defined() ? data_of<T>(bags.factors) : nullptr, data_of<T>(table), data_of<T>(y), d,
                      divides},
           count, kBagGrain / (d + 1) + 1);
  });
  const bool is_weighted = bags.factors.defined();
  auto rule = [=](Vjp& vjp) {
    const Tensor &indices = vjp.input(1), &bags = vjp.input(2), &starts = vjp.input(3);
    Tensor g = vjp.g();
    if (divides) {
      Tensor sizes = narrow(starts, 0, 1, count) - narrow(starts, 0, 0, count);
      g = g / unsqueeze(cast(clamp(sizes, 1, std::nullopt), g.dtype()), 1);
    }
    Tensor rows = index_select(g, 0, bags);
    if (vjp.needs(0)) {
      Tensor weighted = is_weighted ? rows * unsqueeze(vjp.input(4), 1) : rows;
      give_table(vjp, std::move(weighted), indices, padding, by_frequency);
    }
    if (vjp.needs(4)) vjp.give(4, sum(rows * index_select(vjp.input(0), 0, indices), 1));
  };
  const Uses places = Uses::input(1) | Uses::input(2) | Uses::input(3);
  if (!is_weighted) return record(kBag, where, {table, bags.indices, bags.bags, bags.starts}, y, {places}, rule);
  return record(kBag, where, {table, bags.indices, bags.bags, bags.starts, bags.factors}, y,
                {places | Uses::input(4), Uses(), Uses(), Uses(), places | Uses::input(0)}, rule);
}

Tensor largest_of_bags(const Bags& bags, const Tensor& table, SourceLocation where) {
  const std::int64_t d = table.shape()[1], count = bags.count();
  Tensor y = new_checked(kBag, {count, d}, table.dtype(), where);
  Tensor taken = new_checked(kBag, {count, d}, DType::int64, where);
  dispatch_floating(table.dtype(), [&]<class T>(T) {
    launch(MaxBags<T>{data_of<std::int64_t>(bags.indices), data_of<std::int64_t>(bags.starts), data_of<T>(table),
                      data_of<T>(y), data_of<std::int64_t>(taken), d},
           count, kBagGrain / (d + 1) + 1);
  });
  return record(kBag, where, {table, taken, bags.starts}, y, {Uses::input(1) | Uses::input(2)}, [count](Vjp& vjp) {
    // A table without rows has but empty bags.
    if (vjp.shape(0)[0] == 0) return vjp.give(0, zeros(vjp.shape(0), {.dtype = vjp.dtype(0)}));
    const Tensor& starts = vjp.input(2);
    Tensor is_empty = narrow(starts, 0, 1, count) == narrow(starts, 0, 0, count);
    Tensor g = xgrad::where(unsqueeze(is_empty, 1), 0, vjp.g());
    give_gathered(vjp, g, 0, vjp.input(1));
  });
}

}  // namespace

Tensor embedding_bag(const Tensor& given_indices, const Operand& weight, EmbeddingBagOptions options) {
  SourceLocation where = weight.where();
  const Tensor& given_table = checked_table(kBag, weight);
  Tensor factors = options.per_sample_weights;
  check(is_floating(given_table.dtype()), where, kBag, ": weight must be floating, but it is ", given_table.dtype(),
        ".");
  const std::int64_t padding = checked_padding(kBag, options.padding_index, given_table.shape()[0], where);
  Tensor indices = checked_indices(kBag, given_indices, given_table, 0, where);
  check(indices.ndim() == 1 || indices.ndim() == 2, where, kBag, ": indices must be [n] or [B, n], but they are ",
        indices.shape(), ".");
  check(!factors.defined() || factors.shape() == indices.shape(), where, kBag,
        ": per_sample_weights must have the indices' shape ", indices.shape(), ", but they are ",
        factors.defined() ? factors.shape() : Shape{}, ".");
  check(!factors.defined() || options.mode == BagMode::sum, where, kBag,
        ": per_sample_weights are for BagMode::sum, but the mode is another.");
  check(!options.scale_grad_by_freq || options.mode != BagMode::max, where, kBag,
        ": scale_grad_by_freq is not for BagMode::max, but it is set.");
  const std::vector<std::int64_t> starts = checked_starts(indices, options, where);
  CallSite site(where);
  Tensor table = contiguous(given_table);
  if (factors.defined() && factors.dtype() != table.dtype()) {
    const DType dtype = promote(table.dtype(), factors.dtype());
    factors = cast(factors, dtype);
    table = cast(table, dtype);
  }
  Bags bags = bags_of(indices, starts, padding, factors);
  if (bags.factors.defined()) bags.factors = contiguous(bags.factors);
  if (options.mode == BagMode::max) return largest_of_bags(bags, table, where);
  return summed_bags(bags, table, options.mode == BagMode::mean, padding, options.scale_grad_by_freq, where);
}

}  // namespace xgrad
