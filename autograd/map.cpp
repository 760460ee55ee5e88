#include "map.hpp"

#include <cstddef>
#include <utility>

#include "grad.hpp"
#include "ops/arithmetic.hpp"
#include "ops/cast.hpp"
#include "ops/detail/promote.hpp"
#include "ops/detail/result.hpp"
#include "ops/movement.hpp"
#include "ops/reduce.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// The operands of a map: one floating dtype, broadcast to one shape (views).
struct Mapped {
  std::vector<Tensor> inputs;
  Shape shape;
  DType dtype;
};

namespace {

Mapped prepare_map(const char* name, std::initializer_list<const Operand*> operands) {
  SourceLocation where = (*operands.begin())->where();
  Mapped mapped{.inputs = {}, .shape = {}, .dtype = to_floating(common_dtype(name, operands))};
  bool any_tensor = false;
  for (const Operand* operand : operands) {
    if (operand->is_number()) continue;
    const Tensor& x = operand->tensor(name);
    mapped.shape = broadcast_shapes(name, mapped.shape, x.shape(), where);
    any_tensor = true;
  }
  check(any_tensor, where, name, ": at least one operand must be a tensor, but all are numbers.");
  for (const Operand* operand : operands)
    mapped.inputs.push_back(operand->is_number() ? operand->number_as(mapped.dtype, name)
                                                 : cast_for(name, {operand->tensor(name), where}, mapped.dtype));
  return mapped;
}

/// Sum of the blocks' sums, pairwise.
double sum_pairwise(std::span<const double> values) {
  if (values.size() <= 8) {
    double sum = 0;
    for (double value : values) sum += value;
    return sum;
  }
  std::size_t half = values.size() / 2;
  return sum_pairwise(values.first(half)) + sum_pairwise(values.subspan(half));
}

/// x times a scalar tensor, written over x where nobody else has its elements; x itself where the scalar is 1.
Tensor scale(Tensor x, const Tensor& factor) {
  double number = factor.item();
  if (number == 1) return x;
  NoGrad no_grad;
  if (!owns_elements(x)) return x * number;
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    compute_into<T>(
        x, [number](Batch<T> x) { return x * number; }, x);
  });
  return x;
}

Uses uses_inputs(int count) {
  Uses all;
  for (int i = 0; i < count; ++i) all = all | Uses::input(i);
  return all;
}

/// Position of a dtype's kernel.
int kernel_of(DType dtype) { return dtype == DType::float64 ? 1 : 0; }

void run(Kernel kernel, const void* formula, const Shape& shape, std::span<const Tensor> outs,
         std::span<const Tensor> ins) {
  LoopOperand operands[kMaxOperands];
  int count = 0;
  for (const Tensor& out : outs) operands[count++] = {out.impl(), true, false};
  for (const Tensor& in : ins) operands[count++] = {in.impl(), false, true};
  run_kernel(kernel, formula, shape, {operands, static_cast<std::size_t>(count)});
}

std::vector<Tensor> new_tensors(int count, const Shape& shape, DType dtype) {
  std::vector<Tensor> tensors;
  tensors.reserve(count);
  for (int i = 0; i < count; ++i) tensors.push_back(new_tensor(shape, dtype));
  return tensors;
}

/// Gives the cotangents of the operands from the first one on, each summed to its operand's shape.
void give_summed(Vjp& vjp, std::span<const Tensor> cotangents) {
  for (int i = 0; i < static_cast<int>(cotangents.size()); ++i)
    if (vjp.needs(i)) vjp.give(i, sum_to(cotangents[i], vjp.shape(i)));
}

// ---- Rules: what they do, with a copy of the formula ----

using RuleOfFormula = void(Vjp& vjp, const MapKernels& kernels, const void* formula);

/// The copy of a formula without captures.
struct NoBytes {
  const void* get() const { return this; }
};
/// The copy of one whose bytes are all of it.
template <std::size_t kBytes>
struct Bytes {
  alignas(void*) std::byte bytes[kBytes];
  const void* get() const { return bytes; }
};
/// The copy of any other.
class OnHeap {
 public:
  OnHeap(const MapKernels& kernels, const void* formula) : formula_(kernels.copy(formula)), destroy_(kernels.destroy) {}
  OnHeap(OnHeap&& other) noexcept : formula_(std::exchange(other.formula_, nullptr)), destroy_(other.destroy_) {}
  OnHeap& operator=(OnHeap&&) = delete;
  ~OnHeap() {
    if (formula_ != nullptr) destroy_(formula_);
  }
  const void* get() const { return formula_; }

