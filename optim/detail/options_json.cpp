#include "options_json.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <string_view>
#include <utility>

#include "../optim.hpp"

namespace xgrad::optim {
namespace {

// ---- Values ----

std::string as_json(double value) {
  char text[40];
  std::string json(text, std::to_chars(text, text + sizeof text, value).ptr);  // reads back as the same number
  return std::isfinite(value) ? json : '"' + json + '"';
}
std::string as_json(std::same_as<bool> auto value) { return value ? "true" : "false"; }
std::string as_json(std::int64_t value) { return std::to_string(value); }
std::string as_json(int value) { return std::to_string(value); }
std::string as_json(std::pair<double, double> value) {
  return '[' + as_json(value.first) + ',' + as_json(value.second) + ']';
}
std::string as_json(NonFinite value) {
  return value == NonFinite::proceed ? "\"proceed\"" : value == NonFinite::skip ? "\"skip\"" : "\"error\"";
}
std::string as_json(LineSearch value) { return value == LineSearch::none ? "\"none\"" : "\"strong_wolfe\""; }

/// The names "lr, betas" beside their values, as one object.
std::string as_object(std::string_view names, const auto&... values) {
  std::string json = "{";
  auto add = [&](const auto& value) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (json.size() > 1) json += ',';
    json += '"' + std::string(names.substr(0, end)) + "\":" + as_json(value);
    names.remove_prefix(std::min(end + 2, names.size()));
  };
  (add(values), ...);
  return json + '}';
}

// ---- Options ----

// The names stand once, in the order of the struct. It does not compile where there are more or fewer than the struct has.
#define XGRAD_OPTIONS(Options, ...)              \
  std::string as_json(const Options& options) {  \
    const auto& [__VA_ARGS__] = options;         \
    return as_object(#__VA_ARGS__, __VA_ARGS__); \
  }

XGRAD_OPTIONS(AdadeltaOptions, lr, rho, eps, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(AdafactorOptions, lr, beta2_decay, eps1, eps2, clip_threshold, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(AdagradOptions, lr, lr_decay, initial_accumulator_value, eps, eps_inside_root, weight_decay, maximize,
              nonfinite)
XGRAD_OPTIONS(AdamOptions, lr, betas, eps, eps_inside_root, amsgrad, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(AdamWOptions, lr, betas, eps, eps_inside_root, amsgrad, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(AdamaxOptions, lr, betas, eps, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(ASGDOptions, lr, lambd, alpha, t0, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(LBFGSOptions, lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search,
              nonfinite)
XGRAD_OPTIONS(LevenbergMarquardtOptions, lr, damping, max_tries, max_cg, tolerance_grad, nonfinite)
XGRAD_OPTIONS(LionOptions, lr, betas, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(MuonOptions, lr, momentum, nesterov, ns_steps, weight_decay, orthogonal, adamw_lr_factor, adamw_betas,
              adamw_eps, maximize, nonfinite)
XGRAD_OPTIONS(NAdamOptions, lr, betas, eps, weight_decay, momentum_decay, maximize, nonfinite)
XGRAD_OPTIONS(NewtonCGOptions, lr, initial_radius, acceptance, max_iter, max_cg, tolerance_grad, nonfinite)
XGRAD_OPTIONS(RAdamOptions, lr, betas, eps, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(RMSPropOptions, lr, alpha, eps, eps_inside_root, centered, momentum, weight_decay, maximize, nonfinite)
XGRAD_OPTIONS(RpropOptions, lr, etas, step_sizes, maximize, nonfinite)
XGRAD_OPTIONS(SGDOptions, lr, momentum, dampening, nesterov, weight_decay, maximize, nonfinite)

#undef XGRAD_OPTIONS

/// Writes the list where the optimizer has options of this kind.
template <class Options>
bool write(const Optimizer& optimizer, std::string& json) {
  const auto* own = dynamic_cast<const OptimizerOf<Options>*>(&optimizer);
  if (own == nullptr) return false;
  json = "[";
  for (int group = 0; group < own->group_count(); ++group)
    json += (group == 0 ? "" : ",") + as_json(own->options(group));
  json += ']';
  return true;
}

template <class... Options>
std::string written(const Optimizer& optimizer) {
  std::string json;
  static_cast<void>((write<Options>(optimizer, json) || ...));
  return json;
}

}  // namespace

std::string options_json(const Optimizer& optimizer) {
  return written<AdadeltaOptions, AdafactorOptions, AdagradOptions, AdamOptions, AdamWOptions, AdamaxOptions,
                 ASGDOptions, LBFGSOptions, LevenbergMarquardtOptions, LionOptions, MuonOptions, NAdamOptions,
                 NewtonCGOptions, RAdamOptions, RMSPropOptions, RpropOptions, SGDOptions>(optimizer);
}

}  // namespace xgrad::optim
