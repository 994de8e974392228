#include "format/file_kind.h"

#include <gtest/gtest.h>

#include <string_view>

namespace candor {
namespace {

using std::string_view_literals::operator""sv;

FileKind KindOf(std::string_view text) { return DetectFileKind(std::as_bytes(std::span(text))); }

TEST(FileKindTest, TellsKindsFromTheirFirstBytes) {
  EXPECT_EQ(KindOf("GGUF\x03\0\0\0"sv), FileKind::kGguf);
  EXPECT_EQ(KindOf(""), FileKind::kEmpty);
  // pickle.dumps({}, protocol=2) and protocol=5; torch.save writes a ZIP since 1.6.
  EXPECT_EQ(KindOf("\x80\x02}q\x00."sv), FileKind::kPickle);
  EXPECT_EQ(KindOf("\x80\x05}\x94."sv), FileKind::kPickle);
  EXPECT_EQ(KindOf("PK\x03\x04\x14\0"sv), FileKind::kZip);
  EXPECT_EQ(KindOf("\x10\0\0\0\0\0\0\0{\"a\":"sv), FileKind::kSafetensors);
  EXPECT_EQ(KindOf("tjgg\x03\0\0\0"sv), FileKind::kOldGgml);
  EXPECT_EQ(KindOf("\x89HDF\r\n\x1a\n"sv), FileKind::kHdf5);
  EXPECT_EQ(KindOf("\x08\x07\x12\x07pytorch"sv), FileKind::kOnnx);
  EXPECT_EQ(KindOf("\x1f\x8b\x08\0"sv), FileKind::kGzip);
  EXPECT_EQ(KindOf("\x7f\x45LF\x02"sv), FileKind::kExecutable);
  EXPECT_EQ(KindOf("MZqFpD='\n"sv), FileKind::kExecutable);
  EXPECT_EQ(KindOf("version https://git-lfs.github.com/spec/v1\noid sha256:"), FileKind::kGitLfsPointer);
  EXPECT_EQ(KindOf("\n  <!DOCTYPE html>\n<html>"), FileKind::kHtml);
  EXPECT_EQ(KindOf("<HTML><head>"), FileKind::kHtml);
  EXPECT_EQ(KindOf("{\"architectures\": ["), FileKind::kJson);
  EXPECT_EQ(KindOf("GGU"), FileKind::kUnknown);
  EXPECT_EQ(KindOf("\x80"), FileKind::kUnknown);
  EXPECT_EQ(KindOf("hello"), FileKind::kUnknown);
}

TEST(FileKindTest, PicklesAreRefusedByName) {
  EXPECT_NE(DescribeFileKind(FileKind::kPickle).find("pickle"), std::string::npos);
  EXPECT_NE(DescribeFileKind(FileKind::kZip).find("pickle"), std::string::npos);
  EXPECT_EQ(DescribeFileKind(FileKind::kUnknown), "not a GGUF file");
}

}  // namespace
}  // namespace candor
