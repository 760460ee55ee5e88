// Memory that runs out in the middle of an operator: whichever block is refused, forward or backward, the message names
// an operation, and nothing stays behind.
#include <xgrad/autograd/base/allocator.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops/random.hpp>

#include <set>
#include <string>

#include "../catch.hpp"
#include "op_table.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// The row's function on small inputs, and its gradient where it has one.
void run(const OperatorRow& row, std::span<const Tensor> inputs) {
  const Tensor y = row.function.call()(inputs);
  if (y.requires_grad()) sum(y).backward();
}

Tensor drawn(const OperatorInput& input, const Shape& shape, Generator& generator) {
  if (input.dtype == DType::boolean) return bernoulli(shape, 0.5, generator);
  if (input.dtype == DType::int64)
    return randint(static_cast<std::int64_t>(input.low), static_cast<std::int64_t>(input.high), shape, generator);
  return uniform(shape, input.low, input.high, {.dtype = input.dtype}, generator);
}

std::vector<Tensor> small_inputs(const OperatorRow& row) {
  Generator generator(1);
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    Tensor x = drawn(row.inputs[i], row.shapes.empty() ? Shape{3} : row.shapes[0][i], generator);
    if (row.order > 0 && is_floating(x.dtype())) x.set_requires_grad();
    inputs.push_back(x);
  }
  return inputs;
}

}  // namespace

TEST_CASE("a lack of memory names the operation in every row, and leaves nothing behind", "[op_table][memory]") {
  constexpr int kMost = 60;  // blocks of one row: what comes later is more of the same
  std::set<std::string> found;
  for (const OperatorRow& row : op_table()) {
    INFO(row.name);
    std::vector<Tensor> inputs = small_inputs(row);
    run(row, inputs);  // what is made once and stays
    for (Tensor& x : inputs) x.zero_grad();
    const memory::Stats before = memory::stats();
    for (int granted = 0; granted < kMost; ++granted) {
      std::string message;
      {
        internal::BlocksRefused scope(granted);
        try {
          run(row, inputs);
        } catch (const std::bad_alloc& error) {
          message = error.what();
        }
      }
      for (Tensor& x : inputs) x.zero_grad();
      if (message.empty()) break;
      if (message.starts_with("memory:")) found.insert(row.name);
      CHECK(memory::stats().storages == before.storages);
      CHECK(memory::stats().nodes == before.nodes);
    }
  }
  for (const std::string& name : found) FAIL_CHECK(name << ": a block was refused, and the message names no operation");
}
