// Numbers of many bits (MPFR), and the operators' values in them: what float32 and float64 results are held to.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <mpfr.h>

namespace xgrad::testing {

/// A number of as many bits as Exact::bits says. Functions are found by argument-dependent look-up, so that a formula
/// reads as in C++.
class Exact {
 public:
  Exact() { mpfr_init2(x_, bits); }
  Exact(double x) : Exact() { mpfr_set_d(x_, x, MPFR_RNDN); }
  Exact(int x) : Exact() { mpfr_set_si(x_, x, MPFR_RNDN); }
  /// A decimal fraction, exactly as it is written.
  explicit Exact(const char* text) : Exact() { mpfr_set_str(x_, text, 10, MPFR_RNDN); }
  Exact(const Exact& other) : Exact() { mpfr_set(x_, other.x_, MPFR_RNDN); }
  Exact(Exact&& other) noexcept : Exact() { mpfr_swap(x_, other.x_); }
  Exact& operator=(Exact other) noexcept {
    mpfr_swap(x_, other.x_);
    return *this;
  }
  ~Exact() { mpfr_clear(x_); }

  /// How many bits new numbers have.
  static inline thread_local mpfr_prec_t bits = 200;

  mpfr_ptr get() { return x_; }
  mpfr_srcptr get() const { return x_; }
  double to_double() const { return mpfr_get_d(x_, MPFR_RNDN); }
  /// The exponent e of m 2^e with m from 1/2 to 1; far below all for 0.
  long exponent() const { return mpfr_regular_p(x_) ? mpfr_get_exp(x_) : -1000000; }

  friend Exact operator+(const Exact& a, const Exact& b) { return of(mpfr_add, a, b); }
  friend Exact operator-(const Exact& a, const Exact& b) { return of(mpfr_sub, a, b); }
  friend Exact operator*(const Exact& a, const Exact& b) { return of(mpfr_mul, a, b); }
  friend Exact operator/(const Exact& a, const Exact& b) { return of(mpfr_div, a, b); }
  friend Exact operator-(const Exact& a) { return of(mpfr_neg, a); }
  Exact& operator+=(const Exact& b) { return *this = *this + b; }
  Exact& operator*=(const Exact& b) { return *this = *this * b; }
  friend bool operator<(const Exact& a, const Exact& b) { return mpfr_less_p(a.x_, b.x_) != 0; }
  friend bool operator>(const Exact& a, const Exact& b) { return b < a; }
  friend bool operator<=(const Exact& a, const Exact& b) { return mpfr_lessequal_p(a.x_, b.x_) != 0; }
  friend bool operator>=(const Exact& a, const Exact& b) { return b <= a; }
  friend bool operator==(const Exact& a, const Exact& b) { return mpfr_equal_p(a.x_, b.x_) != 0; }
  friend bool operator!=(const Exact& a, const Exact& b) { return !(a == b); }
  friend bool isnan(const Exact& a) { return mpfr_nan_p(a.x_) != 0; }
  friend bool isinf(const Exact& a) { return mpfr_inf_p(a.x_) != 0; }

  /// f(x) of MPFR.
  template <class F>
  friend Exact of(F f, const Exact& a) {
    Exact y;
    f(y.x_, a.x_, MPFR_RNDN);
    return y;
  }
  template <class F>
  friend Exact of(F f, const Exact& a, const Exact& b) {
    Exact y;
    f(y.x_, a.x_, b.x_, MPFR_RNDN);
    return y;
  }
  /// a 2^n
  friend Exact scaled(const Exact& a, long n) {
    Exact y;
    mpfr_mul_2si(y.x_, a.x_, n, MPFR_RNDN);
    return y;
  }

 private:
  mpfr_t x_;
};

/// New numbers have so many bits as long as this lives.
class WithBits {
 public:
  explicit WithBits(mpfr_prec_t bits) : before_(std::exchange(Exact::bits, bits)) {}
  WithBits(const WithBits&) = delete;
  WithBits& operator=(const WithBits&) = delete;
  ~WithBits() { Exact::bits = before_; }

 private:
  mpfr_prec_t before_;
};

using ExactFunction = Exact (*)(const Exact&);

/// An elementwise operator of one operand. Of a derivative that would take long as a quotient of differences, the
/// formula; both are held together by a test.
struct ExactOperator {
  ExactFunction value;
  ExactFunction slope = nullptr;
  /// Whether it is a wave, however large its operand.
  bool is_wave = false;
};

/// That of a row in the operators' table, by its name; null where there is none.
const ExactOperator* exact_operator(const std::string& row);

/// The derivative at x. NaN at a kink.
Exact exact_slope(const ExactOperator& row, const Exact& x);

/// f'(x), from f on both sides, at a distance of 2^-130 of x; of a million at most for a wave. NaN at a kink, where
/// they differ.
Exact quotient_slope(ExactFunction f, const Exact& x, bool is_wave);

}  // namespace xgrad::testing
