#include "lambda.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

using Factors = std::vector<Function<double(std::int64_t)>>;

void check_factors(const char* schedule, const Factors& factors, const Optimizer& optimizer, bool for_each,
                   SourceLocation where) {
  check(!for_each || factors.size() == static_cast<std::size_t>(optimizer.group_count()), where, schedule,
        ": there must be one function, or as many as there are groups (", optimizer.group_count(),
        "), but the number is ", factors.size(), '.');
  for (const auto& factor : factors)
    check<std::logic_error>(static_cast<bool>(factor), where, schedule,
                            ": a function must hold a callable, but one is empty.");
}

double factor_of(const char* schedule, const Factors& factors, int group, std::int64_t steps) {
  if (factors.size() == 1) return factors[0](steps);
  check(static_cast<std::size_t>(group) < factors.size(), {}, schedule,
        ": there must be a function for each group, but there ", "are ", factors.size(), " and a group ", group,
        ". Make a new schedule after add_group().");
  return factors[group](steps);
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, Function<double(std::int64_t)> factor, SourceLocation where)
    : TimedSchedule(optimizer), factors_{std::move(factor)} {
  check_factors(name(), factors_, optimizer, false, where);
  start(where);
}

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<Function<double(std::int64_t)>> factors, SourceLocation where)
    : TimedSchedule(optimizer), factors_(std::move(factors)) {
  check_factors(name(), factors_, optimizer, true, where);
  start(where);
}

double LambdaLR::next_lr(int group, double) const {
  return base_lr(group) * factor_of(name(), factors_, group, steps());
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, Function<double(std::int64_t)> factor, SourceLocation where)
    : TimedSchedule(optimizer), factors_{std::move(factor)} {
  check_factors(name(), factors_, optimizer, false, where);
  start(where);
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<Function<double(std::int64_t)>> factors,
                                   SourceLocation where)
    : TimedSchedule(optimizer), factors_(std::move(factors)) {
  check_factors(name(), factors_, optimizer, true, where);
  start(where);
}

double MultiplicativeLR::next_lr(int group, double current) const {
  return steps() == 0 ? current : current * factor_of(name(), factors_, group, steps());
}

// As a part of a sequence it goes on from the rate that it finds.
void MultiplicativeLR::begin(bool, SourceLocation where) { go_to(0, false, where); }

}  // namespace optim
}  // namespace xgrad
