#include "engine/sampling_weights.h"

#include <cmath>
#include <limits>

#include "kernels/spec/math.h"

namespace candor {

double WeightOf(double exponent) {
  // Adding 2^20 leaves a double no bits below 2^-32: the sum rounds half to even there.
  return exponent < kSmallestExponent ? 0 : (spec::Exp(exponent) + 0x1p20) - 0x1p20;
}

float LogitBelow(double exponent, float largest, double temperature) {
  // A little further than the exponent says, so that no rounding on the way matters.
  const double bound = static_cast<double>(largest) + (exponent - 0.001) * temperature;
  if (bound < -std::numeric_limits<float>::max()) return -std::numeric_limits<float>::infinity();
  return std::nextafter(static_cast<float>(bound), -std::numeric_limits<float>::infinity());
}

}  // namespace candor
