#include <xgrad/autograd/function.hpp>

#include <functional>
#include <string>

#include "../catch.hpp"

using namespace xgrad;
using Catch::Contains;

namespace {
int doubled(int x) { return 2 * x; }
}  // namespace

TEST_CASE("a Function holds lambdas, functions and std::functions", "[function]") {
  int offset = 3;
  CHECK(Function<int(int)>([offset](int x) { return x + offset; })(4) == 7);
  CHECK(Function<int(int)>(doubled)(4) == 8);
  CHECK(Function<int(int)>(std::function<int(int)>(doubled))(4) == 8);
  CHECK(Function<double(int)>(doubled)(4) == 8.0);
  int seen = 0;
  Function<void(int)>([&](int x) { return seen = x; })(5);
  CHECK(seen == 5);
}

TEST_CASE("an empty Function says so", "[function]") {
  int (*none)(int) = nullptr;
  for (const Function<int(int)>& f :
       {Function<int(int)>(), Function<int(int)>(nullptr), Function<int(int)>(none),
        Function<int(int)>(std::function<int(int)>()), Function<int(int)>(Function<short(int)>())}) {
    CHECK_FALSE(static_cast<bool>(f));
    CHECK_THROWS_WITH(f(1), Contains("Function: it must hold a callable, but it is empty."));
  }
}

TEST_CASE("copies of a Function share the callable, and it goes with the last of them", "[function]") {
  struct Counted {
    explicit Counted(int* alive) : alive(alive) { ++*alive; }
    Counted(const Counted& other) : Counted(other.alive) {}
    ~Counted() { --*alive; }
    int operator()(int x) { return x + ++calls; }
    int* alive;
    int calls = 0;
  };
  int alive = 0;
  {
    Function<int(int)> f = Counted(&alive);
    CHECK(alive == 1);
    Function<int(int)> copy = f;
    CHECK(alive == 1);
    CHECK(f(10) == 11);
    CHECK(copy(10) == 12);
    f = nullptr;
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("a Function is not made of what cannot be called as it is", "[function]") {
  struct Box {
    int value;
  };
  static_assert(!std::is_constructible_v<Function<int(Box)>, int Box::*>);
  static_assert(!std::is_constructible_v<Function<int(int)>, int>);
}