 private:
  void* formula_;
  void (*destroy_)(void*);
};

template <class Copy>
Rule rule_with(RuleOfFormula* work, const MapKernels& kernels, Copy copy) {
  return [work, &kernels, copy = std::move(copy)](Vjp& vjp) { work(vjp, kernels, copy.get()); };
}
template <std::size_t kBytes>
Rule rule_with_bytes(RuleOfFormula* work, const MapKernels& kernels, const void* formula) {
  Bytes<kBytes> copy;
  std::memcpy(copy.bytes, formula, kernels.bytes);
  return rule_with(work, kernels, copy);
}

Rule rule_of(RuleOfFormula* work, const MapKernels& kernels, const void* formula) {
  if (kernels.copy != nullptr) return rule_with(work, kernels, OnHeap(kernels, formula));
  if (kernels.bytes == 0) return rule_with(work, kernels, NoBytes());
  if (kernels.bytes <= 16) return rule_with_bytes<16>(work, kernels, formula);
  return rule_with_bytes<kMostFormulaBytes>(work, kernels, formula);
}

void second_order(Vjp& vjp, const MapKernels& kernels, const void* formula) {
  // In float64 whatever the dtype: second derivatives are rare, and each kernel is time that a user's file compiles.
  DType dtype = vjp.input(0).dtype();
  int inputs = kernels.results + kernels.operands;
  std::vector<Tensor> operands;
  for (int i = 0; i < inputs; ++i) operands.push_back(vjp.input(i));
  for (int i = 0; i < kernels.operands; ++i) operands.push_back(vjp.g(i));
  std::vector<Tensor> wide;
  for (const Tensor& operand : operands) wide.push_back(cast(operand.detach(), DType::float64));
  const Shape& shape = operands.back().shape();
  std::vector<Tensor> results = new_tensors(inputs, shape, DType::float64);
  run(kernels.second_order, formula, shape, results, wide);
  for (Tensor& result : results) result = cast(result, dtype);
  if (vjp.creates_graph())
    results = record("map_second_order", vjp.where(), operands, std::move(results), {}, [](Vjp& vjp) {
      fail<std::logic_error>(vjp.where(),
                             "map: a derivative must be of the first or second order, but one of the third is asked "
                             "for. Write the formula with operators on tensors for higher ones.");
    });
  give_summed(vjp, results);
}

void first_order(Vjp& vjp, const char* name, const MapKernels& kernels, const void* formula) {
  std::vector<Tensor> operands;
  for (int r = 0; r < kernels.results; ++r) operands.push_back(vjp.g(r));
  Shape shape;
  WantedOf wanted{formula, 0};
  for (int i = 0; i < kernels.operands; ++i) {
    operands.push_back(vjp.input(i));
    shape = broadcast_shapes(name, shape, operands.back().shape(), vjp.where());
    if (vjp.creates_graph() || vjp.needs(i)) wanted.wanted |= std::uint32_t{1} << i;
  }
  DType dtype = operands[0].dtype();
  std::vector<Tensor> cotangents = new_tensors(std::popcount(wanted.wanted), shape, dtype);
  run(kernels.cotangents[kernel_of(dtype)], &wanted, shape, cotangents, operands);
  if (vjp.creates_graph())
    return give_summed(
        vjp, record(name, vjp.where(), operands, std::move(cotangents),
                    {uses_inputs(kernels.results + kernels.operands)}, rule_of(second_order, kernels, formula)));
  int at = 0;
  for (int i = 0; i < kernels.operands; ++i)
    if (vjp.needs(i)) vjp.give(i, sum_to(cotangents[at++], vjp.shape(i)));
}

void map_rule(Vjp& vjp, const MapKernels& kernels, const void* formula) {
  first_order(vjp, "map_cotangents", kernels, formula);
}

/// The partial derivatives were taken with the value, and only have to be scaled.
void map_sum_rule(Vjp& vjp, const MapKernels& kernels, const void* formula) {
  if (vjp.creates_graph()) return first_order(vjp, "map_sum_cotangents", kernels, formula);
  for (int i = 0; i < kernels.operands; ++i)
    if (vjp.needs(i)) vjp.give(i, sum_to(scale(vjp.take_output(i + 1), vjp.g()), vjp.shape(i)));
}

}  // namespace

