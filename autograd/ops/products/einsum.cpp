#include <algorithm>
#include <array>
#include <string>

#include "../../extend.hpp"
#include "../cast.hpp"
#include "../diagonal.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "contract.hpp"
#include "order.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Labels: A to Z, a to z, then the axes that an ellipsis stands for, counted from the last.
constexpr int kLetters = 52;
constexpr int kLabels = kLetters + kMaxDims;
constexpr int kEllipsis = -1;

int label_of(char letter) { return letter < 'a' ? letter - 'A' : letter - 'a' + 26; }
std::string letter_of(int label) {
  if (label >= kLetters) return "...";
  return std::string(1, static_cast<char>(label < 26 ? 'A' + label : 'a' + label - 26));
}

/// A term of the equation: labels, and kEllipsis for an ellipsis.
using Term = std::vector<int>;

struct Equation {
  std::vector<Term> terms;
  bool has_result = false;  // whether there is an arrow
  Term result;
};

Equation parse(std::string_view text, SourceLocation where) {
  Equation equation;
  equation.terms.emplace_back();
  Term* term = &equation.terms.back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      term->push_back(label_of(c));
    } else if (c == '.') {
      check(text.substr(i, 3) == "...", where, "einsum: a dot must be one of the three of an ellipsis, but \"", text,
            "\" has another at position ", i, ".");
      check(std::find(term->begin(), term->end(), kEllipsis) == term->end(), where,
            "einsum: a term has at most one ellipsis, but \"", text, "\" has a second one at position ", i, ".");
      term->push_back(kEllipsis);
      i += 2;
    } else if (c == ',' && !equation.has_result) {
      equation.terms.emplace_back();
      term = &equation.terms.back();
    } else if (c == '-' && text.substr(i, 2) == "->" && !equation.has_result) {
      equation.has_result = true;
      term = &equation.result;
      ++i;
    } else {
      check(false, where, "einsum: the equation must be of letters, commas, ellipses and one arrow, but \"", text,
            "\" has '", c, "' at position ", i, ".");
    }
  }
  return equation;
}

/// The state of one call.
struct Einsum {
  std::string_view text;
  SourceLocation where;
  std::array<std::int64_t, kLabels> extents;  // -1: nobody has the label
  std::array<int, kLabels> uses{};
  int ellipsis_ndim = 0;

  /// The labels of the operand's axes.
  std::vector<int> labels_of(const Term& term, const Tensor& operand, std::size_t position) {
    const int named = static_cast<int>(term.size());
    const bool has_ellipsis = std::find(term.begin(), term.end(), kEllipsis) != term.end();
    const int hidden = operand.ndim() - (named - has_ellipsis);
    check(has_ellipsis ? hidden >= 0 : hidden == 0, where, "einsum: \"", text, "\" must have ",
          has_ellipsis ? "at most one label for each axis" : "a label for each axis", " of operand ", position,
          ", but it has ", named - has_ellipsis, " and the operand is ", operand.shape(), ".");
    std::vector<int> labels;
    for (int label : term) {
      if (label == kEllipsis)
        for (int i = hidden; i-- > 0;) labels.push_back(kLetters + i);
      else
        labels.push_back(label);
    }
    ellipsis_ndim = std::max(ellipsis_ndim, has_ellipsis ? hidden : 0);
    return labels;
  }

