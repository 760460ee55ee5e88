#include "substitution.hpp"

#include <utility>

namespace xgrad XGRAD_API {
namespace internal {
namespace {

constinit thread_local Substitution* active_substitution = nullptr;

}  // namespace

Substitution* Substitution::active() noexcept { return active_substitution; }

Substitution::Scope::Scope(Substitution* substitution) noexcept
    : outer_(std::exchange(active_substitution, substitution)) {}
Substitution::Scope::~Scope() { active_substitution = outer_; }

}  // namespace internal
}  // namespace xgrad
