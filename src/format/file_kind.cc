#include "format/file_kind.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"

namespace candor {
namespace {

struct Signature {
  std::string_view bytes;
  FileKind kind;
};

using std::string_view_literals::operator""sv;

// Old GGML files begin with a little-endian number that spells their name backwards.
constexpr Signature kSignatures[] = {
    {"GGUF"sv, FileKind::kGguf},
    {"PK\x03\x04"sv, FileKind::kZip},
    {"PK\x05\x06"sv, FileKind::kZip},
    {"lmgg"sv, FileKind::kOldGgml},
    {"fmgg"sv, FileKind::kOldGgml},
    {"tjgg"sv, FileKind::kOldGgml},
    {"algg"sv, FileKind::kOldGgml},
    {"\x89HDF\r\n\x1a\n"sv, FileKind::kHdf5},
    {"\x1f\x8b"sv, FileKind::kGzip},
    {"\x7f"
     "ELF"sv,
     FileKind::kExecutable},
    {"MZ"sv, FileKind::kExecutable},
    {"version https://git-lfs"sv, FileKind::kGitLfsPointer},
    {"\x08\x03\x12"sv, FileKind::kOnnx},
    {"\x08\x04\x12"sv, FileKind::kOnnx},
    {"\x08\x05\x12"sv, FileKind::kOnnx},
    {"\x08\x06\x12"sv, FileKind::kOnnx},
    {"\x08\x07\x12"sv, FileKind::kOnnx},
    {"\x08\x08\x12"sv, FileKind::kOnnx},
    {"\x08\x09\x12"sv, FileKind::kOnnx},
    {"\x08\x0a\x12"sv, FileKind::kOnnx},
};

// Protocol 2 and later begin with the opcode PROTO and the protocol's number.
bool IsPickle(std::string_view text) { return text.size() >= 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5; }

// Eight bytes of a small little-endian length, then a JSON object.
bool IsSafetensors(std::string_view text) {
  return text.size() >= 9 && text[8] == '{' && text.substr(4, 4) == "\0\0\0\0"sv;
}

bool IsHtml(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || text[begin] != '<') return false;
  std::string start(text.substr(begin, 9));
  std::transform(start.begin(), start.end(), start.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return start == "<!doctype" || start.starts_with("<html") || start.starts_with("<?xml");
}

}  // namespace

FileKind DetectFileKind(std::span<const std::byte> prefix) {
  const std::string_view text(reinterpret_cast<const char*>(prefix.data()), std::min(prefix.size(), kFileKindPrefix));
  if (text.empty()) return FileKind::kEmpty;
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.bytes)) return signature.kind;
  }
  if (IsPickle(text)) return FileKind::kPickle;
  if (IsSafetensors(text)) return FileKind::kSafetensors;
  if (IsHtml(text)) return FileKind::kHtml;
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin != std::string_view::npos && text[begin] == '{') return FileKind::kJson;
  return FileKind::kUnknown;
}

std::string DescribeFileKind(FileKind kind) {
  switch (kind) {
    case FileKind::kGguf:
      return "a GGUF file";
    case FileKind::kEmpty:
      return "an empty file";
    case FileKind::kPickle:
      return "a Python pickle, which runs a program when it is loaded; candor never loads one. Look for the model as "
             "GGUF or safetensors";
    case FileKind::kZip:
      return "a ZIP archive (PyTorch's .pt, .pth and .bin are such archives and hold a pickle, which runs a program "
             "when it is loaded; candor never loads one). Look for the model as GGUF or safetensors";
    case FileKind::kSafetensors:
      return "a safetensors file; name the folder that holds it and its config.json";
    case FileKind::kOldGgml:
      return "a GGML file from before GGUF; look for the model as GGUF";
    case FileKind::kHdf5:
      return "an HDF5 (Keras) file; look for the model as GGUF or safetensors";
    case FileKind::kOnnx:
      return "an ONNX file; look for the model as GGUF or safetensors";
    case FileKind::kGzip:
      return "a gzip archive; unpack it first";
    case FileKind::kExecutable:
      return "a program (some models are offered as one); candor never runs a model's file. Look for the model as GGUF";
    case FileKind::kHtml:
      return "a web page, not the file itself; use the download link of the page";
    case FileKind::kGitLfsPointer:
      return "a Git LFS pointer, not the file itself; fetch it with \"git lfs pull\"";
    case FileKind::kJson:
      return "a JSON file; for a safetensors model name the folder that holds it";
    case FileKind::kUnknown:
      break;
  }
  return "not a GGUF file";
}

}  // namespace candor
