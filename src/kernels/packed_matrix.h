// A weight matrix in the form that the kernels read: panels of 16 rows, losslessly, in the file's own widths.
#ifndef CANDOR_KERNELS_PACKED_MATRIX_H_
#define CANDOR_KERNELS_PACKED_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/huge_buffer.h"
#include "kernels/kernel_table.h"
#include "kernels/tensor_type.h"

namespace candor {

// A matrix of `rows` outputs by `cols` inputs. Rows are padded with zeros to a whole panel.
class PackedMatrix {
 public:
  static constexpr uint32_t kPanelRows = 16;

  PackedMatrix() = default;
  // An empty matrix of the given shape. `cols` must be a multiple of the type's block; the type must be `computed`.
  // `name` is what messages call the tensor.
  PackedMatrix(TensorType type, uint32_t rows, uint32_t cols, std::string name);
  // The same in zeroed memory that many matrices share, so that small ones lie on huge pages too: PackedBytes() of
  // `memory` from `offset` on, a multiple of 64, are this matrix's own.
  PackedMatrix(TensorType type, uint32_t rows, uint32_t cols, std::string name, std::shared_ptr<HugeBuffer> memory,
               size_t offset);

  // What bytes() of such a matrix will be. Throws LimitError when that overflows.
  static size_t PackedBytes(TensorType type, uint32_t rows, uint32_t cols);

  // Packs `row_count` rows, in the file's layout, as rows [first_row, first_row + row_count). `first_row` must be a
  // multiple of 16; so must `row_count` unless the rows are the last. Throws FormatError naming the tensor and the row
  // when a block's scale or a float value is not finite. Different row ranges may be packed by different threads.
  //
  // F8_E4M3 has scales apart from its codes: `scales` holds ScaleBlocks(cols) a row, one for every 128 columns (the
  // last for what is left), row by row. They must be finite, and so must 448 times them. Empty for every other type.
  void PackRows(uint32_t first_row, uint32_t row_count, std::span<const std::byte> file_bytes,
                std::span<const float> scales = {});
  static constexpr uint32_t ScaleBlocks(uint32_t cols) { return cols / 128 + (cols % 128 != 0); }

  // Row `row` as float32, each value rounded once: the same values that the exact kernels multiply with.
  void UnpackRow(uint32_t row, std::span<float> out) const;

  bool empty() const { return rows_ == 0; }
  TensorType type() const { return type_; }
  uint32_t rows() const { return rows_; }
  uint32_t cols() const { return cols_; }
  uint32_t panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  size_t panel_bytes() const { return panel_bytes_; }
  size_t bytes() const { return panels() * panel_bytes_; }
  const std::byte* panel(size_t index) const { return data() + index * panel_bytes_; }
  const std::string& name() const { return name_; }
  WeightView view() const { return {type_, rows_, cols_, data(), panel_bytes_}; }

 private:
  std::byte* data() { return memory_->data() + offset_; }
  const std::byte* data() const { return memory_ ? memory_->data() + offset_ : nullptr; }

  TensorType type_ = TensorType::kF32;
  uint32_t rows_ = 0;
  uint32_t cols_ = 0;
  size_t panel_bytes_ = 0;
  std::string name_;
  std::shared_ptr<HugeBuffer> memory_;
  size_t offset_ = 0;  // of this matrix in memory_
};

}  // namespace candor

#endif  // CANDOR_KERNELS_PACKED_MATRIX_H_
