#include "options_json.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "../optim.hpp"
#include "json_tree.hpp"
#include "restore.hpp"

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

// Whether a value of JSON is one of this kind; it is taken then.

using Json = nlohmann::json;

bool take(const Json& json, double& value) {
  if (json.is_string()) {
    // Not json == "inf": that makes a Json of the text within a noexcept function.
    const auto& text = json.get_ref<const std::string&>();
    if (text != "inf" && text != "-inf" && text != "nan") return false;
    value = text == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    if (text == "-inf") value = -value;
    return true;
  }
  if (!json.is_number()) return false;
  value = json.get<double>();
  return true;
}
bool take(const Json& json, std::same_as<bool> auto& value) {
  if (!json.is_boolean()) return false;
  value = json.get<bool>();
  return true;
}
template <class Integer>
requires std::same_as<Integer, int> || std::same_as<Integer, std::int64_t>
bool take(const Json& json, Integer& value) {
  constexpr auto kMost = std::numeric_limits<Integer>::max();
  if (!json.is_number_integer() || json < std::numeric_limits<Integer>::min() || json > kMost) return false;
  value = json.get<Integer>();
  return true;
}
bool take(const Json& json, std::pair<double, double>& value) {
  return json.is_array() && json.size() == 2 && take(json[0], value.first) && take(json[1], value.second);
}
template <class Enum>
bool take_one_of(const Json& json, Enum& value, std::initializer_list<Enum> all) {
  for (Enum one : all)
    if (json.is_string() && '"' + json.get<std::string>() + '"' == as_json(one)) {
      value = one;
      return true;
    }
  return false;
}
bool take(const Json& json, NonFinite& value) {
  return take_one_of(json, value, {NonFinite::proceed, NonFinite::skip, NonFinite::error});
}
bool take(const Json& json, LineSearch& value) {
  return take_one_of(json, value, {LineSearch::none, LineSearch::strong_wolfe});
}

/// Takes the values of "lr, betas" from one object. Answers with the name of the first that is of another kind, or
/// nothing.
std::string take_object(const Json& object, std::string_view names, auto&... values) {
  std::string wrong;
  auto take_one = [&](auto& value) {
    const std::size_t end = std::min(names.find(','), names.size());
    const auto found = object.find(std::string(names.substr(0, end)));
    if (found != object.end() && !take(*found, value) && wrong.empty()) wrong = names.substr(0, end);
    names.remove_prefix(std::min(end + 2, names.size()));
  };
  (take_one(values), ...);
  return wrong;
}

// ---- Options ----

// The names stand once, in the order of the struct. It does not compile where there are more or fewer than the struct
// has.
#define XGRAD_OPTIONS(Options, ...)                             \
  std::string as_json(const Options& options) {                 \
    const auto& [__VA_ARGS__] = options;                        \
    return as_object(#__VA_ARGS__, __VA_ARGS__);                \
  }                                                             \
  std::string take_from(const Json& object, Options& options) { \
    auto& [__VA_ARGS__] = options;                              \
    return take_object(object, #__VA_ARGS__, __VA_ARGS__);      \
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
bool write(const Optimizer& optimizer, const BaseRates& base_lrs, std::string& json) {
  const auto* own = dynamic_cast<const OptimizerOf<Options>*>(&optimizer);
  if (own == nullptr) return false;
  json = "[";
  for (int group = 0; group < own->group_count(); ++group) {
    json += (group == 0 ? "" : ",") + as_json(own->options(group));
    const auto at = static_cast<std::size_t>(group);
    if (at >= base_lrs.size() || !base_lrs[at]) continue;
    json.pop_back();
    json += ",\"base_lr\":" + as_json(*base_lrs[at]) + '}';
  }
  json += ']';
  return true;
}

/// Takes the list where the optimizer has options of this kind.
template <class Options>
bool take_list(Optimizer& optimizer, BaseRates& base_lrs, const Json& list, SourceLocation where) {
  auto* own = dynamic_cast<OptimizerOf<Options>*>(&optimizer);
  if (own == nullptr) return false;
  std::vector<Options> taken;
  BaseRates rates = base_lrs;
  rates.resize(static_cast<std::size_t>(own->group_count()));
  for (int group = 0; group < own->group_count(); ++group) {
    Options& options = taken.emplace_back(own->options(group));
    const Json& object = list[static_cast<std::size_t>(group)];
    const std::string wrong = take_from(object, options);
    check(
        wrong.empty(), where, optimizer.name(), ": the option '", wrong, "' of group ", group,
        " must be of the kind of this optimizer's ",
        [&] { return Json::parse(as_json(own->options(group)))[wrong].dump(); }, ", but it is ",
        [&] { return object[wrong].dump(); }, ". Nothing was changed.");
    Restore::check(*own, options, where);
    const auto base = object.find("base_lr");  // none where there was no schedule, and in older files
    if (base == object.end()) continue;
    double rate = 0;
    check(
        take(*base, rate) && std::isfinite(rate), where, optimizer.name(), ": 'base_lr' of group ", group,
        " must be a finite number, but it is ", [&] { return base->dump(); }, ". Nothing was changed.");
    rates[static_cast<std::size_t>(group)] = rate;
  }
  for (int group = 0; group < own->group_count(); ++group)
    Restore::options(*own, group, taken[static_cast<std::size_t>(group)], where);
  base_lrs.swap(rates);
  return true;
}

/// Calls `f` with each kind of options that the library has, until it answers true.
template <class... Options>
struct Kinds {
  static void try_each(const auto& f) { static_cast<void>((f.template operator()<Options>() || ...)); }
};
using AllKinds = Kinds<AdadeltaOptions, AdafactorOptions, AdagradOptions, AdamOptions, AdamWOptions, AdamaxOptions,
                       ASGDOptions, LBFGSOptions, LevenbergMarquardtOptions, LionOptions, MuonOptions, NAdamOptions,
                       NewtonCGOptions, RAdamOptions, RMSPropOptions, RpropOptions, SGDOptions>;

}  // namespace

std::string options_json(const Optimizer& optimizer, const BaseRates& base_lrs) {
  std::string json;
  AllKinds::try_each([&]<class Options>() { return write<Options>(optimizer, base_lrs, json); });
  return json;
}

void take_options(Optimizer& optimizer, BaseRates& base_lrs, const std::string& json, SourceLocation where) {
  // Longer than any such list is: the reader of a file that lies shall not fill the memory.
  constexpr std::size_t kMostOfGroup = 4096;
  const auto groups = static_cast<std::size_t>(optimizer.group_count());
  const std::size_t most = kMostOfGroup * (groups + 1);
  const JsonTree list = json.size() <= most ? parsed_json(json, 25 * most) : JsonTree(Json());
  bool is_list = list.is_array();
  for (std::size_t i = 0; is_list && i < list.size(); ++i) is_list = list[i].is_object();
  check(is_list, where, optimizer.name(),
        ": the state's options must be a JSON list with an object for each group, but they are ",
        json.size() <= 60 ? json : json.substr(0, 60) + "...", ". Nothing was changed.");
  check(list.size() == groups, where, optimizer.name(),
        ": the optimizer must have as many groups as the state, but it has ", groups, ", and the state ", list.size(),
        ". Nothing was changed.");
  AllKinds::try_each([&]<class Options>() { return take_list<Options>(optimizer, base_lrs, list, where); });
}

}  // namespace xgrad::optim
