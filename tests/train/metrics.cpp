#include <xgrad/train/metrics.hpp>

#include <cmath>
#include <cstdint>
#include <sstream>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/losses.hpp>
#include "../catch.hpp"
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::train;
using Catch::Matchers::Contains;
using testing::f64;

namespace {

Tensor labels(const std::vector<std::int64_t>& values) { return from_vector(values); }

/// What roc_auc() means: pairs of one of the class and one that is not, in which the first has the larger score.
double pairs_in_order(const std::vector<double>& scores, const std::vector<bool>& positive) {
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (!positive[i] || positive[j]) continue;
      pairs += 1;
      right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  return right / pairs;
}

/// What average_precision() means: at each different score, as a threshold, the recall gained times the precision.
double precision_by_thresholds(std::vector<double> scores, const std::vector<bool>& positive) {
  std::vector<double> thresholds = scores;
  std::sort(thresholds.rbegin(), thresholds.rend());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  double all = 0, recall = 0, sum = 0;
  for (bool is : positive) all += is;
  for (double threshold : thresholds) {
    double right = 0, taken = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      taken += scores[i] >= threshold;
      right += scores[i] >= threshold && positive[i];
    }
    sum += (right / all - recall) * right / taken;
    recall = right / all;
  }
  return sum;
}

}  // namespace

TEST_CASE("accuracy of classes and of scores", "[train][metrics]") {
  CHECK(accuracy(labels({0, 2, 1, 3}), labels({0, 1, 2, 3})) == 0.5);
  CHECK(accuracy(f64({{0.1, 0.9}, {0.8, 0.2}, {0.5, 0.5}}), labels({1, 1, 0})) == Approx(2 / 3.0));  // a tie: the first
  CHECK(accuracy(f64({2., -1., 3.}) > 0, labels({1, 1, 1})) == Approx(2 / 3.0));
  CHECK(accuracy(labels({1, 0}) == 1, labels({1, 1}) == 1) == 0.5);
  CHECK(accuracy(reshape(f64({1., 0., 0., 1., 3., 0., 0., 4.}), {1, 2, 4}), reshape(labels({0, 1, 1, 1}), {1, 4})) ==
        0.25);
  CHECK(accuracy(labels({0, 1}), zeros({2}, {.dtype = DType::int64})) == 0.5);
  CHECK_THROWS_WITH(
      accuracy(f64({0.2, 0.7}), labels({0, 1})),
      Contains("predictions of the targets' shape must be classes, but they are float64 [2]. Compare scores "
               "with a threshold first: scores > 0."));
  CHECK_THROWS_WITH(accuracy(f64({{0.2}, {0.7}}), labels({0, 1})), Contains("at least two classes"));
  CHECK_THROWS_WITH(accuracy(labels({0, 1, 2}), labels({0, 1})), Contains("the same shape, but they are [3] and [2]."));
  CHECK_THROWS_WITH(accuracy(f64({{0.2, std::nan("")}}), labels({0})),
                    Contains("scores must not be nan, but one of point 0 is."));
  CHECK_THROWS_WITH(accuracy(labels({}), labels({})), Contains("there must be at least one point"));
  CHECK_THROWS_WITH(accuracy(labels({1}), f64({1.})),
                    Contains("targets must be class labels, int64 or boolean, but they are float64 [1]."));
  CHECK_THROWS_AS(accuracy(Tensor(), labels({1})), std::invalid_argument);
  for (const int none : {2, -1})
    CHECK_THROWS_WITH(accuracy(f64({{0.1, 0.9}, {0.8, 0.2}}), tensor({1, none})),
                      Contains("targets must be at least 0 and below 2, but that of point 1 is"));
}

TEST_CASE("the class is among the k largest scores", "[train][metrics]") {
  const Tensor scores = f64({{0.5, 0.2, 0.2}, {0.3, 0.4, 0.2}, {0.2, 0.4, 0.3}, {0.7, 0.2, 0.1}});
  CHECK(top_k_accuracy(scores, labels({0, 1, 2, 2}), 2) == 0.75);
  CHECK(top_k_accuracy(scores, labels({0, 1, 2, 2}), 1) == accuracy(scores, labels({0, 1, 2, 2})));
  CHECK(top_k_accuracy(scores, labels({0, 1, 2, 2}), 3) == 1);
  CHECK(top_k_accuracy(zeros({3, 3}), labels({0, 1, 2}), 2) == Approx(2 / 3.0));  // equal scores: the first ones
  CHECK_THROWS_WITH(top_k_accuracy(scores, labels({0, 1, 2, 2}), 4),
                    Contains("k must be at least 1 and at most 3, but it is 4."));
  CHECK_THROWS_AS(top_k_accuracy(scores, labels({0, 1, 2, 3}), 1), std::out_of_range);
}

