// The search for the scales of one block of Q4_K or Q6_K: 256 values.
//
// Both formats scale in two steps: a block's binary16 factors, and small integers that multiply them for every group of
// 32 (16) values. The search goes the same way: for each group alone a scale (and a minimum) by least squares from
// several starts, each with the codes that it leads to; then factors that hold the largest of these; then, with the
// factors as they will be stored, each group's integers, with the nearest codes; then the factors once more, by least
// squares over the block. What is made small is the plain sum of squared errors.
//
// Method: alternating least squares for a scalar quantiser (Lloyd, Least squares quantization in PCM, 1982). The starts
// were chosen greedily on normal, Laplace and Student's t (3) data: each is the one that lowers the error most beside
// those before it.
#ifndef CANDOR_KERNELS_SPEC_QUANTIZE_K_H_
#define CANDOR_KERNELS_SPEC_QUANTIZE_K_H_

#include <cstddef>

namespace candor::spec {

// 256 finite floats to a block: 144 bytes for Q4_K, 210 for Q6_K.
void EncodeQ4K(const float* x, std::byte* out);
void EncodeQ6K(const float* x, std::byte* out);

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_QUANTIZE_K_H_
