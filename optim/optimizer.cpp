#include "optimizer.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "../autograd/base/overlap.hpp"
#include "../autograd/base/parallel.hpp"
#include "../autograd/engine/node.hpp"
#include "../autograd/grad.hpp"
#include "../autograd/kernels/elementwise.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/compare.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/reduce.hpp"
#include "detail/options_json.hpp"
#include "detail/shown.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

// Work is counted in elements. These are measured.
constexpr std::int64_t kCallWork = 400;         // what a call of each() costs beside its elements
constexpr std::int64_t kWorkGrain = 32 * 1024;  // less is not worth waking a thread
// Less than this in all stays on one thread, where the next pass finds it in the core's cache. To fetch it from another
// core's costs more than a second thread saves.
constexpr std::int64_t kCacheWork = 128 * 1024;

constexpr const char* kFormatVersion = "1";

/// Whether each() splits a parameter of this size over the threads itself.
bool is_large(const Tensor& parameter) { return parameter.numel() >= 2 * internal::kElementwiseGrain; }

bool fits(const Tensor& tensor, const Kept& kept) {
  if (!tensor.defined() || tensor.dtype() != kept.dtype || tensor.ndim() != kept.shape.ndim()) return false;
  for (int axis = kept.is_rows ? 1 : 0; axis < kept.shape.ndim(); ++axis)
    if (tensor.size(axis) != kept.shape[axis]) return false;
  return true;
}

Tensor start_of(const Kept& kept) { return full(kept.shape, kept.start, {.dtype = kept.dtype}); }

/// Whether two tensors share memory in another way than that both are the same elements in the same order.
bool overlaps_otherwise(const internal::TensorImpl& x, const internal::TensorImpl& y) {
  return (x.data != y.data || x.strides != y.strides) && may_overlap(x, y);
}

/// "missing: a, b; ": the first few of many; empty where there are none.
std::string listed(std::string_view kind, const std::vector<std::string>& entries) {
  constexpr std::size_t kShown = 3;
  if (entries.empty()) return "";
  std::string text(kind);
  for (std::size_t i = 0; i < std::min(entries.size(), kShown); ++i) text += (i == 0 ? ": " : ", ") + entries[i];
  if (entries.size() > kShown) text += concat(" and ", entries.size() - kShown, " more");
  return text + "; ";
}

/// Room for `count` elements, and for more than one step of them: groups come one by one.
void make_room(auto& list, std::size_t count) {
  if (count > list.capacity()) list.reserve(std::max(count, 2 * list.capacity()));
}

/// A set to which entries are added that are taken out again, unless keep() is called.
template <class Set>
class Additions {
 public:
  using T = typename Set::value_type;

  explicit Additions(Set& set) : set_(set) {}
  ~Additions() {
    for (const T* entry : added_) set_.erase(set_.find(*entry));
  }
  Additions(const Additions&) = delete;
  Additions& operator=(const Additions&) = delete;

  /// Whether it was not there.
  bool add(const T& entry) {
    make_room(added_, added_.size() + 1);
    const auto [place, is_new] = set_.insert(entry);
    if (is_new) added_.push_back(&*place);
    return is_new;
  }
  void keep() { added_.clear(); }

 private:
  Set& set_;
  std::vector<const T*> added_;
};

internal::Addresses addresses_of(const Tensor& parameter) {
  const internal::TensorImpl& x = *parameter.impl();
  return internal::addresses_of({x.data, static_cast<std::int64_t>(size_of(x.dtype)), x.shape, x.strides});
}

/// Which of the parameters that were given has elements in common with this one. Elements may have moved since
/// (Module::to): places, none of more than `longest` bytes, say only whom to ask.
template <class Places, class TensorAt>
std::optional<std::size_t> sharing_with(const Tensor& parameter, internal::Addresses bytes, const Places& places,
                                        std::uintptr_t longest, const TensorAt& tensor_at) {
  const std::uintptr_t from = bytes.begin - std::min(bytes.begin, longest);
  for (auto place = places.lower_bound({{from, 0}, 0}); place != places.end(); ++place) {
    if (place->bytes.begin >= bytes.end) break;
    if (may_overlap(*parameter.impl(), *tensor_at(place->parameter).impl())) return place->parameter;
  }
  return {};
}

}  // namespace

