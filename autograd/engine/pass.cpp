#include "pass.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "../grad_mode.hpp"
#include "../kernels/elementwise.hpp"
#include "observer.hpp"
#include "sum.hpp"

namespace xgrad XGRAD_API {
namespace internal {

namespace {

// Numbers the passes, so that the marks a pass leaves on nodes need no clearing.
std::atomic<std::uint64_t> last_run{0};

thread_local std::unique_ptr<Workspace> spare_workspace;
thread_local bool is_running = false;
thread_local std::uint64_t run_of_hooks = 0;

}  // namespace

void Workspace::clear() {
  path.clear();
  ready.clear();
  cotangents.clear();
  retained.clear();
  updates.clear();
  locked.clear();
  leaves.clear();
}

Pass::Pass(PassOptions options, SourceLocation where)
    : create_graph_(options.create_graph),
      retain_graph_(options.retain_graph || options.create_graph),
      where_(where),
      workspace_(spare_workspace ? std::move(spare_workspace) : std::make_unique<Workspace>()),
      follow_others_(options.follow_others),
      is_nested_(std::exchange(is_running, true)),
      run_(++last_run) {}

Pass::~Pass() {
  is_running = is_nested_;
  while (!displaced_.empty()) {
    displaced_.back().node->marks = displaced_.back().marks;
    displaced_.pop_back();
  }
  workspace_->clear();
  spare_workspace = std::move(workspace_);
}

bool Pass::is_under_way() { return is_running; }
std::uint64_t Pass::of_hooks() { return run_of_hooks; }

// ---- What is wanted, and marks ----

void Pass::want(std::span<const Tensor> inputs) {
  all_leaves_ = false;
  oldest_ = std::numeric_limits<std::uint64_t>::max();
  wanted_.reserve(inputs.size());
  results_.resize(inputs.size());
  for (const Tensor& input : inputs) {
    Node& node = *input.impl()->node;
    wanted_.push_back({input.impl()->node, input.impl()->output});
    oldest_ = std::min(oldest_, node.number);
    if (node.is_leaf) {
      workspace_->leaves.insert(Leaf::of(node));
    } else if (node.marks.run != run_) {
      mark_anew(node);
      node.marks.wanted = 1;
    }
  }
  // So that the gradient by very many is not searched from end to end for each.
  constexpr std::size_t kFew = 16;
  if (wanted_.size() <= kFew) return;
  wanted_by_node_.resize(wanted_.size());
  std::iota(wanted_by_node_.begin(), wanted_by_node_.end(), std::size_t{0});
  std::sort(wanted_by_node_.begin(), wanted_by_node_.end(),
            [&](std::size_t i, std::size_t k) { return std::less<>()(wanted_[i].node.get(), wanted_[k].node.get()); });
}

bool Pass::reaches(std::size_t i) {
  const Node& node = *wanted_[i].node;
  return node.is_leaf ? workspace_->leaves.find(&node)->reached : is_entered(node);
}

void Pass::mark_anew(Node& node) {
  if (is_nested_) [[unlikely]]
    displaced_.push_back({Ref<Node>::share(&node), node.marks});
  node.marks = PassMarks();
  node.marks.run = run_;
}

std::vector<Tensor> Pass::take_results(bool zeros) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const auto& [node, output] = wanted_[i];
    if (node->is_leaf) results_[i] = workspace_->leaves.find(node.get())->sum;
    if (zeros && !results_[i].defined())
      results_[i] = filled(node->output_shape(output), node->output(output).dtype, 0);
  }
  return std::move(results_);
}

Tensor* Pass::unshared_sum(const Edge& edge) {
  // An observer must see what each rule answers: nothing is added past it.
  if (observer != nullptr) [[unlikely]]
    return nullptr;
  Node& producer = *edge.producer;
  Tensor* sum;
  if (producer.is_leaf) {
    LeafTable::Entry* entry = workspace_->leaves.find(&producer);
    sum = entry != nullptr ? &entry->sum : nullptr;
  } else {
    sum = cotangents_of(producer) + edge.output;
  }
  return sum != nullptr && sum->defined() && owns_elements(*sum) ? sum : nullptr;
}

Tensor* Pass::sum_so_far(const Edge& edge) { return create_graph_ ? nullptr : unshared_sum(edge); }

