// Metadata, tensor tables and the bytes handed out, against what the reference reader finds in the same files
// (tests/tools/describe_gguf.py).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/sha256.h"
#include "format/gguf.h"

namespace candor {
namespace {

std::string ShaOf(std::string_view bytes) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(bytes)));
  return ToHex(hash.Finish());
}

constexpr const char* kNumberNames[] = {"uint8",   "int8", "uint16", "int16", "uint32", "int32",
                                        "float32", "bool", "uint64", "int64", "float64"};

std::string DescribeKey(const MetadataValue& value) {
  char text[32];
  if (const auto* v = std::get_if<uint64_t>(&value)) return "uint " + std::to_string(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return "int " + std::to_string(*v);
  if (const auto* v = std::get_if<bool>(&value)) return *v ? "bool 1" : "bool 0";
  if (const auto* v = std::get_if<std::string>(&value)) return "string " + ShaOf(*v);
  if (const auto* v = std::get_if<double>(&value)) {
    std::snprintf(text, sizeof text, "float %016llx", static_cast<unsigned long long>(std::bit_cast<uint64_t>(*v)));
    return text;
  }
  std::string bytes;
  if (const auto* table = std::get_if<StringTable>(&value)) {
    for (size_t i = 0; i < table->size(); ++i) {
      const uint64_t length = (*table)[i].size();
      bytes.append(reinterpret_cast<const char*>(&length), sizeof length).append((*table)[i]);
    }
    return "array string " + std::to_string(table->size()) + " " + ShaOf(bytes);
  }
  const NumberArray& array = std::get<NumberArray>(value);
  for (size_t i = 0; i < array.size(); ++i) {
    std::visit(
        [&](auto v) {
          const size_t width = NumberBytes(array.type());
          const float narrow = static_cast<float>(v);
          const bool single = array.type() == NumberType::kFloat32;
          bytes.append(single ? reinterpret_cast<const char*>(&narrow) : reinterpret_cast<const char*>(&v), width);
        },
        array[i]);
  }
  return std::string("array ") + kNumberNames[static_cast<size_t>(array.type())] + " " + std::to_string(array.size()) +
         " " + ShaOf(bytes);
}

std::string DescribeFile(const std::filesystem::path& path) {
  std::vector<File> files;
  files.push_back(File::Open(path));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  std::ostringstream out;
  for (const auto& [key, value] : checkpoint.metadata.values())
    out << "key " << key << " " << DescribeKey(value) << "\n";
  std::vector<Sha256> hashes(checkpoint.tensors.size());
  const std::vector<Sha256Digest> digests =
      StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) { hashes[piece.tensor].Update(piece.bytes); });
  for (size_t i = 0; i < checkpoint.tensors.size(); ++i) {
    const TensorInfo& tensor = checkpoint.tensors[i];
    out << "tensor " << tensor.name << " " << InfoOf(tensor.type).name << " ";
    for (size_t d = 0; d < tensor.shape.size(); ++d) out << (d == 0 ? "" : ",") << tensor.shape[d];
    out << " " << tensor.offset << " " << tensor.bytes << " " << ToHex(hashes[i].Finish()) << "\n";
  }
  out << "file " << ToHex(digests.at(0)) << "\n";
  return out.str();
}

std::filesystem::path ModelFolder() {
  if (const char* folder = std::getenv("CANDOR_MODELS")) return folder;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : "/") / ".local/share/candor/models";
}

class GgufGoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GgufGoldenTest, AgreesWithTheReferenceReader) {
  const std::string file = GetParam() + ".gguf";
  for (const std::filesystem::path& folder : {std::filesystem::path(CANDOR_TEST_DATA "/gguf"),
                                              std::filesystem::path(CANDOR_SHARED_GOLDEN "/gguf"), ModelFolder()}) {
    if (!std::filesystem::exists(folder / file)) continue;
    std::ifstream stream(CANDOR_TEST_DATA "/gguf/" + file + ".txt");
    const std::string expected(std::istreambuf_iterator<char>(stream), {});
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(DescribeFile(folder / file), expected);
    return;
  }
  GTEST_SKIP() << file << " is not here";
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Made, GgufGoldenTest,
                         ::testing::Values("llama", "llama3-rope", "qwen3", "gemma3", "deepseek-v3", "gpt-oss",
                                           "gpt-oss-mxfp4", "gpt2", "mixtral", "olmo2", "qwen3-moe", "smollm3"),
                         TestName);
INSTANTIATE_TEST_SUITE_P(Real, GgufGoldenTest, ::testing::Values("smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b"),
                         TestName);

}  // namespace
}  // namespace candor