struct Optimizer::Bookkeeping {
  // To find what is given twice.
  std::unordered_set<const void*> held;
  std::unordered_set<std::string> names, names_of_groups;
  /// Where a parameter's elements were in memory when it was given.
  struct Place {
    internal::Addresses bytes;
    std::size_t parameter;
    bool operator<(const Place& other) const {
      return bytes.begin != other.bytes.begin ? bytes.begin < other.bytes.begin : parameter < other.parameter;
    }
  };
  std::set<Place> places;
  std::uintptr_t longest_place = 0;  // at least the bytes of each
  // By parameter.
  std::vector<bool> named;  // whether the name was given
  // The dtype for which its state is known to have all that its group's options ask for.
  std::vector<std::optional<DType>> complete_for;
  std::vector<int> groups;
  std::vector<std::int64_t> work_before;  // the work of those before it that are stepped side by side
  std::int64_t shared_work = 0;           // of all of those
  std::int64_t total_work = 0;            // of all parameters
  // By group.
  std::vector<std::size_t> group_ends;
  std::vector<std::string> group_names;
  std::vector<std::optional<double>> base_lrs;  // as far as schedules have seen them

  /// Calls work(i) for each parameter, unrecorded: large ones are split over the threads one by one, the others shared
  /// out whole.
  template <class Work>
  void for_each(const std::vector<Tensor>& parameters, SourceLocation where, const Work& work) const {
    std::optional<internal::OneThread> one_thread;
    if (total_work < kCacheWork) one_thread.emplace();
    {
      CallSite site(where);
      NoGrad no_grad;
      for (std::size_t i = 0; i < parameters.size(); ++i)
        if (is_large(parameters[i])) work(i);
    }
    internal::parallel_for(shared_work, kWorkGrain, [&](std::int64_t begin, std::int64_t end) {
      // An update may be written with operators: each thread must be told that they are not to be recorded.
      CallSite site(where);
      NoGrad no_grad;
      const auto first = std::lower_bound(work_before.begin(), work_before.end(), begin);
      for (auto i = static_cast<std::size_t>(first - work_before.begin()); i < parameters.size(); ++i) {
        if (work_before[i] >= end) break;
        if (!is_large(parameters[i])) work(i);
      }
    });
  }
};

Optimizer::Optimizer() = default;
Optimizer::~Optimizer() = default;

int Optimizer::group_count() const { return static_cast<int>(bookkeeping_->group_ends.size()); }
std::size_t Optimizer::group_begin(int group) const { return group == 0 ? 0 : bookkeeping_->group_ends[group - 1]; }
std::vector<std::optional<double>>& Optimizer::base_lrs() { return bookkeeping_->base_lrs; }

void Optimizer::zero_grad() {
  for (Tensor& parameter : parameters_) parameter.zero_grad();
}

