#include "limits.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace xgrad::testing {

namespace {

/// Of sums in the reflection of the gamma function's family: what is left near its negative zeros is their difference.
double log_terms(double x) { return x < 0 ? std::max(1.0, std::abs(std::lgamma(1 - x))) : 0; }
double digamma_terms(double x) { return x < 0 ? std::max(4.0, std::log(1 - x)) : 0; }
/// The amplitude of waves that decay.
double wave(double x) { return std::min(1.0, 1 / std::sqrt(std::abs(x))); }

#define SCALE(expression) [](double x) -> double { return expression; }

const char* const kReflected = "below 0, near its zeros: units of the two terms that cancel there";
const char* const kWave = "near its zeros: units of the wave's amplitude";
const char* const kJump =
    "x times a power of ten is rounded to a float before it is rounded to a whole number, as in PyTorch: a jump apart";
const char* const kBell =
    "a quotient, an exponential and products of them: three roundings, more without fused multiply-add";
const char* const kThreshold =
    "where beta x is the threshold but for its rounding, which comes first, as in PyTorch: the step that is there";
const char* const kRoot = "near the derivative's zero: units of the terms that cancel there";

const std::map<std::string, Limits>& table() {
  static const std::map<std::string, Limits> kLimits = {
      {"lgamma", {.value_scale64 = log_terms, .slope_scale64 = digamma_terms, .reason = kReflected}},
      {"digamma", {.value_scale64 = digamma_terms, .reason = kReflected}},
      {"polygamma(0)", {.value_scale64 = digamma_terms, .reason = kReflected}},
      {"polygamma(1)",
       {.slope_scale32 = SCALE(x < 0 ? 16 : 0), .slope_scale64 = SCALE(x < 0 ? 16 : 0), .reason = kReflected}},
      {"polygamma(2)",
       {.value_scale32 = SCALE(x < 0 ? 16 : 0), .value_scale64 = SCALE(x < 0 ? 16 : 0), .reason = kReflected}},
      {"polygamma(5)", {.slope_scale64 = SCALE(x < 0 ? 92160 : 0), .reason = kReflected}},
      {"zeta(of a number)",
       {.value_scale32 = SCALE(x < 0 ? 8 : 0), .value_scale64 = SCALE(x < 0 ? 8 : 0), .reason = kReflected}},
      {"multigammaln",
       {.value_scale32 = SCALE(x < 6 ? 8 : 0),
        .slope_scale32 = SCALE(x < 6 ? 8 : 0),
        .value_scale64 = SCALE(x < 6 ? 8 : 0),
        .slope_scale64 = SCALE(x < 6 ? 8 : 0),
        .low = 1,
        .reason = "a sum of p terms, in units of 8 where they cancel; defined for x > (p - 1) / 2"}},
      {"i1e", {.slope_scale64 = SCALE(std::abs(x) < 16 ? 0.25 : 0), .reason = kRoot}},
      {"bessel_j0", {.value_scale64 = wave, .slope_scale64 = wave, .reason = kWave}},
      {"bessel_j1", {.value_scale64 = wave, .slope_scale64 = wave, .reason = kWave}},
      {"bessel_y0", {.value_scale64 = wave, .slope_scale64 = wave, .reason = kWave}},
      {"bessel_y1", {.value_scale64 = wave, .slope_scale64 = wave, .reason = kWave}},
      {"sinc", {.slope_scale64 = SCALE(std::min(1.0, 1 / std::abs(x))), .reason = kRoot}},
      {"entr", {.slope_scale64 = SCALE(x > 0.1 && x < 1 ? 1 : 0), .reason = kRoot}},
      {"mish", {.slope_scale64 = SCALE(std::abs(x + 1.19) < 0.5 ? 0.25 : 0), .reason = kRoot}},
      {"elu", {.value32 = 2.5, .slope32 = 2.5, .reason = "alpha times a rounded exponential"}},
      {"round(decimals)", {.value32 = HUGE_VAL, .reason = kJump}},
      {"round(to hundreds)", {.value32 = HUGE_VAL, .reason = kJump}},
      {"pow(of a number)",
       {.slope32 = 1.0 / 0.0,
        .slope64 = 1.0 / 0.0,
        .reason = "the derivative is made of the value, and infinite with it: from 0.92 of the largest number on"}},
      {"sigmoid", {.slope32 = 3, .reason = kBell}},
      {"tanh", {.slope32 = 3, .reason = kBell}},
      {"softplus", {.slope32 = 2.5, .reason = kBell}},
      {"softplus(beta)", {.value32 = 2.5, .slope32 = 2.5, .reason = std::string(kBell) + "; " + kThreshold}},
      {"erfc", {.value32 = 3.5, .reason = kBell}},
      {"silu",
       {.value32 = 2.5,
        .slope32 = 4,
        .slope_scale32 = SCALE(std::abs(x + 1.28) < 1 ? 0.25 : 0),
        .slope_scale64 = SCALE(std::abs(x + 1.28) < 1 ? 0.25 : 0),
        .reason = std::string(kBell) + "; " + kRoot}},
      {"gelu",
       {.value32 = 2.5,
        .slope_scale32 = SCALE(std::abs(x + 0.75) < 1 ? 0.25 : 0),
        .slope_scale64 = SCALE(std::abs(x + 0.75) < 1 ? 0.25 : 0),
        .reason = std::string(kBell) + "; " + kRoot}},
      {"gelu(tanh)",
       {.value32 = 2.5,
        .slope32 = 4,
        .slope_scale32 = SCALE(std::abs(x + 0.75) < 1 ? 0.25 : 0),
        .slope_scale64 = SCALE(std::abs(x + 0.75) < 1 ? 0.25 : 0),
        .reason = std::string(kBell) + "; " + kRoot}},
  };
  return kLimits;
}

}  // namespace

const Limits& limits_of(const std::string& row) {
  static const Limits kRule;
  const auto found = table().find(row);
  return found == table().end() ? kRule : found->second;
}

}  // namespace xgrad::testing