TEST_CASE("a confusion matrix counts batch by batch", "[train][metrics]") {
  ConfusionMatrix matrix(3, {"ant", "bee", "cat"});
  matrix.add(labels({0, 0, 2}), labels({2, 0, 2}));
  matrix.add(labels({2, 0, 2}), labels({2, 0, 1}));
  matrix.add(labels({}), labels({}));
  CHECK(matrix.counts().to_vector<int>() == std::vector<int>{2, 0, 0, 0, 0, 1, 1, 0, 2});
  CHECK(matrix.total() == 6);
  CHECK(matrix.accuracy() == Approx(4 / 6.0));
  std::ostringstream out;
  out << matrix;
  CHECK(out.str() ==
        "target \\ predicted     ant  bee     cat   recall\n"
        "               ant       2    0       0  100.0 %\n"
        "               bee       0    0       1    0.0 %\n"
        "               cat       1    0       2   66.7 %\n"
        "         precision  66.7 %    -  66.7 %   66.7 %\n");
  CHECK_THROWS_WITH(matrix.add(labels({0, 3}), labels({0, 1})),
                    Contains("predictions must be at least 0 and below 3, but that of point 1 is 3."));
  CHECK_THROWS_AS(matrix.add(labels({0, 1}), labels({0, -1})), std::out_of_range);
  CHECK(matrix.total() == 6);  // nothing was counted
  CHECK_THROWS_AS(matrix.count(3, 0), std::out_of_range);
  CHECK_THROWS_AS(ConfusionMatrix(0), std::invalid_argument);
  CHECK_THROWS_AS(ConfusionMatrix(2, {"a"}), std::invalid_argument);
  CHECK_THROWS_AS(ConfusionMatrix(2).accuracy(), std::logic_error);
  CHECK_THROWS_WITH(ConfusionMatrix(2).accuracy(),
                    Contains("ConfusionMatrix: there must be a point before there is an accuracy, but there is none."));
  CHECK(confusion_matrix(labels({0}), labels({4})).classes() == 5);
  CHECK(confusion_matrix(zeros({1, 7}), labels({4})).classes() == 7);
}

TEST_CASE("precision, recall and F1 of two classes", "[train][metrics]") {
  const Tensor targets = labels({0, 1, 1, 1, 0, 0, 1}), predicted = labels({1, 1, 0, 1, 0, 0, 0});
  CHECK(precision(predicted, targets) == Approx(2 / 3.0));
  CHECK(recall(predicted, targets) == Approx(2 / 4.0));
  CHECK(f1(predicted, targets) == Approx(2 * (2 / 3.0 * 0.5) / (2 / 3.0 + 0.5)));
  CHECK(f1(predicted, targets, {.beta = 2}) == Approx(5 * (2 / 3.0 * 0.5) / (4 * 2 / 3.0 + 0.5)));
  CHECK(f1(predicted, targets, {.beta = 1e200}) == Approx(2 / 4.0));  // recall alone
  CHECK(precision(predicted, targets, {.positive = 0}) == 0.5);
  CHECK(recall(predicted, targets, {.positive = 0}) == Approx(2 / 3.0));
  // 0 / 0
  CHECK(precision(labels({0, 0}), labels({0, 1})) == 0);
  CHECK(precision(labels({0, 0}), labels({0, 1}), {.undefined = 1}) == 1);
  CHECK(recall(labels({0, 0}), labels({0, 0})) == 0);
  CHECK(f1(labels({0, 0}), labels({0, 0})) == 0);
  CHECK_THROWS_WITH(
      f1(labels({0, 2}), labels({0, 1})),
      Contains("there must be two classes, but there are 3. Say how theirs become one: {.average = Average::macro}"));
  CHECK_THROWS_WITH(f1(labels({0, 1}), labels({0, 1}), {.beta = 0}), Contains("beta must be above 0"));
  CHECK_THROWS_WITH(f1(labels({0, 1}), labels({0, 1}), {.positive = 2}),
                    Contains("positive must be 0 or 1, but it is 2."));
}