SumPlace Pass::place_of_sum(const Edge& edge) {
  // So that a view of very many views is not looked through again and again where there is no sum below it.
  constexpr int kMostViews = 64;
  // One that is used more often has a sum of its own, to which all but the first use add.
  constexpr int kMostUses = 16;
  InlineVector<const Edge*, 8> views;  // the edges to those on the way, outermost first
  const Edge* at = &edge;
  while (true) {
    if (Tensor* sum = unshared_sum(*at)) {
      Tensor view = new_view(*sum, sum->shape(), sum->strides(), sum->impl()->data);
      for (int i = views.size() - 1; i >= 0 && view.defined(); --i) {
        const Node& node = *views[i]->producer;
        view = node.view_rule().view(node.view_rule(), node, views[i]->output, view);
      }
      return view.defined() ? SumPlace{sum, std::move(view)} : SumPlace();
    }
    Node& producer = *at->producer;
    // Nobody may miss the view's own cotangent.
    if (!producer.is_view || producer.marks.pending > kMostUses || producer.marks.wanted || producer.extras ||
        cotangents_of(producer)[at->output].defined() || observer != nullptr || views.size() == kMostViews)
      return {};
    views.emplace_back(at);
    at = &producer.edges()[0];
    if (!at->producer || !is_still_needed(*at->producer)) return {};
  }
}

// ---- Checks ----

void Pass::fail_freed(const Node& node) const {
  // The gradient of a freed node's output itself needs nothing of what was freed.
  check<std::logic_error>(
      is_wanted(node) && node.number == oldest_, where_, "backward: the graph must not be used up, but '", node.name,
      "' (recorded at ", node.where,
      ") was freed by an earlier backward pass. Give that pass {.retain_graph = true}, or detach() here.");
}

void Pass::fail_not_mine(const Node& node) const {
  fail<std::logic_error>(where_, concat("backward: the graph was changed by another pass through '", node.name,
                                        "' while this one ran. Separate threads need separate graphs."));
}

void Pass::check_unwritten(const char* who, const Node& node, const Tensor& cotangent, std::uint32_t version) const {
  const Storage& storage = *cotangent.impl()->storage;
  if (storage.version == version) [[likely]]
    return;
  std::string recorded = node.where.known() ? concat(" (recorded at ", node.where, ")") : "";
  fail<std::logic_error>(where_,
                         concat("backward: ", who, " of '", node.name, "'", recorded,
                                " must not write into the gradient it is handed, which others may hold too, but "
                                "did so at ",
                                storage.written, ". Answer with a new tensor."));
}

// ---- Around a rule ----

void Pass::before_rule(Node& node, Tensor* cotangents) {
  check_still_mine(node);
  if (node.extras) run_hooks(node, cotangents);
  // Hooks and rules may have traversed the graph themselves, and hooks may have written to values.
  check_not_freed(node);
  if (hooks_ran_) check_saved_versions(node, where_);
  if (!node.marks.wanted) return;
  auto take = [&](std::size_t i) {
    if (wanted_[i].node.get() == &node) results_[i] = cotangents[wanted_[i].output];
  };
  if (wanted_by_node_.empty()) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) take(i);
  } else {
    auto at = std::lower_bound(wanted_by_node_.begin(), wanted_by_node_.end(), &node,
                               [&](std::size_t i, const Node* of) { return std::less<>()(wanted_[i].node.get(), of); });
    for (; at != wanted_by_node_.end() && wanted_[*at].node.get() == &node; ++at) take(*at);
  }
}

void Pass::call_rule(VjpFrame& frame) {
  Node& node = frame.node;
  bool reached = false;
  InlineVector<std::uint32_t, 2> versions;
  if (node.output_count > 2) versions.reserve(node.output_count);
  for (int k = 0; k < node.output_count; ++k) {
    const Tensor& cotangent = frame.cotangents[k];
    versions.emplace_back(cotangent.defined() ? cotangent.impl()->storage->version : 0u);
    reached |= cotangent.defined();
  }
  if (!reached) return;
  std::vector<Tensor> came;  // the rule may take them
  if (observer != nullptr) [[unlikely]]
    came.assign(frame.cotangents, frame.cotangents + node.output_count);
  {
    // What is recorded of a gradient belongs to the line whose gradient it is.
    std::optional<CallSite> site;
    if (create_graph_ && node.where.known()) site.emplace(node.where);
    Vjp vjp(frame);
    node.run_rule(vjp);
  }
  for (int k = 0; k < node.output_count; ++k)
    if (const Tensor& cotangent = frame.cotangents[k]; cotangent.defined())
      check_unwritten("the rule", node, cotangent, versions[k]);
  for (const SavedValue& handed : frame.handed_on) check_unwritten("the rule", node, handed.value, handed.version);
  frame.handed_on.clear();
  if (observer != nullptr) [[unlikely]]
    observer->pulled_back(node, run_, came, {frame.given.begin(), frame.given.end()});
}

