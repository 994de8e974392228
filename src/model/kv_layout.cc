#include "model/kv_layout.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace candor {
KvLayout::KvLayout(const ModelConfig& config, KvType type) : type_(type) {
  for (uint32_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    const bool latent = layer.latent.rank != 0;
    if (type == KvType::kQ8_0 && !latent && layer.value_dim % kValueBlock != 0) {
      throw UnsupportedError("the KV cache type q8_0 needs values in blocks of " + std::to_string(kValueBlock) +
                             " per head; this model has " + std::to_string(layer.value_dim) + ": use f16");
    }
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&](const KvGroup& known) { return known.window == layer.window; });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), KvGroup{layer.window, {}, 0});
    Place place;
    place.group = static_cast<uint32_t>(group - groups_.begin());
    // 64 positions make every size a multiple of 64 bytes, so that all offsets are.
    place.key_bytes = KeyPageBytes(layer.head_dim, type);
    place.value_bytes = latent ? 0 : ValuePageBytes(layer.value_dim, type);
    place.keys = group->page_bytes;
    place.values = place.keys + layer.kv_heads * place.key_bytes;
    group->page_bytes = place.values + layer.kv_heads * place.value_bytes;
    group->layers.push_back(i);
    places_.push_back(place);
  }
}

size_t KvLayout::BytesPerToken() const {
  size_t bytes = 0;
  for (const KvGroup& group : groups_) bytes += group.page_bytes / kPagePositions;
  return bytes;
}

}  // namespace candor
