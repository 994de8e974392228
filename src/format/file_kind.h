// What a file is, told from its first bytes: names lie, and a wrong file deserves a better answer than "bad magic".
#ifndef CANDOR_FORMAT_FILE_KIND_H_
#define CANDOR_FORMAT_FILE_KIND_H_

#include <cstddef>
#include <span>
#include <string>

namespace candor {

enum class FileKind {
  kGguf,
  kEmpty,
  kPickle,       // Python's serialisation: loading one runs its program
  kZip,          // PyTorch's .pt and .bin since 1.6: a ZIP with a pickle in it
  kSafetensors,  // one file of a folder
  kOldGgml,      // GGML, GGMF, GGJT, GGLA: before GGUF
  kHdf5,         // Keras
  kOnnx,         // by its usual first fields
  kGzip,
  kExecutable,     // models that are offered as programs among them
  kHtml,           // an error page or a repository's page instead of the file
  kGitLfsPointer,  // a clone without git-lfs
  kJson,
  kUnknown,
};

// Enough of a file for DetectFileKind.
constexpr size_t kFileKindPrefix = 64;

FileKind DetectFileKind(std::span<const std::byte> prefix);

// For a message: "a Git LFS pointer, not the file itself; fetch it with \"git lfs pull\"". For every kind but kGguf.
std::string DescribeFileKind(FileKind kind);

}  // namespace candor

#endif  // CANDOR_FORMAT_FILE_KIND_H_
