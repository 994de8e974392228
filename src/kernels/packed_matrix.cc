#include "kernels/packed_matrix.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "kernels/panel_layout.h"
#include "kernels/panel_pack.h"
#include "kernels/spec/blocks.h"

namespace candor {
namespace {

constexpr size_t kAlignment = 64;

size_t PanelBytes(TensorType type, uint32_t cols) {
  const panel::Unit unit = panel::UnitOf(type);
  return CheckedMul<size_t>(cols / static_cast<uint32_t>(unit.columns), unit.bytes, "panel bytes");
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

void PackedMatrix::PackRows(uint32_t first_row, uint32_t row_count, std::span<const std::byte> file_bytes) {
  const TensorTypeInfo& info = InfoOf(type_);
  const size_t row_bytes = size_t{cols_} / info.block_values * info.block_bytes;
  CHECK(first_row % kPanelRows == 0 && first_row <= rows_ && row_count <= rows_ - first_row);
  CHECK(row_count % kPanelRows == 0 || first_row + row_count == rows_);
  CHECK(file_bytes.size() == row_count * row_bytes);
  for (uint32_t row = first_row; row < first_row + row_count; row += kPanelRows) {
    std::byte* panel = data() + row / kPanelRows * panel_bytes_;
    const uint32_t count = std::min<uint32_t>(kPanelRows, first_row + row_count - row);
    const std::byte* source = file_bytes.data() + (row - first_row) * row_bytes;
    const int bad = IsFloatType(type_) ? panel::PackFloatPanel(type_, source, row_bytes, count, cols_, panel)
                                       : panel::PackBlockPanel(type_, source, row_bytes, count, cols_, panel);
    if (bad >= 0) {
      throw FormatError("tensor " + name_ + ": row " + std::to_string(row + static_cast<uint32_t>(bad)) + " holds a " +
                        (IsFloatType(type_) ? "value" : "block scale") +
                        " that is infinite or not a number; expected finite numbers");
    }
  }
}

void PackedMatrix::UnpackRow(uint32_t row, std::span<float> out) const {
  CHECK(row < rows_ && out.size() == cols_);
  const std::byte* source = panel(row / kPanelRows);
  const int lane = static_cast<int>(row % kPanelRows);
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