void Pass::run_hooks(Node& node, Tensor* cotangents) {
  struct Scope {
    std::uint64_t outer;
    ~Scope() { run_of_hooks = outer; }
  } scope{std::exchange(run_of_hooks, run_)};
  node.extras->hooks.for_each([&](const NodeExtras::Hook& hook) {
    Tensor& cotangent = cotangents[hook.output];
    if (!cotangent.defined()) return;
    hooks_ran_ = true;
    std::uint32_t version = cotangent.impl()->storage->version;
    Tensor replaced = hook.function(cotangent, hook.tensor);
    check_unwritten("a hook", node, cotangent, version);
    if (!replaced.defined()) return;
    if (!node.fits(hook.output, replaced))
      fail<std::logic_error>(
          where_, concat("backward: a hook's result must be ", cotangent.dtype(), " ", cotangent.shape(),
                         " as the gradient it replaces, but it is ", replaced.dtype(), " ", replaced.shape(), "."));
    cotangent = std::move(replaced);
  });
  auto& retains = node.extras->retains;
  for (std::size_t k = 0; all_leaves_ && k < retains.size(); ++k)
    if (retains[k] && cotangents[k].defined())
      workspace_->retained.push_back({Ref<Node>::share(&node), k, cotangents[k]});
}

// ---- Where the gradients go ----

Tensor Pass::prepared(const Tensor& old, Tensor gradient, bool& in_place) const {
  in_place = false;
  // What a gradient shares with others (the caller's cotangent, say) must not change under them when it is added to
  // later.
  if (!old.defined()) return owns_elements(gradient) ? std::move(gradient) : copied(gradient);
  if (create_graph_) return added(old, gradient);
  in_place = owns_elements(old);
  if (in_place) return gradient;
  if (!owns_elements(gradient)) return added(old, gradient);
  add_into(gradient, old);
  return gradient;
}

namespace {

/// Holds the gradients of all these leaves.
class LeafLocks {
 public:
  explicit LeafLocks(std::vector<Leaf*>& leaves) : leaves_(leaves) {
    // In one order by all threads, so that no two wait for each other.
    std::sort(leaves.begin(), leaves.end());
    for (Leaf* leaf : leaves) leaf->lock.lock();
  }
  ~LeafLocks() {
    for (Leaf* leaf : leaves_) leaf->lock.unlock();
  }
  LeafLocks(const LeafLocks&) = delete;
  LeafLocks& operator=(const LeafLocks&) = delete;

 private:
  std::vector<Leaf*>& leaves_;
};

}  // namespace

void Pass::store() {
  GradMode mode(create_graph_);
  auto& updates = workspace_->updates;
  updates.reserve(workspace_->leaves.size() + workspace_->retained.size());
  for (auto& entry : workspace_->leaves)
    if (entry.sum.defined()) workspace_->locked.push_back(entry.leaf());
  LeafLocks locks(workspace_->locked);
  auto prepare = [&](const Node& node, Tensor& target, Tensor gradient) {
    if (observer != nullptr && target.defined()) [[unlikely]]
      observer->summed(node, target, gradient, added(target, gradient));
    Workspace::Update& update = updates.emplace_back(Workspace::Update{&target, Tensor(), false});
    update.value = prepared(target, std::move(gradient), update.in_place);
  };
  try {
    for (auto& entry : workspace_->leaves)
      if (entry.sum.defined()) prepare(*entry.node, entry.leaf()->grad, std::move(entry.sum));
    for (auto& [node, output, gradient] : workspace_->retained)
      prepare(*node, node->extras->retained[output], std::move(gradient));
  } catch (const OutOfMemory& error) {
    error.pass_on("backward", "a gradient that it stores", where_);
  }
  for (Workspace::Update& update : updates) {
    if (update.in_place)
      add_into(*update.target, update.value);
    else
      std::swap(*update.target, update.value);
  }
}

}  // namespace internal
}  // namespace xgrad