TEST_CASE("averages over classes", "[train][metrics]") {
  const Tensor targets = labels({0, 1, 2, 0, 1, 2}), predicted = labels({0, 2, 1, 0, 0, 1});
  CHECK(precision(predicted, targets, {.average = Average::macro}) == Approx(2 / 9.0));
  CHECK(precision(predicted, targets, {.average = Average::micro}) == Approx(1 / 3.0));
  CHECK(recall(predicted, targets, {.average = Average::macro}) == Approx(1 / 3.0));
  CHECK(f1(predicted, targets, {.average = Average::macro}) == Approx(0.8 / 3));
  CHECK(f1(predicted, targets, {.average = Average::micro}) == Approx(accuracy(predicted, targets)));
  CHECK(f1(predicted, targets, {.average = Average::weighted}) == Approx(0.8 / 3));
  // By their shares: class 0 twice, class 1 once. Class 5 counts, 2 to 4 do not occur.
  const Tensor more = labels({0, 0, 1}), taken = labels({0, 5, 1});
  CHECK(recall(taken, more, {.average = Average::weighted}) == Approx((2 * 0.5 + 1) / 3));
  CHECK(recall(taken, more, {.average = Average::macro}) == Approx((0.5 + 1 + 0) / 3));
}

TEST_CASE("the area below the ROC curve counts pairs, ties half", "[train][metrics]") {
  CHECK(roc_auc(f64({0.1, 0.4, 0.35, 0.8}), labels({0, 0, 1, 1})) == 0.75);
  CHECK(roc_auc(f64({1., 1., 1., 1.}), labels({0, 1, 0, 1})) == 0.5);
  CHECK(roc_auc(f64({1., 2.}), labels({1, 0})) == 0);
  CHECK(roc_auc(f64({-INFINITY, INFINITY}), labels({0, 1})) == 1);
  Generator generator(5);
  for (int levels : {3, 20, 100000}) {
    const Tensor scores = cast(randint(0, levels, {200}, generator), DType::float32);
    const Tensor targets = randint(0, 2, {200}, generator);
    std::vector<bool> positive;
    for (std::int64_t label : targets.to_vector<std::int64_t>()) positive.push_back(label == 1);
    CHECK(roc_auc(scores, targets) == Approx(pairs_in_order(scores.to_vector<double>(), positive)).epsilon(1e-12));
    CHECK(average_precision(scores, targets) ==
          Approx(precision_by_thresholds(scores.to_vector<double>(), positive)).epsilon(1e-12));
    const RocCurve curve = roc_curve(scores, targets);
    CHECK(curve.false_positive_rate[0].item() == 0);
    CHECK(curve.true_positive_rate[-1].item() == 1);
    CHECK(std::isinf(curve.thresholds[0].item()));
    double area = 0;
    for (std::int64_t i = 1; i < curve.thresholds.size(0); ++i)
      area += (curve.false_positive_rate[i].item() - curve.false_positive_rate[i - 1].item()) *
              (curve.true_positive_rate[i].item() + curve.true_positive_rate[i - 1].item()) / 2;
    CHECK(area == Approx(roc_auc(scores, targets)));
  }
  CHECK_THROWS_WITH(roc_auc(f64({0.1, 0.4}), labels({0, 0})),
                    Contains("targets must have each class, but none is of class 1."));
  CHECK_THROWS_WITH(roc_auc(f64({0.1, 0.4}), labels({1, 1})),
                    Contains("targets must have each class, but all are of class 1."));
  CHECK_THROWS_WITH(roc_auc(f64({0.1, std::nan("")}), labels({0, 1})),
                    Contains("scores must not be nan, but one of point 1 is."));
  CHECK_THROWS_WITH(roc_auc(f64({{0.1}, {0.2}}), labels({0, 1})),
                    Contains("Make one column [n]: reshape(scores, {-1})."));
  CHECK_THROWS_AS(roc_auc(f64({0.1, 0.4}), labels({0, 2})), std::out_of_range);
  CHECK_THROWS_AS(roc_auc(labels({0, 1}), labels({0, 1})), std::invalid_argument);
  CHECK_THROWS_WITH(roc_auc(f64({0.1, 0.4}), labels({0, 1}), {.average = Average::micro}),
                    Contains("average must be macro or weighted, but it is micro."));
}