void Optimizer::step(SourceLocation where) {
  // All that can fail comes before the first write. The thread that steps a parameter also checks it, takes its
  // gradient and lets go of it: what counts the gradient's holders would travel from core to core otherwise.
  std::vector<Tensor> gradients(parameters_.size());
  std::atomic<bool> are_complete = true;
  bookkeeping_->for_each(parameters_, where, [this, where, &gradients, &are_complete](std::size_t i) {
    gradients[i] = parameters_[i].grad();
    if (!gradients[i].defined()) return;
    check_gradient(i, gradients[i], where);
    if (bookkeeping_->complete_for[i] != parameters_[i].impl()->dtype)
      are_complete.store(false, std::memory_order_relaxed);
  });
  std::vector<Completed> completed;
  for (std::size_t i = 0; i < parameters_.size() && !are_complete; ++i)
    if (gradients[i].defined() && bookkeeping_->complete_for[i] != parameters_[i].impl()->dtype)
      completed.push_back({i, completed_state(i, where)});
  if (!gradients_are_finite(gradients, where)) return;
  std::vector<std::pair<std::size_t, std::vector<Tensor>>> prepared_ones;
  if (prepares()) {
    CallSite site(where);
    NoGrad no_grad;
    auto next = completed.begin();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      const bool is_new = next != completed.end() && next->parameter == i;
      std::vector<Tensor> made =
          prepared(bookkeeping_->groups[i], i, gradients[i], is_new ? (next++)->state : states_[i]);
      if (!made.empty()) prepared_ones.emplace_back(i, std::move(made));
    }
  }
  for (Completed& one : completed) {
    states_[one.parameter] = std::move(one.state);
    bookkeeping_->complete_for[one.parameter] = parameters_[one.parameter].impl()->dtype;
  }

  for (auto& [i, made] : prepared_ones) states_[i].prepared = std::move(made);

  bookkeeping_->for_each(parameters_, where, [this, &gradients](std::size_t i) {
    if (!gradients[i].defined()) return;
    step_parameter(bookkeeping_->groups[i], i, gradients[i]);
    gradients[i] = Tensor();
  });
}

Tensor Optimizer::step(const Function<Tensor()>& loss, SourceLocation where) {
  Tensor value = loss_with_gradients(loss, where);
  step(where);
  return value;
}

std::vector<Tensor> Optimizer::reachable() const {
  std::vector<Tensor> reached;
  for (const Tensor& parameter : parameters_)
    if (parameter.requires_grad()) reached.push_back(parameter);
  return reached;
}

Tensor Optimizer::loss_of(const Function<Tensor()>& loss, SourceLocation where) const {
  check(static_cast<bool>(loss), where, name(), ": the closure must be callable, but it is empty.");
  Tensor value = loss();
  check(
      value.defined() && value.numel() == 1, where, name(),
      ": the closure must return a loss of one element, but it is ", [&] { return shown(value); }, '.');
  check<std::logic_error>(value.requires_grad(), where, name(),
                          ": the loss must require a gradient, but it does not. Compute it outside of NoGrad from "
                          "parameters that are not all frozen.");
  check_not_used_up(value, where);
  return value;
}

void Optimizer::check_not_used_up(const Tensor& answer, SourceLocation where) const {
  const internal::Node* node = answer.impl()->node.get();
  if (node == nullptr || !node->freed) [[likely]]
    return;
  fail<std::logic_error>(where, concat(name(),
                                       ": the closure must not call backward(), for step() does, but the graph "
                                       "of its answer is used up. Compute it anew in each call."));
}

Tensor Optimizer::loss_with_gradients(const Function<Tensor()>& loss, SourceLocation where) {
  const Tensor value = loss_of(loss, where);
  zero_grad();
  value.backward({}, where);
  return value.detach();
}

void Optimizer::check_one_dtype(SourceLocation where) const {
  for (std::size_t i = 1; i < parameters_.size(); ++i)
    check(
        parameters_[i].dtype() == parameters_[0].dtype(), where, name(),
        ": all parameters must have one dtype, but parameter ", [&] { return described(i); }, " is ",
        parameters_[i].dtype(), " and the first is ", parameters_[0].dtype(), '.');
}

void Optimizer::fail_without_closure(SourceLocation where) const {
  fail<std::logic_error>(where, concat(name(),
                                       ": a step needs the closure that computes the loss, but step() was called "
                                       "without one. Write step([&] { return loss; })."));
}

void Optimizer::check_loaded(const std::vector<State>&, SourceLocation) const {}

std::span<const Tensor> Optimizer::group(int index, SourceLocation where) const {
  check_group(index, where);
  return {parameters_.data() + group_begin(index), parameters_.data() + bookkeeping_->group_ends[index]};
}

void Optimizer::set_lr(double lr, SourceLocation where) {
  for (int group = 0; group < group_count(); ++group) set_group_lr(group, lr, where);
}

