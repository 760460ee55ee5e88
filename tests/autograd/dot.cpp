// to_dot(): the graph in Graphviz's language.
#include <regex>
#include <string>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"

using namespace xgrad;
using testing::message_of;
using testing::place;

namespace {

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("to_dot: operations, shapes, saved bytes, lines, variables by name", "[dot]") {
  Tensor w = ones({3, 2}, {.requires_grad = true});
  Tensor x = ones({4, 3});
  Tensor y = matmul(x, w);
  const int line = __LINE__ - 1;
  Tensor loss = sum(exp(y) + y);
  const std::string dot = to_dot(loss, {.names = {{"w \"quoted\" \\", w}}});
  CHECK(dot.rfind("digraph xgrad {", 0) == 0);
  CHECK(has(dot, "label=\"sum\\nfloat32 []"));
  CHECK(has(dot, "label=\"matmul\\nfloat32 [4, 2]\\nsaves 48 B\\n" + place(line) + "\""));  // x
  CHECK(has(dot, "\\nsaves 32 B"));                                                         // exp's result
  CHECK(has(dot, "label=\"w \\\"quoted\\\" \\\\\\nfloat32 [3, 2]\", shape=ellipse"));
  CHECK(count_of(dot, " -> ") == 5);    // w to matmul, that to exp and add, exp to add, add to sum
  CHECK(count_of(dot, "matmul") == 1);  // a node that is used twice is drawn once
  const std::string bare = to_dot(loss, {.saved = false, .places = false});
  CHECK_FALSE(has(bare, "saves"));
  CHECK_FALSE(has(bare, "dot.cpp"));
  CHECK(has(bare, "variable"));
}

TEST_CASE("to_dot: a large graph is bounded, a long one needs no stack", "[dot]") {
  Tensor x = ones({}, {.requires_grad = true});
  Tensor y = x;
  for (int i = 0; i < 200'000; ++i) y = y + x;
  const std::string dot = to_dot(y, {.max_nodes = 10});
  CHECK(count_of(dot, "label=\"add") == 10 - count_of(dot, "variable"));
  CHECK(has(dot, "The 10 operations nearest to the output;"));
  CHECK(has(dot, "label=\"...\""));
  CHECK(to_dot(y, {.max_nodes = 1'000'000}).size() > 10'000'000);
}

TEST_CASE("to_dot: several outputs, constants, graphs that are used up", "[dot]") {
  Tensor a = ones({4, 2}, {.requires_grad = true});
  auto [values, places] = max(a, 1);
  CHECK(has(to_dot(values), "float32 [4]"));
  CHECK(has(to_dot(ones({2})), "constant\\nfloat32 [2]"));
  Tensor loss = sum(a * a);
  loss.backward();
  CHECK(has(to_dot(loss), "used up by a backward pass"));
  CHECK(message_of<std::invalid_argument>([] {
          to_dot(Tensor());
        }).find("to_dot: the output must be a defined tensor, but it is default-constructed. at dot.cpp") == 0);
  CHECK(message_of<std::invalid_argument>([&] {
          to_dot(loss, {.max_nodes = 0});
        }).find("to_dot: max_nodes must be at least 1, but it is 0.") == 0);
}
