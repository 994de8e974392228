// What a logit weighs when a token is drawn: e^((logit - largest) / temperature), rounded to a multiple of 2^-32.
#ifndef CANDOR_ENGINE_SAMPLING_WEIGHTS_H_
#define CANDOR_ENGINE_SAMPLING_WEIGHTS_H_

namespace candor {

// Below this exponent a weight is 0: e^-23 is less than half of 2^-32.
inline constexpr double kSmallestExponent = -23;

// (logit - largest) / temperature, in double.
inline double ExponentOf(float logit, float largest, double temperature) {
  return (static_cast<double>(logit) - static_cast<double>(largest)) / temperature;
}

// The weight of an exponent, which is 0 or less.
double WeightOf(double exponent);

// The largest float that is below every logit whose exponent is `exponent` or more.
float LogitBelow(double exponent, float largest, double temperature);

}  // namespace candor

#endif  // CANDOR_ENGINE_SAMPLING_WEIGHTS_H_
