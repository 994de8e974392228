// How rotations made for short contexts are stretched over longer ones: what RopeConfig::frequency_factors and
// ::magnitude are by each published method.
#ifndef CANDOR_MODEL_ROPE_SCALING_H_
#define CANDOR_MODEL_ROPE_SCALING_H_

#include <cstdint>
#include <vector>

#include "model/config.h"

namespace candor {

// What all methods divide the contexts' lengths by.
inline constexpr double kMaxContextFactor = 10000.0;

// Every frequency is divided by `factor` (Chen et al. 2023, position interpolation).
std::vector<double> LinearFactors(uint32_t dims, double factor);

// YaRN (Peng et al. 2023), section 3.2: frequencies that turn more than beta_fast times within the first context stay,
// those that turn less than beta_slow times are divided by `factor`, and between them there is a ramp over the
// dimensions.
struct YarnScaling {
  double factor = 1.0;
  uint32_t first_context = 0;
  double beta_fast = 32.0, beta_slow = 1.0;
  bool truncate = true;  // the ramp's ends are whole dimensions, rounded outwards
};
std::vector<double> YarnFactors(uint32_t dims, double base, const YarnScaling& scaling);
// 0.1 * weight * ln(factor) + 1: what YaRN multiplies cosines and sines with, or (DeepSeek) the square of it the
// scores.
double YarnMagnitude(double factor, double weight = 1.0);

// Llama 3.1: wavelengths up to first_context / high_factor stay, those from first_context / low_factor on are divided
// by `factor`, and between them the frequencies are mixed by a ramp over their turns.
struct WavelengthScaling {
  double factor = 1.0;
  uint32_t first_context = 0;
  double low_factor = 1.0, high_factor = 4.0;
};
std::vector<double> WavelengthFactors(uint32_t dims, double base, const WavelengthScaling& scaling);

// LongRoPE (Ding et al. 2024) as Phi-3 uses it: sqrt(1 + ln(factor) / ln(first_context)), 1 where factor <= 1.
double LongRopeMagnitude(double factor, uint32_t first_context);

}  // namespace candor

#endif  // CANDOR_MODEL_ROPE_SCALING_H_
