// Figures about measurements.
#ifndef CANDOR_BASE_STATISTICS_H_
#define CANDOR_BASE_STATISTICS_H_

#include <vector>

namespace candor {

// The value in the middle, of an even number the larger of the two; 0 of none. Linear time.
double Median(std::vector<double> values);

}  // namespace candor

#endif  // CANDOR_BASE_STATISTICS_H_
