#include <cmath>
#include <random>

#include "contender.hpp"

namespace bench {

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::minstd_rand engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> result(count);
  for (float& number : result) number = uniform(engine);
  return result;
}

std::vector<float> operands_of(Special function, std::int64_t count) {
  std::vector<float> x = numbers(count, 1);
  for (float& element : x) element = function == Special::erfinv ? 0.999f * element : 5 * element + 5.05f;
  return x;
}

std::vector<std::int64_t> places(std::int64_t count, std::int64_t bound, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::int64_t> result(count);
  for (std::int64_t& place : result) place = static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(bound));
  return result;
}

std::vector<std::int64_t> labels(std::int64_t count, std::int64_t classes) {
  std::vector<std::int64_t> result(count);
  for (std::int64_t i = 0; i < count; ++i) result[i] = i * 7919 % classes;
  return result;
}

std::vector<std::vector<float>> mlp_parameters(const std::vector<std::int64_t>& sizes) {
  std::vector<std::vector<float>> result;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    std::int64_t in = sizes[layer], out = sizes[layer + 1];
    for (std::int64_t count : {out * in, out}) {
      result.push_back(numbers(count, static_cast<unsigned>(result.size()) + 1));
      for (float& number : result.back()) number /= std::sqrt(static_cast<float>(in));
    }
  }
  return result;
}

}  // namespace bench
