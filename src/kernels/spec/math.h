// Elementary functions in double that give the same bits everywhere: only +, -, *, / and integer operations, in a
// fixed order, rounded to nearest. Accurate to about 2 units in the last place, which no user of them depends on.
//
// No libm: its results differ between versions and machines.
#ifndef CANDOR_KERNELS_SPEC_MATH_H_
#define CANDOR_KERNELS_SPEC_MATH_H_

namespace candor::spec {

// e^x. 0 below -745, infinity above 709.78, NaN for NaN.
double Exp(double x);
// Natural logarithm. -infinity for 0, NaN for negative numbers and NaN.
double Log(double x);
// x^y for x > 0, as Exp(y * Log(x)); exact for y = 0 and y = 1.
double Pow(double x, double y);

// Sine and cosine of x radians, for |x| < 2^31: the argument is reduced by multiples of pi/2 held in three parts, so
// that positions of a million tokens keep the precision of float32.
struct SinCos {
  double sin;
  double cos;
};
SinCos SinCosOf(double x);

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_MATH_H_