TEST_CASE("several classes, each against the rest", "[train][metrics]") {
  Generator generator(6);
  const Tensor scores = randint(0, 7, {90, 3}, generator) / 2;
  const Tensor targets = randint(0, 3, {90}, generator);
  double macro = 0, weighted = 0, precision = 0;
  for (int c = 0; c < 3; ++c) {
    std::vector<bool> positive;
    double count = 0;
    for (std::int64_t label : targets.to_vector<std::int64_t>()) {
      positive.push_back(label == c);
      count += label == c;
    }
    const std::vector<double> column = scores[{slice(), c}].to_vector<double>();
    macro += pairs_in_order(column, positive) / 3;
    weighted += pairs_in_order(column, positive) * count / 90;
    precision += precision_by_thresholds(column, positive) / 3;
  }
  CHECK(roc_auc(scores, targets) == Approx(macro).epsilon(1e-12));
  CHECK(roc_auc(scores, targets, {.average = Average::weighted}) == Approx(weighted).epsilon(1e-12));
  CHECK(average_precision(scores, targets) == Approx(precision).epsilon(1e-12));
  CHECK_THROWS_WITH(roc_auc(scores, zeros_like(targets)), Contains("but all are of class 0."));
}

TEST_CASE("average precision and its curve", "[train][metrics]") {
  CHECK(average_precision(f64({0.1, 0.4, 0.35, 0.8}), labels({0, 0, 1, 1})) == Approx(0.5 + 0.5 * 2 / 3));
  CHECK(average_precision(f64({1., 1.}), labels({1, 1})) == 1);
  CHECK(average_precision(f64({1., 1., 1., 1.}), labels({0, 0, 0, 1})) == 0.25);
  const PrecisionRecallCurve curve = precision_recall_curve(f64({0.1, 0.4, 0.35, 0.8}), labels({0, 0, 1, 1}));
  CHECK(curve.precision.to_vector<double>() == std::vector<double>{1, 0.5, 2 / 3.0, 0.5});
  CHECK(curve.recall.to_vector<double>() == std::vector<double>{0.5, 0.5, 1, 1});
  CHECK_THROWS_WITH(average_precision(f64({1., 1.}), labels({0, 0})), Contains("none is of class 1."));
}

TEST_CASE("errors of predicted numbers", "[train][metrics]") {
  const Tensor targets = f64({3., -0.5, 2., 7.}), predicted = f64({2.5, 0., 2., 8.});
  CHECK(mean_absolute_error(predicted, targets) == 0.5);
  CHECK(mean_squared_error(predicted, targets) == 0.375);
  CHECK(root_mean_squared_error(predicted, targets) == std::sqrt(0.375));
  for (const double size : {1e200, 1e-200, 5e-324, 1.0})  // whose squares are inf or 0
    CHECK(root_mean_squared_error(f64({3 * size, 0.}), f64({0., 4 * size})) ==
          Approx(std::sqrt(12.5) * size).margin(size == 5e-324 ? 5e-324 : 0));
  CHECK(root_mean_squared_error(targets, targets) == 0);
  CHECK(r2(predicted, targets) == Approx(1 - 1.5 / 29.1875));
  CHECK(r2(full_like(targets, 2.875), targets) == 0);
  CHECK(r2(targets, targets) == 1);
  for (const double size : {1e170, 1e-170, 5e-324})
    CHECK(r2(f64({size, 2 * size, 2 * size}), f64({size, 2 * size, 3 * size})) == Approx(0.5));
  CHECK(r2(-targets, targets) < 0);
  CHECK(r2(f64({{0., 2.}, {-1., 2.}, {8., -5.}}), f64({{0.5, 1.}, {-1., 1.}, {7., -6.}})) ==
        Approx(((1 - 1.25 / (36 + 1 / 6.0)) + (1 - 3 / (32 + 2 / 3.0))) / 2));
  CHECK(r2(predicted + 1e8, targets + 1e8) == Approx(r2(predicted, targets)));
  CHECK(mean_absolute_error(labels({1, 2}), labels({2, 4})) == 1.5);
  CHECK_THROWS_WITH(mean_squared_error(ones({3}), ones({3, 1})),
                    Contains("must have the same shape, but they are [3] and [3, 1]."));
  CHECK_THROWS_WITH(r2(f64({1., 2.}), f64({5., 5.})),
                    Contains("targets must differ, or they have no variance to explain, but all of them are 5."));
  CHECK_THROWS_AS(r2(f64({1.}), f64({5.})), std::invalid_argument);
  CHECK_THROWS_WITH(mean_absolute_error(f64({1., std::nan("")}), f64({1., 2.})),
                    Contains("but element 1 of the predictions is."));
  CHECK_THROWS_WITH(mean_absolute_error(ones({0}), ones({0})), Contains("there must be at least one point"));
}