void Optimizer::scale_lr(double factor, SourceLocation where) {
  std::vector<double> before;
  for (int group = 0; group < group_count(); ++group) before.push_back(lr(group, where));
  int group = 0;
  try {
    for (; group < group_count(); ++group) set_group_lr(group, before[group] * factor, where);
  } catch (...) {
    while (group-- > 0) set_group_lr(group, before[group], where);
    throw;
  }
}

double Optimizer::base_lr(int group, SourceLocation where) const {
  const double now = lr(group, where);
  return static_cast<std::size_t>(group) < bookkeeping_->base_lrs.size() ? bookkeeping_->base_lrs[group].value_or(now)
                                                                         : now;
}

std::optional<double> Optimizer::momentum(int group, SourceLocation where) const {
  check_group(group, where);
  return std::nullopt;
}

void Optimizer::set_group_momentum(int group, double, SourceLocation where) {
  check_group(group, where);
  fail<std::invalid_argument>(
      where, concat(name(), ": an optimizer must have a momentum for it to be set, but this one has none."));
}

NamedTensors Optimizer::state() const {
  NamedTensors entries;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const State& state = states_[i];
    if (state.steps == 0) continue;
    const std::string prefix = "state." + names_[i] + '.';
    entries.emplace_back(prefix + "steps", full({}, state.steps, {.dtype = DType::int64}));
    // What an option has asked for since the last step is still to be made, and starts as it would.
    for (const Kept& kept : kept_by(i)) {
      if (kept.is_optional && state.find_number(kept.name) == nullptr && state.find_tensor(kept.name) == nullptr)
        continue;
      if (kept.is_number) {
        const double* number = state.find_number(kept.name);
        entries.emplace_back(prefix + kept.name, full({}, number ? *number : kept.start, {.dtype = DType::float64}));
      } else {
        const Tensor* tensor = state.find_tensor(kept.name);
        entries.emplace_back(prefix + kept.name, tensor ? *tensor : start_of(kept));
      }
    }
  }
  return entries;
}

Metadata Optimizer::metadata() const {
  Metadata metadata = {{"format_version", kFormatVersion}, {"class", name()}};
  if (std::string options = options_json(*this, bookkeeping_->base_lrs); !options.empty())
    metadata.emplace_back("options", std::move(options));
  return metadata;
}

void Optimizer::load_state(const NamedTensors& entries, const Metadata& metadata, SourceLocation where) {
  for (const auto& [key, value] : metadata) {
    check(key != "class" || value == name(), where, name(), ": the state must be one of ", name(), ", but ", value,
          " saved it. Nothing was changed.");
    check(key != "format_version" || value == kFormatVersion, where, name(), ": the state must have format version ",
          kFormatVersion, ", but it has ", value, ". Nothing was changed.");
  }
  const auto options =
      std::find_if(metadata.begin(), metadata.end(), [](const auto& text) { return text.first == "options"; });
  if (options == metadata.end()) return load_state(entries, where);
  // First: what is kept depends on them.
  const Function<void()> put_back = keep_options_and_base_lrs();
  take_options(*this, bookkeeping_->base_lrs, options->second, where);
  try {
    load_state(entries, where);
  } catch (...) {
    put_back();
    throw;
  }
}

Function<void()> Optimizer::keep_options() {
  std::vector<std::pair<double, std::optional<double>>> rates;
  for (int group = 0; group < group_count(); ++group) rates.emplace_back(lr(group), momentum(group));
  return [this, rates = std::move(rates)] {
    for (std::size_t group = 0; group < rates.size(); ++group) {
      set_group_lr(static_cast<int>(group), rates[group].first);
      if (rates[group].second) set_group_momentum(static_cast<int>(group), *rates[group].second);
    }
  };
}

Function<void()> Optimizer::keep_options_and_base_lrs() {
  return [this, put_options_back = keep_options(), base_lrs = bookkeeping_->base_lrs]() mutable {
    put_options_back();
    bookkeeping_->base_lrs.swap(base_lrs);
  };
}

