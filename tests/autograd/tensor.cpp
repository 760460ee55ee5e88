#include <xgrad/autograd/tensor.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Contains;

TEST_CASE("a default-constructed tensor is undefined and says so", "[tensor]") {
  Tensor nothing;
  CHECK_FALSE(nothing.defined());
  CHECK_THROWS_WITH(nothing.shape(), Contains("shape: the tensor must be defined") && Contains("at tensor.cpp:"));
  CHECK_THROWS_WITH(nothing.size(0), Contains("size: the tensor must be defined") && Contains("at tensor.cpp:"));
  CHECK_THROWS_WITH(nothing.grad(), Contains("grad: the tensor must be defined") && Contains("at tensor.cpp:"));
  CHECK_THROWS_WITH(nothing - 1.0, Contains("sub: its operands must be defined tensors"));
  CHECK_THROWS_WITH(-nothing, Contains("neg: its operands must be defined tensors"));
  CHECK_THROWS_WITH(nothing + 1.0, Contains("add: its operands must be defined tensors") && Contains("at tensor.cpp:"));
}

TEST_CASE("copies name the same tensor", "[tensor]") {
  Tensor a = ones({2});
  Tensor b = a;
  CHECK(a.is_same(b));
  a.mutable_data<float>()[0] = 5;
  CHECK(b.to_vector<float>() == std::vector<float>{5, 1});
  Tensor moved = std::move(a);
  CHECK_FALSE(a.defined());
  CHECK(moved.is_same(b));
}

TEST_CASE("item converts the only element", "[tensor]") {
  CHECK(tensor({{2.5}}).item<double>() == 2.5);
  CHECK(tensor({{2.5}}).item<std::int64_t>() == 2);
  CHECK(tensor(true).item<bool>());
  CHECK(tensor(7).item() == 7.0);
  CHECK_THROWS_WITH(ones({2, 3}).item(), Contains("item: the tensor must have one element, but its shape is [2, 3]"));
}

TEST_CASE("to_vector reads any layout row-major and converts", "[tensor]") {
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  CHECK(transpose(x).to_vector<double>() == std::vector<double>{1, 4, 2, 5, 3, 6});
  CHECK(flip(x, 1).to_vector<float>() == std::vector<float>{3, 2, 1, 6, 5, 4});
  CHECK(zeros({0, 3}).to_vector<float>().empty());
}

TEST_CASE("data demands its dtype and a contiguous tensor", "[tensor]") {
  Tensor x = ones({2, 3});
  CHECK(x.data<float>()[5] == 1);
  CHECK_THROWS_WITH(x.data<double>(), Contains("dtype must be float64, but it is float32"));
  CHECK_THROWS_WITH(transpose(x).data<float>(), Contains("must be contiguous") && Contains("[3, 2]"));
}

TEST_CASE("size counts negative axes from the last and checks them", "[tensor]") {
  Tensor x = ones({2, 3});
  CHECK(x.size(-1) == 3);
  CHECK(x.size(0) == 2);
  CHECK_THROWS_AS(x.size(2), std::out_of_range);
  CHECK_THROWS_WITH(x.size(-3), Contains("axis must be in [-2, 1], but it is -3. at tensor.cpp:"));
}

TEST_CASE("contiguity ignores the strides of axes of extent 1", "[tensor]") {
  Tensor x = ones({4, 1});
  CHECK(transpose(x).is_contiguous());
  CHECK_FALSE(transpose(ones({4, 2})).is_contiguous());
  CHECK(transpose(zeros({0, 2})).is_contiguous());
}

TEST_CASE("assign writes in place, broadcasts and casts", "[tensor]") {
  Tensor x = zeros({2, 3});
  Tensor alias = x;
  x.assign(tensor({1, 2, 3}));
  CHECK(alias.to_vector<float>() == std::vector<float>{1, 2, 3, 1, 2, 3});
  Tensor column = x[{ellipsis, 1}];
  column.assign(tensor(9.0));
  CHECK(alias.to_vector<float>() == std::vector<float>{1, 9, 3, 1, 9, 3});
}

TEST_CASE("assign reads its source before it writes", "[tensor]") {
  Tensor x = tensor({1, 2, 3, 4});
  x.assign(flip(x, 0));
  CHECK(x.to_vector<float>() == std::vector<float>{4, 3, 2, 1});
}

TEST_CASE("assign reads its source before it writes, where both borrow one array", "[tensor]") {
  std::vector<double> array(100);
  std::iota(array.begin(), array.end(), 0);
  auto borrowed = [&] {
    return internal::new_foreign(array.data(), {100}, {1}, DType::float64, array.data(), nullptr);
  };
  Tensor t = borrowed(), u = borrowed();
  t[slice(1, 100)].assign(u[slice(0, 99)]);
  for (std::size_t i = 1; i < 100; ++i) CHECK(array[i] == static_cast<double>(i - 1));
  t.assign(flip(u, 0));
  CHECK(array[0] == 98);
  CHECK(array[99] == 0);
  for (std::size_t i = 0; i < 99; ++i) CHECK(array[i] == static_cast<double>(98 - i));
  borrowed().assign(7);  // gone at the end of the line, but the array is not
  CHECK(array == std::vector<double>(100, 7));
}

