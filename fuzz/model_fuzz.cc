// The input is a GGUF file. Whatever its metadata and tensors say, loading ends with a model or a candor::Error, and a
// model that is accepted can be computed with.
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"
#include "kernels/kernel_table.h"
#include "model/decoder.h"

namespace candor {
namespace {

Checkpoint Open(const uint8_t* data, size_t size) {
  const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  CHECK(descriptor >= 0 && ::write(descriptor, data, size) == static_cast<ssize_t>(size));
  std::vector<File> files;
  files.emplace_back(descriptor, "fuzz");
  return OpenGguf(std::move(files));
}

// Three tokens, the last of them in a second step.
void Compute(const Model& model, ThreadPool& pool, KvType type) {
  const KvLayout layout(model.config, type);
  KvPages pages;
  std::vector<HugeBuffer> buffers;
  for (const KvGroup& group : layout.groups()) {
    buffers.push_back(HugeBuffer(group.page_bytes));
    pages.pages.push_back({buffers.back().data()});
  }
  Decoder decoder(model, layout, *AvailableKernels()[0], pool, {.exact = false, .max_rows = 2});
  const auto last = static_cast<int32_t>(model.config.vocabulary - 1);
  BatchResult result;
  decoder.Run({.tokens = {0, last},
               .embeddings = {},
               .sequences = {{&pages, 0, 2}},
               .wanted = {WantedOutput::kNone, WantedOutput::kHidden}},
              result);
  CHECK(result.hidden.size() == model.config.hidden);
  decoder.Run({.tokens = {last}, .embeddings = {}, .sequences = {{&pages, 2, 1}}, .wanted = {WantedOutput::kLogits}},
              result);
  CHECK(result.logits.size() == model.config.vocabulary);
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  static ThreadPool pool(1);
  try {
    const Model model = LoadModel(Open(data, size), pool, {});
    for (const KvType type : {KvType::kF16, KvType::kF32, KvType::kQ8_0}) Compute(model, pool, type);
  } catch (const Error& error) {
    CHECK(IsPrintable(error.what()));
  }
  return 0;
}