// ---- map() ----

std::vector<Tensor> map_forward(const MapKernels& kernels, const void* formula,
                                std::initializer_list<const Operand*> operands) {
  Mapped mapped = prepare_map("map", operands);
  SourceLocation where = (*operands.begin())->where();
  std::vector<Tensor> y;
  for (int r = 0; r < kernels.results; ++r) y.push_back(new_result("map", mapped.shape, mapped.dtype, where));
  run(kernels.value[kernel_of(mapped.dtype)], formula, mapped.shape, y, mapped.inputs);
  return record("map", where, mapped.inputs, std::move(y), {uses_inputs(kernels.operands)},
                rule_of(map_rule, kernels, formula));
}

Tensor map_to_one(const MapKernels& kernels, const void* formula, std::initializer_list<const Operand*> operands) {
  return std::move(map_forward(kernels, formula, operands)[0]);
}

// ---- map_sum() ----

struct MapSum::Tensors {
  SourceLocation where;
  Mapped mapped;
  std::vector<Tensor> dense;
  std::vector<Tensor> outputs;  // the sum, then the partial derivatives
  std::vector<double> sums;
};

MapSum::MapSum(std::initializer_list<const Operand*> operands)
    : tensors_(
          new Tensors{.where = (*operands.begin())->where(), .mapped = {}, .dense = {}, .outputs = {}, .sums = {}}) {
  try {
    Tensors& all = *tensors_;
    all.mapped = prepare_map("map_sum", operands);
    const Mapped& mapped = all.mapped;
    dtype = mapped.dtype;
    n = mapped.shape.numel();
    records = is_recording(mapped.inputs);
    all.outputs.push_back(new_tensor(Shape{}, dtype));
    for (const Tensor& x : mapped.inputs) {
      bool is_dense = x.is_contiguous() && x.numel() == n;
      all.dense.push_back(is_dense ? x : contiguous(expand(x.detach(), mapped.shape)));
      if (records) all.outputs.push_back(x.requires_grad() ? new_tensor(mapped.shape, dtype) : new_tensor({0}, dtype));
    }
    blocks = (n + kMapSumBlock - 1) / kMapSumBlock;
    all.sums.resize(static_cast<std::size_t>(blocks));
    sums = all.sums.data();
  } catch (...) {
    delete tensors_;
    throw;
  }
}

MapSum::~MapSum() { delete tensors_; }

const void* MapSum::operand(std::size_t k) const { return tensors_->dense[k].impl()->data; }

void* MapSum::partials(std::size_t k) const {
  return records && tensors_->mapped.inputs[k].requires_grad() ? tensors_->outputs[k + 1].impl()->data : nullptr;
}

Tensor MapSum::finish(const MapKernels& kernels, const void* formula) {
  Tensors& all = *tensors_;
  double sum = sum_pairwise(all.sums);
  dispatch_floating(dtype, [&]<class T>(T) { *data_of<T>(all.outputs[0]) = static_cast<T>(sum); });
  if (!records) return std::move(all.outputs[0]);
  const int count = static_cast<int>(all.dense.size());
  Uses uses = uses_inputs(count);
  for (int k = 1; k <= count; ++k) uses = uses | Uses::output(k);
  return std::move(record("map_sum", all.where, all.mapped.inputs, std::move(all.outputs), {uses},
                          rule_of(map_sum_rule, kernels, formula))[0]);
}

Tensor sum_of(const Tensor& x) { return sum(x); }

// ---- What the kernels call ----

void pad_lanes(void* const* operands, int first, int last, std::size_t offset, std::size_t bytes, void* room) {
  for (int k = first; k < last; ++k) {
    char* to = static_cast<char*>(room) + k * kLaneBytes;
    std::memset(to, 0, kLaneBytes);
    std::memcpy(to, static_cast<const char*>(operands[k]) + offset, bytes);
  }
}

void unpad_lanes(void* const* operands, int last, std::size_t offset, std::size_t bytes, const void* room) {
  for (int k = 0; k < last; ++k)
    std::memcpy(static_cast<char*>(operands[k]) + offset, static_cast<const char*>(room) + k * kLaneBytes, bytes);
}

}  // namespace internal
}  // namespace xgrad