TEST_CASE("assign refuses what does not fit", "[tensor]") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_WITH(x.assign(ones({2})), Contains("assign: the value must broadcast to [2, 3], but its shape is [2]"));
  Tensor leaf = ones({2}).set_requires_grad();
  Tensor made = leaf * 2;
  CHECK_THROWS_AS(made.assign(ones({2})), std::logic_error);
  CHECK_THROWS_WITH(made.mutable_data<float>(), Contains("must be a leaf, but 'mul' made it"));
}

namespace {
template <class T>
concept CanBeLoopedOver = requires(T x) {
  x.begin();
};
template <class T>
concept CanBeConcatenated = requires(T x) {
  concat({x, x});
};
template <class T>
concept TakesBracesForPlace = requires(T x) {
  x.size(0, {"file", 1});
};
}

TEST_CASE("what looks as if it wrote or looped does not compile", "[tensor]") {
  STATIC_REQUIRE(!std::is_assignable_v<Tensor, double>);  // x[0] = 1
  STATIC_REQUIRE(!std::is_assignable_v<Tensor, Tensor>);
  STATIC_REQUIRE(std::is_assignable_v<Tensor&, Tensor>);
  STATIC_REQUIRE(!CanBeLoopedOver<Tensor>);    // for (auto row : x)
  STATIC_REQUIRE(!CanBeConcatenated<Tensor>);  // cat
  STATIC_REQUIRE(!TakesBracesForPlace<Tensor>);
}

TEST_CASE("only floating leaves can require gradients", "[tensor]") {
  CHECK_THROWS_WITH(tensor({1, 2}).set_requires_grad(), Contains("only float32 and float64") && Contains("int64"));
  Tensor x = ones({2}).set_requires_grad();
  CHECK(x.requires_grad());
  CHECK(x.is_leaf());
  Tensor y = x * 2;
  CHECK_FALSE(y.is_leaf());
  CHECK(std::string(y.operation()) == "mul");
  CHECK_THROWS_AS(y.set_requires_grad(false), std::logic_error);
  CHECK_FALSE(y.detach().requires_grad());
  CHECK(y.detach().data<float>() == y.data<float>());
}

TEST_CASE("set_grad checks shape and dtype", "[tensor]") {
  Tensor x = ones({2}).set_requires_grad();
  CHECK_THROWS_WITH(x.set_grad(ones({3})), Contains("must be float32 [2] as the tensor, but it is float32 [3]"));
  x.set_grad(ones({2}));
  CHECK(x.grad().defined());
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  CHECK_THROWS_AS(ones({2}).set_grad(ones({2})), std::logic_error);
  CHECK_THROWS_WITH(ones({2}).set_grad(ones({2})),
                    Contains("set_grad: the tensor must require a gradient, but it does not. Call"));
}

TEST_CASE("numbers take the other operand's dtype", "[tensor][promotion]") {
  CHECK((2.0 * ones({2})).dtype() == DType::float32);
  CHECK((2 * ones({2}, {.dtype = DType::float64})).dtype() == DType::float64);
  CHECK((tensor({1, 2}) + 1).dtype() == DType::int64);
  CHECK((tensor({1, 2}) + 1.5).dtype() == DType::float32);
  CHECK((tensor({true, false}) + 1).dtype() == DType::int64);
}

TEST_CASE("mixed tensors promote as in NumPy and PyTorch", "[tensor][promotion]") {
  Tensor b = tensor({true, false}), i = tensor({1, 2}), f = ones({2}), d = ones({2}, {.dtype = DType::float64});
  CHECK((b + i).dtype() == DType::int64);
  CHECK((i + f).dtype() == DType::float32);
  CHECK((f + d).dtype() == DType::float64);
  CHECK((b + b).dtype() == DType::boolean);
  CHECK((i / i).dtype() == DType::float32);
}

TEST_CASE("a scalar tensor weighs less than one with axes, but more than a number", "[tensor][promotion]") {
  Tensor scalar64 = full({}, 2, {.dtype = DType::float64});
  CHECK((ones({2}) + scalar64).dtype() == DType::float32);
  CHECK((tensor({1, 2}) + scalar64).dtype() == DType::float64);
  CHECK((scalar64 + 1.5).dtype() == DType::float64);
  CHECK((tensor(1) + 1.5).dtype() == DType::float32);
}

