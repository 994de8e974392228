// Moves blocks of 16 rows between a file's layout and a panel (kernels/panel_layout.h), and back for one row.
#ifndef CANDOR_KERNELS_PANEL_PACK_H_
#define CANDOR_KERNELS_PANEL_PACK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/spec/blocks.h"
#include "kernels/tensor_type.h"

namespace candor::panel {

// Packs `rows` (1 to 16) rows of `cols` columns, `row_bytes` apart, into a zeroed panel. Returns -1, or the index of
// the first row found with a scale (a value, for the float types) that is not finite.
int PackBlockPanel(TensorType type, const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols,
                   std::byte* panel);
int PackFloatPanel(TensorType type, const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols,
                   std::byte* panel);

// The same for F8_E4M3, with a scale for each row and 128 columns, row by row. What is found is a row with a NaN code.
int PackFp8Panel(const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols, const float* scales,
                 std::byte* panel);

// Row `lane` of the unit at `unit`, as spec::DecodeBlock made it from the file (`finite` is true).
void UnpackBlock(TensorType type, const std::byte* unit, int lane, spec::DecodedBlock& block);
// Row `lane` of a panel of F8_E4M3: its first out.size() values.
void UnpackFp8Row(const std::byte* panel, int lane, std::span<float> out);

}  // namespace candor::panel

#endif  // CANDOR_KERNELS_PANEL_PACK_H_
