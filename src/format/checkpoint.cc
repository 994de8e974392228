#include "format/checkpoint.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"

namespace candor {

uint64_t TensorInfo::elements() const { return shape[0] * rows(); }

uint64_t TensorInfo::rows() const {
  return std::accumulate(shape.begin() + 1, shape.end(), uint64_t{1}, std::multiplies<>());
}

void Checkpoint::IndexTensors() {
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::tie(a.file, a.offset) < std::tie(b.file, b.offset);
  });
  by_name.resize(tensors.size());
  std::iota(by_name.begin(), by_name.end(), 0);
  std::sort(by_name.begin(), by_name.end(),
            [this](uint32_t a, uint32_t b) { return tensors[a].name < tensors[b].name; });
  const auto twice = std::adjacent_find(by_name.begin(), by_name.end(),
                                        [this](uint32_t a, uint32_t b) { return tensors[a].name == tensors[b].name; });
  if (twice != by_name.end()) {
    throw FormatError(source + ": tensor \"" + Printable(tensors[*twice].name) + "\" appears twice");
  }
}

const TensorInfo* Checkpoint::FindTensor(std::string_view name) const {
  CHECK(by_name.size() == tensors.size());
  const auto at = std::lower_bound(by_name.begin(), by_name.end(), name,
                                   [this](uint32_t index, std::string_view n) { return tensors[index].name < n; });
  return at == by_name.end() || tensors[*at].name != name ? nullptr : &tensors[*at];
}

std::string_view Checkpoint::TextOf(std::string_view document) const {
  for (const Document& candidate : documents) {
    if (candidate.name == document) return candidate.text;
  }
  return {};
}

}  // namespace candor