TEST_CASE("a promoted operand's gradient comes back in its own dtype", "[tensor][promotion]") {
  Tensor x = ones({2}).set_requires_grad();
  Tensor y = sum(x * full({2}, 3, {.dtype = DType::float64}));
  CHECK(y.dtype() == DType::float64);
  Tensor g = grad(y, x);
  CHECK(g.dtype() == DType::float32);
  CHECK(g.to_vector<float>() == std::vector<float>{3, 3});
}

TEST_CASE("an error names the line where the operator stands", "[tensor][errors]") {
  Tensor a = ones({2, 3}), b = ones({4});
  int line = __LINE__ + 1;
  CHECK_THROWS_WITH(a + b, Contains("tensor.cpp:" + std::to_string(line)));
  CHECK_THROWS_WITH(a + b, Contains("add: shapes must broadcast, but [2, 3] and [4] differ in axis -1 (3 and 4"));
}

TEST_CASE("a shape has at most eight axes", "[tensor][errors]") {
  CHECK_THROWS_WITH(ones({1, 1, 1, 1, 1, 1, 1, 1, 1}),
                    Contains("shape: a tensor has at most 8 axes, but 9 were given. at tensor.cpp:"));
  std::vector<std::int64_t> extents(9, 1);
  int line = __LINE__ + 1;
  CHECK_THROWS_WITH(Shape(extents), Contains("tensor.cpp:" + std::to_string(line)));
  Shape shape{1, 1, 1, 1, 1, 1, 1, 2};
  line = __LINE__ + 1;
  auto push = [&] { shape.push_back(1); };
  CHECK_THROWS_WITH(
      push(), Contains("but [1, 1, 1, 1, 1, 1, 1, 2] was to have one more. at tensor.cpp:" + std::to_string(line)));
  CHECK_THROWS_AS(unsqueeze(ones({1, 1, 1, 1, 1, 1, 1, 1}), 0), std::invalid_argument);
}

TEST_CASE("item and to_vector refuse what a type cannot hold", "[tensor][errors]") {
  Tensor nan = tensor(std::nan("")), large = tensor(3e9), odd = from_vector(std::vector<std::int64_t>{(1LL << 53) + 1});
  CHECK_THROWS_WITH(nan.item<int>(), Contains("item: an int64 must hold the number, but it is nan. at tensor.cpp:"));
  CHECK_THROWS_AS(tensor(1e30).item<std::int64_t>(), std::invalid_argument);
  CHECK_THROWS_WITH(large.item<int>(), Contains("item: the type asked for must hold the number, but it is 3000000000"));
  CHECK_THROWS_AS(tensor(-1).item<std::size_t>(), std::invalid_argument);
  CHECK(large.item<std::int64_t>() == 3'000'000'000);
  CHECK_THROWS_AS(tensor(1e300, {.dtype = DType::float64}).item<int>(), std::invalid_argument);
  // A finite number that would become infinite; what is rounded, infinite or nan passes.
  auto as_float = [](double number) { return tensor(number, {.dtype = DType::float64}).item<float>(); };
  CHECK_THROWS_WITH(as_float(1e300), Contains("item: float32 must hold the number, but it is 1e+300") &&
                                         Contains("item<double>(). at tensor.cpp:"));
  CHECK_THROWS_AS(as_float(-3.5e38), std::invalid_argument);
  CHECK(as_float(0.1) == 0.1f);
  CHECK(as_float(1e-300) == 0);
  CHECK(as_float(3.4028235e38) == std::numeric_limits<float>::max());
  CHECK(as_float(-std::numeric_limits<double>::infinity()) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(as_float(std::nan(""))));
  CHECK_THROWS_WITH(odd.item(), Contains("float64 must hold the number, but it is 9007199254740993") &&
                                    Contains("item<std::int64_t>()"));
  CHECK(odd.item<std::int64_t>() == (1LL << 53) + 1);
  CHECK(tensor(1LL << 53).item() == 0x1p53);
  CHECK_THROWS_AS(from_vector(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max()}).item(),
                  std::invalid_argument);
  CHECK_THROWS_AS(nan.to_vector<std::int64_t>(), std::invalid_argument);
  CHECK_THROWS_WITH(large.to_vector<int>(), Contains("to_vector: the type asked for must hold the number"));
  CHECK(tensor({2.7, -2.7}).to_vector<int>() == std::vector<int>{2, -2});
}

TEST_CASE("a number that no int64 holds is refused", "[tensor][errors]") {
  Tensor i = tensor({1, 2});
  CHECK_THROWS_WITH(i + ~std::uint64_t{0}, Contains("an int64 must hold an integer, but it is 18446744073709551615") &&
                                               Contains("at tensor.cpp:"));
  CHECK_THROWS_WITH(i.assign(std::nan("")), Contains("an int64 must hold the number, but it is nan"));
  CHECK(i.to_vector<int>() == std::vector<int>{1, 2});
}

