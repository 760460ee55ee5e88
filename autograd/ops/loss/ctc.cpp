// ctc_loss: connectionist temporal classification.
//
// One node with three outputs, of which the user sees the first: the losses, the sums over the beginnings of
// alignments, and the losses before they are rounded to the dtype, as the backward sums need both again.
#include <limits>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/ctc.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "common.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr const char* kName = "ctc_loss";

Tensor checked_integers(const char* what, const Tensor& x, SourceLocation where) {
  check(x.defined() && x.dtype() == DType::int64, where, kName, ": ", what, " must be int64, but they are ",
        x.defined() ? name(x.dtype()) : "undefined", ".");
  return contiguous(Operand(x, where));
}

/// Lengths [N], each from 0 to `most`.
Tensor checked_lengths(const char* what, const Tensor& given, std::int64_t samples, bool is_batch, std::int64_t most,
                       SourceLocation where) {
  Tensor lengths = checked_integers(what, given, where);
  check(lengths.numel() == samples && lengths.ndim() <= 1 && (!is_batch || lengths.ndim() == 1), where, kName, ": ",
        what, " must be ", is_batch ? Shape{samples} : Shape{}, ", but they are ", lengths.shape(), ".");
  for (std::int64_t n = 0; n < samples; ++n) {
    const std::int64_t length = data_of<std::int64_t>(lengths)[n];
    check<std::out_of_range>(0 <= length && length <= most, where, kName, ": ", what, " must be in [0, ", most,
                             "], but that of sample ", n, " is ", length, ".");
  }
  return lengths;
}

/// What the kernels are told, from the tensors that hold it.
CtcBatch batch_of(const Tensor& x, const Tensor& targets, const Tensor& starts, const Tensor& input_lengths,
                  const Tensor& target_lengths, std::int64_t blank, std::int64_t states) {
  return {x.shape()[0],
          x.shape()[1],
          x.shape()[2],
          data_of<std::int64_t>(targets),
          data_of<std::int64_t>(starts),
          data_of<std::int64_t>(input_lengths),
          data_of<std::int64_t>(target_lengths),
          blank,
          states};
}

/// Where each sample's labels begin, each behind those of the sample before it: all are one part, over [0, 1).
struct StartsOfLabels {
  const std::int64_t* lengths;
  std::int64_t* to;
  std::int64_t samples;
  std::int64_t columns;  // of a matrix of labels; -1: they stand one after the other

  static void run(const StartsOfLabels& a, std::int64_t, std::int64_t) {
    std::int64_t at = 0;
    for (std::int64_t n = 0; n < a.samples; ++n) {
      a.to[n] = at;
      at += a.columns < 0 ? a.lengths[n] : a.columns;
    }
  }
};

/// Where each sample's labels begin, after checking them.
Tensor checked_starts(const Tensor& targets, const Tensor& target_lengths, std::int64_t classes, std::int64_t blank,
                      SourceLocation where) {
  Tensor starts = new_result(kName, target_lengths.shape(), DType::int64, where);
  launch(StartsOfLabels{data_of<std::int64_t>(target_lengths), data_of<std::int64_t>(starts), target_lengths.numel(),
                        targets.ndim() == 2 ? targets.shape()[1] : -1},
         1, 1);
  for (std::int64_t n = 0; n < target_lengths.numel(); ++n) {
    const std::int64_t at = data_of<std::int64_t>(starts)[n], length = data_of<std::int64_t>(target_lengths)[n];
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t label = data_of<std::int64_t>(targets)[at + i];
      check<std::out_of_range>(0 <= label && label < classes && label != blank, where, kName,
                               ": targets must be in [0, ", classes, ") and not the blank ", blank, ", but label ", i,
                               " of sample ", n, " is ", label, ".");
    }
  }
  return starts;
}

/// The cotangent of the log-probabilities. It cannot be differentiated again, and says so.
Tensor ctc_pulled_back(Vjp& vjp, std::int64_t blank) {
  const Tensor& x = vjp.input(0);
  const Tensor sums = vjp.output(1).detach(), losses = vjp.output(2).detach(), g = vjp.g(0);
  const std::int64_t states = sums.shape()[2];
  const CtcBatch batch = batch_of(x, vjp.input(1), vjp.input(2), vjp.input(3), vjp.input(4), blank, states);
  Tensor result = new_result(kName, x.shape(), x.dtype(), vjp.where());
  Tensor room = new_result(kName, {batch.samples, 2, states}, DType::float64, vjp.where());
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    ctc_cotangent(batch, data_of<T>(x), data_of<double>(sums), data_of<double>(losses), data_of<T>(g), g.strides()[0],
                  data_of<double>(room), data_of<T>(result));
  });
  return record(kName, vjp.where(), {g, x}, result, {}, [](Vjp& vjp) {
    fail<std::logic_error>(vjp.where(), "ctc_loss: its derivative must not be differentiated again, but it was.");
  });
}

