// Cosines and sines of the rotary embedding for the positions of one batch.
#ifndef CANDOR_MODEL_ROPE_TABLE_H_
#define CANDOR_MODEL_ROPE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/config.h"

namespace candor {

class RopeTable {
 public:
  explicit RopeTable(const RopeConfig& config);

  // Makes room for `rows` positions.
  void Resize(size_t rows);
  // Fills row `row` for `position`: angle i is position * frequency i in double, reduced there; cos and sin are rounded
  // to float32 after the magnitude has been applied. Different rows may be filled by different threads.
  void Fill(size_t row, uint32_t position);

  size_t pairs() const { return frequencies_.size(); }
  const float* cosines(size_t row) const { return cosines_.data() + row * pairs(); }
  const float* sines(size_t row) const { return sines_.data() + row * pairs(); }

 private:
  std::vector<double> frequencies_;  // [dims / 2], radians per position
  double magnitude_;
  std::vector<float> cosines_, sines_;  // [rows, dims / 2]
};

}  // namespace candor

#endif  // CANDOR_MODEL_ROPE_TABLE_H_