  void note_extents(const std::vector<int>& labels, const Tensor& operand, std::size_t position) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int64_t extent = operand.shape()[static_cast<int>(i)];
      ++uses[static_cast<std::size_t>(labels[i])];
      std::int64_t& known = extents[static_cast<std::size_t>(labels[i])];
      check(known < 0 || known == extent || known == 1 || extent == 1, where, "einsum: the axes that '",
            letter_of(labels[i]), "' of \"", text, "\" names must have one extent, but operand ", position, " is ",
            operand.shape(), " (", extent, " and ", known, ").");
      if (known < 0 || known == 1) known = extent;
    }
  }

  std::vector<int> result_of(const Equation& equation) {
    std::vector<int> labels;
    auto add_ellipsis = [&] {
      for (int i = ellipsis_ndim; i-- > 0;) labels.push_back(kLetters + i);
    };
    if (!equation.has_result) {
      add_ellipsis();
      for (int label = 0; label < kLetters; ++label)
        if (uses[static_cast<std::size_t>(label)] == 1) labels.push_back(label);
    }
    for (int label : equation.result) {
      if (label == kEllipsis) {
        add_ellipsis();
        continue;
      }
      check(uses[static_cast<std::size_t>(label)] > 0, where,
            "einsum: the result's labels must be some operand's, but '", letter_of(label), "' of \"", text,
            "\" is not.");
      check(std::find(labels.begin(), labels.end(), label) == labels.end(), where,
            "einsum: the result has each label once, but \"", text, "\" has '", letter_of(label), "' twice.");
      labels.push_back(label);
    }
    check(labels.size() <= kMaxDims, where, "einsum: the result has at most ", kMaxDims, " axes, but \"", text,
          "\" gives it ", labels.size(), ".");
    return labels;
  }

  /// The elements with equal places along two axes, as one axis where the first was: a view.
  static Tensor diagonal_of(const Tensor& x, int first, int second) {
    const Tensor line = diagonal(x, {.axis1 = first, .axis2 = second});
    std::vector<int> order;
    for (int axis = 0, from = 0; axis < line.ndim(); ++axis) order.push_back(axis == first ? line.ndim() - 1 : from++);
    return permute(line, order);
  }

  /// The operand with each label once, and without those along which it is stretched.
  Labelled prepared(const Tensor& operand, std::vector<int> labels, std::size_t position) const {
    Tensor x = operand;
    for (int i = 0; i < static_cast<int>(labels.size()); ++i)
      for (int j = i + 1; j < static_cast<int>(labels.size());) {
        if (labels[static_cast<std::size_t>(i)] != labels[static_cast<std::size_t>(j)]) {
          ++j;
          continue;
        }
        check(x.shape()[i] == x.shape()[j], where, "einsum: the axes that '",
              letter_of(labels[static_cast<std::size_t>(i)]), "' of \"", text,
              "\" names twice must have one extent, but operand ", position, " is ", operand.shape(), ".");
        x = diagonal_of(x, i, j);
        labels.erase(labels.begin() + j);
      }
    for (int i = static_cast<int>(labels.size()); i-- > 0;)
      if (x.shape()[i] != extents[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])]) {
        x = squeeze(x, i);
        labels.erase(labels.begin() + i);
      }
    return {x, labels};
  }

  Contraction contraction(const std::vector<Labelled>& terms, LabelSet result) const {
    Contraction contraction{{}, std::vector<double>(kLabels, 1), result};
    for (std::size_t label = 0; label < kLabels; ++label)
      contraction.extents[label] = std::max(1.0, static_cast<double>(extents[label]));
    for (const Labelled& term : terms) contraction.operands.push_back(set_of(term.labels));
    return contraction;
  }
};

}  // namespace

Tensor einsum(std::string_view text, std::span<const Tensor> given, SourceLocation where) {
  CallSite site(where);
  const Equation equation = parse(text, where);
  check(equation.terms.size() == given.size() && !given.empty(), where,
        "einsum: there must be an operand for each term of \"", text, "\", but there are ", given.size(), " for ",
        equation.terms.size(), ".");
  for (std::size_t i = 0; i < given.size(); ++i)
    check(given[i].defined(), where, "einsum: the operands must be tensors, but operand ", i, " is undefined.");
  DType dtype = given[0].dtype();
  for (const Tensor& operand : given) dtype = promote(dtype, operand.dtype());

  Einsum call{.text = text, .where = where, .extents = {}};
  call.extents.fill(-1);
  std::vector<std::vector<int>> labels;
  for (std::size_t i = 0; i < given.size(); ++i) labels.push_back(call.labels_of(equation.terms[i], given[i], i));
  for (std::size_t i = 0; i < given.size(); ++i) call.note_extents(labels[i], given[i], i);
  const std::vector<int> wanted = call.result_of(equation);
  const LabelSet kept = set_of(wanted);
  Shape shape;
  for (int label : wanted) shape.push_back(call.extents[static_cast<std::size_t>(label)]);
  checked_numel("einsum", shape, where);

  std::vector<Labelled> terms;
  LabelSet all = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    terms.push_back(call.prepared(cast(given[i], dtype), labels[i], i));
    all |= set_of(terms.back().labels);
  }
  check(terms.size() == 1 || dtype != DType::boolean || (all & ~kept) == 0, where,
        "einsum: operands of a sum must be numbers, but all are boolean. Use cast().");
  if (terms.size() == 1) return in_order(summed_to(terms[0], kept), wanted).tensor;

  const auto order = contraction_order(call.contraction(terms, kept));
  check(!order.empty(), where, "einsum: a product on the way has at most ", kMaxDims, " axes, but each order of \"",
        text, "\" makes one of more.");
  for (const auto& [i, j] : order) {
    const Labelled a = terms[static_cast<std::size_t>(i)], b = terms[static_cast<std::size_t>(j)];
    terms.erase(terms.begin() + std::max(i, j));
    terms.erase(terms.begin() + std::min(i, j));
    LabelSet outside = kept;
    for (const Labelled& term : terms) outside |= set_of(term.labels);
    terms.push_back(contract(a, b, outside, wanted));
  }
  return contiguous(in_order(terms[0], wanted).tensor);
}

Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands, SourceLocation where) {
  return einsum(equation, std::span(operands.begin(), operands.size()), where);
}

}  // namespace xgrad
