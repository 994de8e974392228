#include "kernels/packed_matrix.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "kernels/panel_layout.h"
#include "kernels/panel_pack.h"
#include "kernels/spec/blocks.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

constexpr size_t kAlignment = 64;

size_t PanelBytes(TensorType type, uint32_t cols) {
  const panel::Unit unit = panel::UnitOf(type);
  const auto columns = static_cast<uint32_t>(unit.columns);
  // Only FP8's rows may end within a unit.
  return CheckedMul<size_t>(cols / columns + (cols % columns != 0), unit.bytes, "panel bytes");
}

// Refuses scales of F8_E4M3 with which the largest code is not finite.
void CheckScales(std::span<const float> scales, size_t blocks, uint32_t first_row, const std::string& name) {
  for (size_t i = 0; i < scales.size(); ++i) {
    if (std::isfinite(scales[i] * spec::kLargestE4M3)) continue;
    throw FormatError("tensor " + name + ": row " + std::to_string(first_row + i / blocks) + " has the scale " +
                      std::to_string(scales[i]) + " for the columns from " + std::to_string(i % blocks * 128) +
                      "; expected a number whose product with 448 is finite");
  }
}

}  // namespace

PackedMatrix::PackedMatrix(TensorType type, uint32_t rows, uint32_t cols, std::string name)
    : PackedMatrix(type, rows, cols, std::move(name), std::make_shared<HugeBuffer>(PackedBytes(type, rows, cols)), 0) {}

PackedMatrix::PackedMatrix(TensorType type, uint32_t rows, uint32_t cols, std::string name,
                           std::shared_ptr<HugeBuffer> memory, size_t offset)
    : type_(type),
      rows_(rows),
      cols_(cols),
      panel_bytes_(PanelBytes(type, cols)),
      name_(std::move(name)),
      memory_(std::move(memory)),
      offset_(offset) {
  CHECK(offset % kAlignment == 0 && offset <= memory_->size() && bytes() <= memory_->size() - offset);
}

size_t PackedMatrix::PackedBytes(TensorType type, uint32_t rows, uint32_t cols) {
  const TensorTypeInfo& info = InfoOf(type);
  CHECK(info.computed && rows > 0 && cols > 0 && cols % info.block_values == 0);
  return CheckedMul<size_t>((size_t{rows} + kPanelRows - 1) / kPanelRows, PanelBytes(type, cols),
                            "packed matrix bytes");
}

void PackedMatrix::PackRows(uint32_t first_row, uint32_t row_count, std::span<const std::byte> file_bytes,
                            std::span<const float> scales) {
  const TensorTypeInfo& info = InfoOf(type_);
  const size_t row_bytes = size_t{cols_} / info.block_values * info.block_bytes;
  CHECK(first_row % kPanelRows == 0 && first_row <= rows_ && row_count <= rows_ - first_row);
  CHECK(row_count % kPanelRows == 0 || first_row + row_count == rows_);
  CHECK(file_bytes.size() == row_count * row_bytes);
  const bool fp8 = type_ == TensorType::kF8_E4M3;
  const size_t blocks = ScaleBlocks(cols_);
  CHECK(scales.size() == (fp8 ? row_count * blocks : 0));
  CheckScales(scales, blocks, first_row, name_);
  for (uint32_t row = first_row; row < first_row + row_count; row += kPanelRows) {
    std::byte* panel = data() + row / kPanelRows * panel_bytes_;
    const uint32_t count = std::min<uint32_t>(kPanelRows, first_row + row_count - row);
    const std::byte* source = file_bytes.data() + (row - first_row) * row_bytes;
    const int bad =
        fp8 ? panel::PackFp8Panel(source, row_bytes, count, cols_, scales.data() + (row - first_row) * blocks, panel)
        : IsFloatType(type_) ? panel::PackFloatPanel(type_, source, row_bytes, count, cols_, panel)
                             : panel::PackBlockPanel(type_, source, row_bytes, count, cols_, panel);
    if (bad >= 0) {
      throw FormatError("tensor " + name_ + ": row " + std::to_string(row + static_cast<uint32_t>(bad)) + " holds a " +
                        (TakesFloatActivations(type_) ? "value" : "block scale") +
                        " that is infinite or not a number; expected finite numbers");
    }
  }
}

void PackedMatrix::UnpackRow(uint32_t row, std::span<float> out) const {
  CHECK(row < rows_ && out.size() == cols_);
  const std::byte* source = panel(row / kPanelRows);
  const int lane = static_cast<int>(row % kPanelRows);
  if (type_ == TensorType::kF8_E4M3) return panel::UnpackFp8Row(source, lane, out);
  if (IsFloatType(type_)) {
    const size_t width = type_ == TensorType::kF32 ? 4 : 2;
    for (uint32_t k = 0; k < cols_; ++k) {
      out[k] = spec::FloatElement(type_, source + (size_t{k} * kPanelRows + static_cast<size_t>(lane)) * width);
    }
    return;
  }
  const panel::Unit unit = panel::UnitOf(type_);
  spec::DecodedBlock block;
  for (uint32_t k = 0; k < cols_; k += static_cast<uint32_t>(unit.columns), source += unit.bytes) {
    panel::UnpackBlock(type_, source, lane, block);
    for (int i = 0; i < unit.columns; ++i) out[k + static_cast<uint32_t>(i)] = spec::Value(block, i);
  }
}

}  // namespace candor
