#include "kernels/tensor_type.h"

#include "base/check.h"

namespace candor {
namespace {

constexpr TensorTypeInfo kTypes[] = {
    {TensorType::kF32, "F32", 1, 4, true},
    {TensorType::kF16, "F16", 1, 2, true},
    {TensorType::kQ4_0, "Q4_0", 32, 18, true},
    {TensorType::kQ4_1, "Q4_1", 32, 20, true},
    {TensorType::kQ5_0, "Q5_0", 32, 22, true},
    {TensorType::kQ5_1, "Q5_1", 32, 24, true},
    {TensorType::kQ8_0, "Q8_0", 32, 34, true},
    {TensorType::kQ8_1, "Q8_1", 32, 36, false},
    {TensorType::kQ2_K, "Q2_K", 256, 84, true},
    {TensorType::kQ3_K, "Q3_K", 256, 110, true},
    {TensorType::kQ4_K, "Q4_K", 256, 144, true},
    {TensorType::kQ5_K, "Q5_K", 256, 176, true},
    {TensorType::kQ6_K, "Q6_K", 256, 210, true},
    {TensorType::kQ8_K, "Q8_K", 256, 292, false},
    {TensorType::kIQ2_XXS, "IQ2_XXS", 256, 66, false},
    {TensorType::kIQ2_XS, "IQ2_XS", 256, 74, false},
    {TensorType::kIQ3_XXS, "IQ3_XXS", 256, 98, false},
    {TensorType::kIQ1_S, "IQ1_S", 256, 50, false},
    {TensorType::kIQ4_NL, "IQ4_NL", 32, 18, true},
    {TensorType::kIQ3_S, "IQ3_S", 256, 110, false},
    {TensorType::kIQ2_S, "IQ2_S", 256, 82, false},
    {TensorType::kIQ4_XS, "IQ4_XS", 256, 136, true},
    {TensorType::kI8, "I8", 1, 1, false},
    {TensorType::kI16, "I16", 1, 2, false},
    {TensorType::kI32, "I32", 1, 4, false},
    {TensorType::kI64, "I64", 1, 8, false},
    {TensorType::kF64, "F64", 1, 8, false},
    {TensorType::kIQ1_M, "IQ1_M", 256, 56, false},
    {TensorType::kBF16, "BF16", 1, 2, true},
    {TensorType::kTQ1_0, "TQ1_0", 256, 54, false},
    {TensorType::kTQ2_0, "TQ2_0", 256, 66, false},
    {TensorType::kMXFP4, "MXFP4", 32, 17, true},
    {TensorType::kNVFP4, "NVFP4", 64, 36, false},
    {TensorType::kQ1_0, "Q1_0", 128, 18, false},
    {TensorType::kF8_E4M3, "F8_E4M3", 1, 1, true},
    {TensorType::kF8_E5M2, "F8_E5M2", 1, 1, false},
    {TensorType::kU8, "U8", 1, 1, false},
    {TensorType::kU16, "U16", 1, 2, false},
    {TensorType::kU32, "U32", 1, 4, false},
    {TensorType::kU64, "U64", 1, 8, false},
    {TensorType::kBool, "BOOL", 1, 1, false},
};

// GGUF's numbers end far below ours.
constexpr uint32_t kFirstOwnId = 200;

}  // namespace

const TensorTypeInfo& InfoOf(TensorType type) {
  for (const TensorTypeInfo& info : kTypes) {
    if (info.type == type) return info;
  }
  CHECK(!"every TensorType has a row");
}

std::optional<TensorTypeInfo> TensorTypeFromGgufId(uint32_t id) {
  if (id >= kFirstOwnId) return std::nullopt;
  for (const TensorTypeInfo& info : kTypes) {
    if (static_cast<uint32_t>(info.type) == id) return info;
  }
  return std::nullopt;
}

std::optional<TensorTypeInfo> TensorTypeFromSafetensorsName(std::string_view name) {
  // The format has plain numbers only; their names are those of the table.
  for (const TensorTypeInfo& info : kTypes) {
    if (info.name == name && info.block_values == 1) return info;
  }
  return std::nullopt;
}

}  // namespace candor