Function<void()> Optimizer::keep_all() {
  return [this, put_options_back = keep_options_and_base_lrs(), states = states_]() mutable {
    put_options_back();
    states_.swap(states);
    bookkeeping_->complete_for.assign(parameters_.size(), std::nullopt);
  };
}

void Optimizer::load_state(const NamedTensors& entries, SourceLocation where) {
  // The last dot divides parameter and name: names of parameters may have dots, those of what is kept have none.
  std::map<std::string_view, std::map<std::string_view, const Tensor*>> given;
  constexpr std::string_view kPrefix = "state.";
  std::vector<std::string> unknown, missing, unfit;
  for (const auto& [key, tensor] : entries) {
    const std::string_view text = key;
    const std::size_t dot = text.rfind('.');
    if (!text.starts_with(kPrefix) || dot <= kPrefix.size())
      unknown.push_back(key);
    else
      given[text.substr(kPrefix.size(), dot - kPrefix.size())][text.substr(dot + 1)] = &tensor;
  }

  CallSite site(where);
  NoGrad no_grad;
  std::vector<State> loaded(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto found = given.find(names_[i]);
    if (found == given.end()) continue;
    auto& own = found->second;
    // Takes the entry out of those that are left; null, noted as missing or unfit, where it cannot be had.
    auto take = [&](const Kept& kept) -> const Tensor* {
      const auto entry = own.find(kept.name);
      const std::string key = concat(kPrefix, names_[i], '.', std::string_view(kept.name));
      if (entry == own.end()) {
        if (!kept.is_optional) missing.push_back(key);
        return nullptr;
      }
      const Tensor* tensor = entry->second;
      own.erase(entry);
      if (fits(*tensor, kept)) return tensor;
      unfit.push_back(concat(key, " (", kept.dtype, ' ', kept.shape, " here, ", shown(*tensor), " given)"));
      return nullptr;
    };
    if (const Tensor* steps = take(Kept("steps", Shape(), DType::int64))) {
      loaded[i].steps = steps->item<std::int64_t>();
      if (loaded[i].steps < 0) unfit.push_back(concat(kPrefix, names_[i], ".steps (", loaded[i].steps, ", below 0)"));
    }
    for (const Kept& kept : kept_by(i)) {
      const Tensor* tensor = take(kept);
      if (tensor == nullptr) continue;
      if (kept.is_number)
        loaded[i].numbers.emplace_back(kept.name, tensor->item());
      else
        loaded[i].tensors.emplace_back(kept.name, copy(tensor->detach()));
    }
    for (const auto& [rest, tensor] : own) unknown.push_back(concat(kPrefix, names_[i], '.', rest));
    given.erase(found);
  }
  for (const auto& [parameter, own] : given)
    for (const auto& [rest, tensor] : own) unknown.push_back(concat(kPrefix, parameter, '.', rest));

  std::string problems = listed("unknown", unknown) + listed("missing", missing) + listed("of another kind", unfit);
  if (!problems.empty()) problems.resize(problems.size() - 2);
  check(problems.empty(), where, name(), ": the state must have what this optimizer keeps, but there are entries ",
        problems, ". Load it into an optimizer of the same class, options and parameters. Nothing was changed.");
  check_loaded(loaded, where);
  states_ = std::move(loaded);
  bookkeeping_->complete_for.assign(parameters_.size(), std::nullopt);
}

const std::string& Optimizer::group_name(int group, SourceLocation where) const {
  check_group(group, where);
  return bookkeeping_->group_names[group];
}

int Optimizer::group_number(std::string_view name, SourceLocation where) const {
  const auto found = std::find(bookkeeping_->group_names.begin(), bookkeeping_->group_names.end(), name);
  check<std::out_of_range>(
      found != bookkeeping_->group_names.end(), where, this->name(), ": the name must be that of a group",
      [&] {
        const std::string names = listed("", bookkeeping_->group_names);  // ": a, b; "
        return names.empty() ? names : " (" + names.substr(2, names.size() - 4) + ')';
      },
      ", but it is '", name, "'. Names are given with the groups.");
  return static_cast<int>(found - bookkeeping_->group_names.begin());
}