/// Each sample's loss [N].
Tensor losses_of(const Tensor& x, const Tensor& targets, const Tensor& starts, const Tensor& input_lengths,
                 const Tensor& target_lengths, std::int64_t blank, SourceLocation where) {
  std::int64_t states = 1;
  for (std::int64_t n = 0; n < target_lengths.numel(); ++n)
    states = std::max(states, 2 * data_of<std::int64_t>(target_lengths)[n] + 1);
  const CtcBatch batch = batch_of(x, targets, starts, input_lengths, target_lengths, blank, states);
  Tensor losses = new_result(kName, {batch.samples}, x.dtype(), where);
  Tensor unrounded = new_result(kName, {batch.samples}, DType::float64, where);
  Tensor sums = new_checked(kName, {batch.samples, batch.times, states}, DType::float64, where);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    ctc_losses(batch, data_of<T>(x), data_of<double>(sums), data_of<double>(unrounded), data_of<T>(losses));
  });
  const Uses uses = Uses::input(0) | Uses::input(1) | Uses::input(2) | Uses::input(3) | Uses::input(4) |
                    Uses::output(1) | Uses::output(2);
  return record(kName, where, {x, targets, starts, input_lengths, target_lengths}, std::vector{losses, sums, unrounded},
                {uses}, [blank](Vjp& vjp) { vjp.give(0, ctc_pulled_back(vjp, blank)); })[0];
}

}  // namespace

Tensor ctc_loss(const Operand& operand, const Tensor& given_targets, const Tensor& given_input_lengths,
                const Tensor& given_target_lengths, CtcLossOptions options) {
  SourceLocation where = operand.where();
  const Tensor& given = operand.tensor(kName);
  check(is_floating(given.dtype()) && (given.ndim() == 2 || given.ndim() == 3), where, kName,
        ": log_probabilities must be floating [T, N, C] or [T, C], but they are ", given.dtype(), " ", given.shape(),
        ".");
  const bool is_batch = given.ndim() == 3;
  const std::int64_t times = given.shape()[0], samples = is_batch ? given.shape()[1] : 1, classes = given.shape()[-1];
  check<std::out_of_range>(0 <= options.blank && options.blank < classes, where, kName, ": blank must be in [0, ",
                           classes, "), but it is ", options.blank, ".");
  Tensor targets = checked_integers("targets", given_targets, where);
  check(
      targets.ndim() == 1 || (targets.ndim() == 2 && is_batch && targets.shape()[0] == samples), where, kName,
      ": targets must be ", [&] { return is_batch ? concat("[", samples, ", S] or one after the other [S]") : "[S]"; },
      ", but they are ", targets.shape(), ".");
  Tensor input_lengths = checked_lengths("input_lengths", given_input_lengths, samples, is_batch, times, where);
  Tensor target_lengths =
      checked_lengths("target_lengths", given_target_lengths, samples, is_batch, targets.shape()[-1], where);
  CallSite site(where);
  if (targets.ndim() == 1 && is_batch) {
    std::int64_t total = 0;
    bool overflow = false;
    for (std::int64_t n = 0; n < samples; ++n)
      overflow |= __builtin_add_overflow(total, data_of<std::int64_t>(target_lengths)[n], &total);
    check(!overflow && total == targets.numel(), where, kName, ": target_lengths must add up to the number of targets ",
          targets.numel(), ", but they add up to ", total, ".");
  }
  Tensor starts = checked_starts(targets, target_lengths, classes, options.blank, where);
  Tensor x = contiguous(is_batch ? given : unsqueeze(given, 1));
  Tensor losses = losses_of(x, targets, starts, input_lengths, target_lengths, options.blank, where);
  if (options.zero_infinity) losses = xgrad::where(losses == std::numeric_limits<double>::infinity(), 0, losses);
  if (options.reduction == Reduction::mean) {
    Tensor lengths = clamp(cast(target_lengths, losses.dtype()), 1, std::nullopt);
    return mean(losses / reshape(lengths, {samples}));
  }
  if (options.reduction == Reduction::sum) return sum(losses);
  return is_batch ? losses : reshape(losses, {});
}

}  // namespace xgrad