TEST_CASE("log loss", "[train][metrics]") {
  const Tensor p = f64({{0.1, 0.9}, {0.9, 0.1}, {0.8, 0.2}, {0.35, 0.65}});
  const double expected = -(std::log(0.9) + std::log(0.9) + std::log(0.8) + std::log(0.65)) / 4;
  CHECK(log_loss(p, labels({1, 0, 0, 1})) == Approx(expected));
  CHECK(log_loss(p[{slice(), 1}], labels({1, 0, 0, 1})) == Approx(expected));
  // Of a softmax it is the cross entropy.
  Generator generator(7);
  const Tensor logits = normal({50, 4}, 0, 2, {}, generator), targets = randint(0, 4, {50}, generator);
  CHECK(log_loss(softmax(logits, 1), targets) == Approx(nn::cross_entropy(logits, targets).item()).epsilon(1e-5));
  CHECK(log_loss(f64({0.}), labels({1})) == Approx(52 * std::log(2)));  // one sure mistake: the dtype's epsilon
  CHECK(log_loss(f64({1.}), labels({1})) == 0);
  CHECK_THROWS_WITH(
      log_loss(f64({1.5, 0.2}), labels({1, 0})),
      Contains("probabilities must be in [0, 1], but one of point 0 is 1.5. Of logits take sigmoid(logits)."));
  CHECK_THROWS_WITH(log_loss(f64({{0.5, 0.2}}), labels({1})),
                    Contains("the probabilities of a point must add up to 1, but those of point 0 make 0.7"));
  CHECK_THROWS_AS(log_loss(f64({{0.5, 0.5}}), labels({2})), std::out_of_range);
}

TEST_CASE("perplexity", "[train][metrics]") {
  CHECK(perplexity(zeros({5, 27}), labels({0, 1, 2, 3, 4})) == Approx(27));
  Generator generator(8);
  const Tensor logits = normal({2, 10, 6}, 0, 3, {}, generator), targets = randint(0, 6, {2, 10}, generator);
  CHECK(perplexity(logits, targets) ==
        Approx(std::exp(nn::cross_entropy(reshape(logits, {20, 6}), reshape(targets, {20})).item())).epsilon(1e-5));
  CHECK(perplexity(f64({{1000., 0.}, {3., 3.}}), labels({0, -100})) == 1);
  CHECK(perplexity(f64({{1000., 0.}, {3., 3.}}), labels({7, 1}), {.ignore_index = 7}) == Approx(2));
  CHECK_THROWS_WITH(perplexity(zeros({1, 2}), labels({-100})), Contains("there must be a target that counts"));
  CHECK_THROWS_WITH(perplexity(zeros({2, 2}), labels({1})),
                    Contains("logits must be [..., C] for targets [...], but they are [2, 2] and [1]."));
  CHECK_THROWS_AS(perplexity(zeros({1, 2}), labels({2})), std::out_of_range);
  CHECK_THROWS_WITH(perplexity(full({1, 2}, std::nan("")), labels({1})), Contains("logits must not be nan"));
}

TEST_CASE("calibration error", "[train][metrics]") {
  // Bins (0, .5], (.5, 1]: of the confidences .2, .5 none happens and one does; of .6, .9, .8 two do.
  const Tensor p = f64({0.2, 0.5, 0.6, 0.9, 0.8}), targets = labels({0, 1, 0, 1, 1});
  const Calibration found = calibration(p, targets, {.bins = 2});
  CHECK(found.counts.to_vector<int>() == std::vector<int>{2, 3});
  CHECK(found.confidence[0].item() == Approx(0.35));
  CHECK(found.accuracy[1].item() == Approx(2 / 3.0));
  CHECK(found.error == Approx(2 / 5.0 * std::abs(0.5 - 0.35) + 3 / 5.0 * std::abs(2 / 3.0 - 2.3 / 3)));
  CHECK(calibration_error(p, targets, {.bins = 2}) == found.error);
  CHECK(calibration_error(f64({1., 0.}), labels({1, 0})) == 0);
  CHECK(calibration_error(f64({0.065, 0.07}), labels({1, 0}), {.bins = 100}) == Approx(0.4325));  // both in (.06, .07]
  CHECK(std::isnan(calibration(f64({1., 0.}), labels({1, 0})).accuracy[7].item()));
  // Of several classes, the largest probability.
  CHECK(calibration_error(f64({{0.7, 0.3}, {0.4, 0.6}}), labels({0, 0}), {.bins = 1}) == Approx(std::abs(0.65 - 0.5)));
  CHECK_THROWS_WITH(calibration_error(p, targets, {.bins = 0}), Contains("bins must be at least 1"));
  CHECK_THROWS_AS(calibration_error(p * 2, targets), std::invalid_argument);
}
