#include "model/rope_table.h"

#include "kernels/spec/math.h"

namespace candor {

RopeTable::RopeTable(const RopeConfig& config) : magnitude_(config.magnitude) {
  for (uint32_t i = 0; i < config.dims / 2; ++i) {
    double frequency = spec::Pow(config.base, -2.0 * i / config.dims);
    if (!config.frequency_factors.empty()) frequency /= config.frequency_factors[i];
    frequencies_.push_back(frequency);
  }
}

void RopeTable::Resize(size_t rows) {
  cosines_.resize(rows * pairs());
  sines_.resize(rows * pairs());
}

void RopeTable::Fill(size_t row, uint32_t position) {
  for (size_t i = 0; i < pairs(); ++i) {
    const spec::SinCos angle = spec::SinCosOf(position * frequencies_[i]);
    cosines_[row * pairs() + i] = static_cast<float>(angle.cos * magnitude_);
    sines_[row * pairs() + i] = static_cast<float>(angle.sin * magnitude_);
  }
}

}  // namespace candor
