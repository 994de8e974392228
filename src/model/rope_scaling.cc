#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>

#include "kernels/spec/math.h"

namespace candor {
namespace {

constexpr double kTwoPi = 6.283185307179586;

// The dimension whose frequency turns `turns` times within `context` positions; not a whole number.
double DimensionOfTurns(double turns, uint32_t dims, double base, uint32_t context) {
  return dims * spec::Log(context / (turns * kTwoPi)) / (2.0 * spec::Log(base));
}

// What a frequency is divided by when it becomes `kept` parts itself and the rest of it divided by `factor`.
double MixedFactor(double kept, double factor) { return 1.0 / (kept + (1.0 - kept) / factor); }

}  // namespace

std::vector<double> LinearFactors(uint32_t dims, double factor) { return std::vector<double>(dims / 2, factor); }

std::vector<double> YarnFactors(uint32_t dims, double base, const YarnScaling& scaling) {
  double low = DimensionOfTurns(scaling.beta_fast, dims, base, scaling.first_context);
  double high = DimensionOfTurns(scaling.beta_slow, dims, base, scaling.first_context);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dims - 1.0);
  if (low == high) high += 0.001;  // no ramp, but a quotient
  std::vector<double> factors;
  for (uint32_t i = 0; i < dims / 2; ++i) {
    const double kept = 1.0 - std::clamp((i - low) / (high - low), 0.0, 1.0);
    factors.push_back(MixedFactor(kept, scaling.factor));
  }
  return factors;
}

double YarnMagnitude(double factor, double weight) {
  return factor <= 1.0 ? 1.0 : 0.1 * weight * spec::Log(factor) + 1.0;
}

std::vector<double> WavelengthFactors(uint32_t dims, double base, const WavelengthScaling& scaling) {
  std::vector<double> factors;
  for (uint32_t i = 0; i < dims / 2; ++i) {
    const double turns = scaling.first_context * spec::Pow(base, -2.0 * i / dims) / kTwoPi;
    const double ramp = (turns - scaling.low_factor) / (scaling.high_factor - scaling.low_factor);
    factors.push_back(MixedFactor(std::clamp(ramp, 0.0, 1.0), scaling.factor));
  }
  return factors;
}

double LongRopeMagnitude(double factor, uint32_t first_context) {
  return factor <= 1.0 ? 1.0 : std::sqrt(1.0 + spec::Log(factor) / spec::Log(first_context));
}

}  // namespace candor
