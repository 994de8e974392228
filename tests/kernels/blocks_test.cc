// The scalar definition of the block formats against values from the gguf Python package (block_values.txt), and the
// way through a panel and back.
#include "kernels/spec/blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "kernels/packed_matrix.h"

namespace candor {
namespace {

struct BlockCase {
  TensorType type;
  std::vector<uint8_t> bytes;
  std::vector<float> values;
};

TensorType TypeOf(const std::string& name) {
  for (uint32_t id = 0; id < 64; ++id) {
    const auto info = TensorTypeFromGgufId(id);
    if (info && info->name == name) return info->type;
  }
  ADD_FAILURE() << name;
  return TensorType::kF32;
}

std::vector<BlockCase> Cases() {
  std::ifstream file(std::string(CANDOR_TEST_DATA) + "/kernels/block_values.txt");
  std::vector<BlockCase> cases;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name, hex, value;
    words >> name >> hex;
    BlockCase block{.type = TypeOf(name), .bytes = {}, .values = {}};
    for (size_t i = 0; i < hex.size(); i += 2) {
      block.bytes.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    while (words >> value) block.values.push_back(std::strtof(value.c_str(), nullptr));
    cases.push_back(block);
  }
  return cases;
}

TEST(Blocks, EveryFormatHasTheReferencesValues) {
  const std::vector<BlockCase> cases = Cases();
  ASSERT_EQ(cases.size(), 13u * 6u);
  for (const BlockCase& block : cases) {
    spec::DecodedBlock decoded;
    spec::DecodeBlock(block.type, block.bytes.data(), decoded);
    ASSERT_EQ(static_cast<size_t>(decoded.columns), block.values.size());
    EXPECT_TRUE(decoded.finite);
    for (int k = 0; k < decoded.columns; ++k) {
      EXPECT_EQ(spec::Value(decoded, k), block.values[static_cast<size_t>(k)]) << InfoOf(block.type).name << " " << k;
    }
  }
}

TEST(Blocks, APackedRowUnpacksToItsValues) {
  std::map<TensorType, std::vector<BlockCase>> by_type;
  for (const BlockCase& block : Cases()) by_type[block.type].push_back(block);
  for (const auto& [type, blocks] : by_type) {
    // 35 rows of 2 blocks: two whole panels and a part of one.
    constexpr uint32_t kRows = 35;
    const uint32_t columns = 2 * static_cast<uint32_t>(blocks[0].values.size());
    std::vector<std::byte> file;
    const auto block_at = [&](uint32_t row, uint32_t i) -> const BlockCase& { return blocks[(row * 2 + i) % 6]; };
    for (uint32_t row = 0; row < kRows; ++row) {
      for (uint32_t i = 0; i < 2; ++i) {
        for (uint8_t b : block_at(row, i).bytes) file.push_back(static_cast<std::byte>(b));
      }
    }
    PackedMatrix matrix(type, kRows, columns, "w");
    const size_t row_bytes = file.size() / kRows;
    matrix.PackRows(0, 16, std::span(file).first(16 * row_bytes));
    matrix.PackRows(16, kRows - 16, std::span(file).subspan(16 * row_bytes));
    EXPECT_EQ(matrix.bytes(), row_bytes * 48) << InfoOf(type).name << ": a panel is as large as its rows in the file";
    std::vector<float> row(columns);
    for (uint32_t r = 0; r < kRows; ++r) {
      matrix.UnpackRow(r, row);
      for (uint32_t k = 0; k < columns; ++k) {
        const BlockCase& block = block_at(r, k / (columns / 2));
        ASSERT_EQ(row[k], block.values[k % (columns / 2)]) << InfoOf(type).name << " row " << r << " column " << k;
      }
    }
  }
}

TEST(Blocks, ScalesAndValuesThatAreNotFiniteAreRefused) {
  const auto expect_refused = [](TensorType type, std::vector<std::byte> row, size_t at, std::vector<int> bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) row[at + i] = static_cast<std::byte>(bytes[i]);
    const uint32_t columns = static_cast<uint32_t>(row.size() / InfoOf(type).block_bytes) * InfoOf(type).block_values;
    PackedMatrix matrix(type, 1, columns, "blk.3.ffn_up.weight");
    try {
      matrix.PackRows(0, 1, row);
      FAIL() << InfoOf(type).name;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find("blk.3.ffn_up.weight"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("row 0"), std::string::npos);
    }
  };
  const std::map<TensorType, std::vector<size_t>> scales = {
      {TensorType::kQ4_0, {0}},    {TensorType::kQ4_1, {0, 2}}, {TensorType::kQ5_0, {0}},
      {TensorType::kQ5_1, {0, 2}}, {TensorType::kQ8_0, {0}},    {TensorType::kQ2_K, {80, 82}},
      {TensorType::kQ3_K, {108}},  {TensorType::kQ4_K, {0, 2}}, {TensorType::kQ5_K, {0, 2}},
      {TensorType::kQ6_K, {208}},  {TensorType::kIQ4_NL, {0}},  {TensorType::kIQ4_XS, {0}},
  };
  for (const auto& [type, offsets] : scales) {
    const std::vector<std::byte> row(2 * InfoOf(type).block_bytes);
    for (size_t offset : offsets) {
      const size_t second_block = InfoOf(type).block_bytes + offset;
      expect_refused(type, row, second_block, {0x00, 0x7c});  // infinity
      expect_refused(type, row, second_block, {0x01, 0xfe});  // not a number
    }
  }
  expect_refused(TensorType::kMXFP4, std::vector<std::byte>(34), 17, {255});
  expect_refused(TensorType::kF32, std::vector<std::byte>(64), 60, {0, 0, 0x80, 0x7f});
  expect_refused(TensorType::kF16, std::vector<std::byte>(64), 62, {0x00, 0xfc});
  expect_refused(TensorType::kBF16, std::vector<std::byte>(64), 0, {0xc0, 0x7f});
}

}  // namespace
}  // namespace candor