TEST_CASE("elements that share memory cannot be written one by one", "[tensor][errors]") {
  Tensor row = expand(tensor({{1.}, {2.}}), {2, 3});
  CHECK_THROWS_WITH(
      row.assign(tensor({1., 2., 3.})),
      Contains("assign: each element that is written must have a place of its own, but those along axis 1 "
               "of [2, 3] share one") &&
          Contains("at tensor.cpp:"));
  CHECK(row.to_vector<int>() == std::vector<int>{1, 1, 1, 2, 2, 2});
  expand(tensor({{1.}}), {1, 1}).assign(2.0);
}

TEST_CASE("an empty hook is refused", "[tensor][errors]") {
  CHECK_THROWS_WITH(ones({2}).set_requires_grad().add_hook(Function<Tensor(const Tensor&)>()),
                    Contains("add_hook: the hook must be callable"));
}

TEST_CASE("an axis beyond int is out of range, not another axis", "[tensor][errors]") {
  Tensor x = ones({2, 3});
  CHECK_THROWS_AS(sum(x, 4294967297LL), std::out_of_range);
  CHECK_THROWS_AS(sum(x, -4294967297LL), std::out_of_range);
  CHECK_THROWS_AS(sum(x, {0, std::uint64_t{1} << 63}), std::out_of_range);
  CHECK(sum(x, std::uint64_t{1}).shape() == Shape{2});
}

TEST_CASE("a nan in a message has no sign", "[tensor][errors]") {
  CHECK(concat(-std::nan("")) == "nan");
  CHECK(concat(std::nan(""), ' ', -0.5) == "nan -0.5");
}

TEST_CASE("where_safe names the caller's line in its errors and nodes", "[tensor][errors]") {
  Tensor x = tensor({-1., 4.}).set_requires_grad();
  auto root = [](const Tensor& x) { return sqrt(x); };
  auto half = [](const Tensor& x) { return x / 2; };
  const std::string here = "tensor.cpp:";
  int line = __LINE__ + 1;
  auto call = [&] { where_safe(x, root, half, x); };
  CHECK_THROWS_WITH(call(), Contains("must be boolean") && Contains(here + std::to_string(line)));
  Tensor none;
  line = __LINE__ + 1;
  CHECK_THROWS_WITH(where_safe(x > 0, root, half, none), Contains(here + std::to_string(line)));

  Tensor mask = tensor({true, false});
  line = __LINE__ + 1;
  Tensor y = where_safe(mask, root, half, x);
  mask.assign(false);
  CHECK_THROWS_WITH(sum(y).backward(), Contains(here + std::to_string(line)));
}

TEST_CASE("a shape's axes are counted from both ends, and none beyond", "[tensor][shape]") {
  Shape shape{2, 3, 4};
  CHECK(shape[-1] == 4);
  CHECK(shape[-3] == 2);
  CHECK(shape.back() == 4);
  CHECK_THROWS_WITH(shape[3], Contains("shape: the axis must be in [-3, 2], but it is 3 and the shape is [2, 3, 4]."));
  CHECK_THROWS_AS(shape[-4], std::out_of_range);
  CHECK_THROWS_AS(Shape{}.back(), std::out_of_range);
  CHECK_THROWS_AS(shape.insert(4, 1), std::out_of_range);
  CHECK_THROWS_AS(shape.insert(-1, 1), std::out_of_range);
  CHECK_THROWS_AS(shape.erase(3), std::out_of_range);
  CHECK_THROWS_AS(shape.resize(kMaxDims + 1), std::invalid_argument);
  CHECK(shape == Shape{2, 3, 4});
}

TEST_CASE("an extent of 0 does not hide that the others overflow", "[tensor][shape]") {
  std::int64_t large = std::int64_t{1} << 40;
  CHECK_THROWS_AS((Shape{0, large, large}.numel()), std::invalid_argument);
  CHECK_THROWS_AS((Shape{large, large, 0}.numel()), std::invalid_argument);
  CHECK(Shape{large, 0}.numel() == 0);
}

TEST_CASE("assign to a tensor without elements writes nothing", "[tensor]") {
  Tensor x = expand(ones({0, 1}), {0, 3});
  x.assign(1);
  CHECK(x.numel() == 0);
}

TEST_CASE("conversions are named by what was called", "[tensor][errors]") {
  Tensor whole = zeros({2}, {.dtype = DType::int64});
  CHECK_THROWS_WITH(whole.assign(std::nan("")), Contains("assign: an int64 must hold the number"));
  CHECK_THROWS_WITH(whole.assign(tensor({1e30, 1.})), Contains("assign: an int64 must hold each element"));
  CHECK_THROWS_WITH(full({2}, std::nan("")).to_vector<int>(), Contains("to_vector: an int64 must hold each element"));
}
