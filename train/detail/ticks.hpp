// Where the marks of an axis stand, and what is written beside them.
#pragma once

#include <string>
#include <vector>

namespace xgrad::train::detail {

struct Tick {
  double value;
  std::string label;  // empty: a mark by itself
};

/// Round numbers within [low, high], about as many as `wanted`; whole ones alone where `whole`.
std::vector<Tick> linear_ticks(double low, double high, int wanted, bool whole);
/// Powers of ten, or of every second, third ...; where there are fewer than three of them, 2 and 5 times those, or
/// round numbers.
std::vector<Tick> log_ticks(double low, double high, int wanted);

/// Which part of the way from `low` to `high` a number stands at; high - low may be more than a double holds.
double share_of(double value, double low, double high);

/// A number for people: at most `digits` significant digits, 10^5 and more as 120k, 3.4M, small ones as 2.5e-7.
std::string readable(double value, int digits = 4);
/// How many digits readable() needs, at least `least`, to show two neighbours as two numbers.
int digits_between(double low, double high, int least = 4);

}  // namespace xgrad::train::detail
