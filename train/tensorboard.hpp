// TensorBoard: event files that TensorBoard shows.
#pragma once

#include <cstdint>
#include <string>

#include "../autograd/error.hpp"

namespace xgrad XGRAD_API {

class Tensor;

namespace train {

class ImageGrid;

/// TensorBoard writes one event file into a folder, for `tensorboard --logdir FOLDER`. Each record is handed to the
/// system at once. A Log writes one beside its other files; by itself it is for those who want nothing else.
///
/// Source: the formats of TensorFlow's record files and of its protocol buffers event.proto and summary.proto.
/// Example: `train::TensorBoard board("runs/a"); board.scalar("loss", step, loss.item());`
class TensorBoard final {
 public:
  /// Starts a new file in the folder, which is made where it is missing. With `resume_from` at least 0, TensorBoard
  /// forgets what earlier files of the folder have for that step and later ones.
  /// Throws: std::runtime_error where the file cannot be made.
  explicit TensorBoard(const std::string& folder, std::int64_t resume_from = -1,
                       SourceLocation where = SourceLocation::current());
  ~TensorBoard();
  TensorBoard(const TensorBoard&) = delete;
  TensorBoard& operator=(const TensorBoard&) = delete;

  /// Adds a number, rounded to float32 as the format has it. Names with slashes are grouped: "loss/train".
  void scalar(const std::string& name, std::int64_t step, double value,
              SourceLocation where = SourceLocation::current());
  /// Adds a histogram of a tensor's elements. Those that are not finite are left out; a tensor without others is not
  /// logged.
  void histogram(const std::string& name, std::int64_t step, const Tensor& values,
                 SourceLocation where = SourceLocation::current());
  /// Adds a picture.
  void image(const std::string& name, std::int64_t step, const ImageGrid& images,
             SourceLocation where = SourceLocation::current());

  /// The file's path.
  const std::string& path() const;

 private:
  struct State;
  State* state_;
};

}  // namespace train
}  // namespace xgrad