void Optimizer::hold(const char* optimizer, Parameters given, std::string group_name, SourceLocation where) {
  std::vector<Tensor>& parameters = given.tensors;
  check(!parameters.empty(), where, optimizer, ": at least one parameter is needed, but the list is empty.");
  if (group_name.empty()) group_name = concat(group_count());
  Additions held(bookkeeping_->held);
  Additions names(bookkeeping_->names), names_of_groups(bookkeeping_->names_of_groups);
  Additions places(bookkeeping_->places);
  check(names_of_groups.add(group_name), where, optimizer, ": each group must have a name of its own, but '",
        group_name, "' is the name of two.");
  const bool named = !given.names.empty();
  check(!named || given.names.size() == parameters.size(), where, optimizer,
        ": each parameter must have a name, but there are ", given.names.size(), " names for ", parameters.size(),
        " parameters.");
  if (!named)
    for (std::size_t i = 0; i < parameters.size(); ++i) given.names.push_back(concat(group_name, '.', i));

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    const std::string& own = given.names[i];
    auto which = [&] { return named ? '\'' + own + '\'' : concat(parameters_.size() + i); };
    check(!own.empty(), where, optimizer, ": a parameter's name must not be empty, but that of parameter ",
          parameters_.size() + i, " is.");
    check(parameter.defined(), where, optimizer, ": parameters must be defined tensors, but parameter ", which,
          " is not: ", internal::kWhyUndefined);
    check(is_floating(parameter.dtype()), where, optimizer, ": parameters must be floating, but parameter ", which, ' ',
          parameter.shape(), " is ", parameter.dtype(), '.');
    check(parameter.is_leaf(), where, optimizer, ": parameters must be leaves, but parameter ", which, ' ',
          parameter.shape(), " was made by '", std::string_view(parameter.operation()),
          "'. Give the tensor that it was made of.");
    internal::check_writable(optimizer, parameter, where);
    check(held.add(parameter.impl()), where, optimizer, ": each parameter may be given once, but parameter ", which,
          ' ', parameter.shape(), " was given before.");
    check(names.add(own), where, optimizer, ": each parameter must have a name of its own, but '", own,
          "' is the name of two.");

    // Parameters are stepped side by side; and twice would be wrong as well.
    const internal::Addresses bytes = addresses_of(parameter);
    if (bytes.begin == bytes.end) continue;
    const auto held_one = [&](std::size_t at) -> const Tensor& {
      return at < parameters_.size() ? parameters_[at] : parameters[at - parameters_.size()];
    };
    const std::optional<std::size_t> other =
        sharing_with(parameter, bytes, bookkeeping_->places, bookkeeping_->longest_place, held_one);
    check(
        !other, where, optimizer, ": each parameter must have memory of its own, but parameter ", which, ' ',
        parameter.shape(), " has elements in common with ",
        [&] {
          if (*other < parameters_.size()) return described(*other);
          return named ? concat('\'', given.names[*other - parameters_.size()], '\'') : concat(*other);
        },
        '.');
    places.add({bytes, parameters_.size() + i});
    bookkeeping_->longest_place = std::max(bookkeeping_->longest_place, bytes.end - bytes.begin);
  }

  // Memory is taken first, so that nothing is changed where there is none.
  const std::size_t count = parameters_.size() + parameters.size();
  make_room(parameters_, count);
  make_room(names_, count);
  make_room(bookkeeping_->named, count);
  make_room(states_, count);
  make_room(bookkeeping_->complete_for, count);
  make_room(bookkeeping_->groups, count);
  make_room(bookkeeping_->work_before, count);
  make_room(bookkeeping_->group_ends, bookkeeping_->group_ends.size() + 1);
  make_room(bookkeeping_->group_names, bookkeeping_->group_names.size() + 1);
  const int group = group_count();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::int64_t work = parameters[i].numel() + kCallWork;
    bookkeeping_->total_work += work;
    bookkeeping_->work_before.push_back(bookkeeping_->shared_work);
    if (!is_large(parameters[i])) bookkeeping_->shared_work += work;
    parameters_.push_back(std::move(parameters[i]));
    names_.push_back(std::move(given.names[i]));
    bookkeeping_->named.push_back(named);
    states_.emplace_back();
    bookkeeping_->complete_for.push_back(std::nullopt);
    bookkeeping_->groups.push_back(group);
  }
  bookkeeping_->group_ends.push_back(count);
  bookkeeping_->group_names.push_back(std::move(group_name));
  held.keep();
  names.keep();
  names_of_groups.keep();
  places.keep();
}

void Optimizer::check_group(int group, SourceLocation where) const {
  check<std::out_of_range>(group >= 0 && group < group_count(), where, name(),
                           ": the group must be at least 0 and below ", group_count(), ", but it is ", group, '.');
}

void Optimizer::options_changed(int group) {
  for (std::size_t i = group_begin(group); i < bookkeeping_->group_ends[group]; ++i)
    bookkeeping_->complete_for[i].reset();
}

std::string Optimizer::described(std::size_t i) const {
  return bookkeeping_->named[i] ? concat('\'', names_[i], "' ", parameters_[i].shape())
                                : concat(i, ' ', parameters_[i].shape());
}

std::vector<Kept> Optimizer::kept_by(std::size_t i) const { return kept(bookkeeping_->groups[i], parameters_[i]); }

State Optimizer::completed_state(std::size_t i, SourceLocation where) const {
  CallSite site(where);
  NoGrad no_grad;
  State state = states_[i];
  for (const Kept& kept : kept_by(i)) {
    if (kept.is_optional) continue;
    if (kept.is_number) {
      if (state.find_number(kept.name) == nullptr) state.numbers.emplace_back(kept.name, kept.start);
      continue;
    }
    const Tensor* tensor = state.find_tensor(kept.name);
    if (tensor == nullptr) {
      state.tensors.emplace_back(kept.name, start_of(kept));
      continue;
    }
    check(
        fits(*tensor, kept), where, name(), ": what is kept for a parameter must fit it, but for parameter ",
        [&] { return described(i); }, " of ", parameters_[i].dtype(), " the ", std::string_view(kept.name), " must be ",
        kept.dtype, ' ', kept.shape, ", and it is ", [&] { return shown(*tensor); },
        ". Make a new optimizer after Module::to(). Nothing was updated.");
  }
  return state;
}

void Optimizer::check_gradient(std::size_t i, const Tensor& gradient, SourceLocation where) const {
  const internal::TensorImpl &w = *parameters_[i].impl(), &g = *gradient.impl();
  // What the messages tell is put together only where one is needed: this runs for each parameter in each step.
  if (g.dtype != w.dtype) [[unlikely]]
    fail<std::invalid_argument>(
        where, concat(name(), ": a gradient must have its parameter's dtype, but that of parameter ", described(i),
                      " of ", w.dtype, " is ", shown(gradient), ". Nothing was updated."));
  if (overlaps_otherwise(w, g)) [[unlikely]]
    fail<std::invalid_argument>(
        where,
        concat(name(), ": a gradient must not be another view of its parameter's elements, but that of parameter ",
               described(i), " is. Nothing was updated."));
}

bool Optimizer::gradients_are_finite(std::span<const Tensor> gradients, SourceLocation where) const {
  CallSite site(where);
  NoGrad no_grad;
  for (int group = 0; group < group_count(); ++group) {
    const NonFinite reaction = nonfinite(group);
    if (reaction == NonFinite::proceed) continue;
    for (std::size_t i = group_begin(group); i < bookkeeping_->group_ends[group]; ++i) {
      if (!gradients[i].defined() || all(isfinite(gradients[i])).item<bool>()) continue;
      check<std::runtime_error>(
          reaction != NonFinite::error, where, name(), ": gradients must be finite, but that of parameter ",
          [&] { return described(i); }, " has an infinite or nan element. Nothing was updated.");
      return false;
    }
  }
  return true;
}

}  // namespace optim
}  // namespace xgrad
