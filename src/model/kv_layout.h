// The KV cache as the decoder sees it: pages of 64 positions, each a contiguous block in which every layer has a place
// for the keys and values of each head (kernels/kv_page.h). Layers with the same window form a group with pages of its
// own, so that a window's old pages can go.
#ifndef CANDOR_MODEL_KV_LAYOUT_H_
#define CANDOR_MODEL_KV_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kv_page.h"
#include "model/config.h"

namespace candor {

struct KvGroup {
  uint32_t window = 0;  // 0 = every position stays
  std::vector<uint32_t> layers;
  size_t page_bytes = 0;
};

class KvLayout {
 public:
  // `config` must be valid. Groups come in the order of their first layers. Throws UnsupportedError for kQ8_0 where a
  // layer's value_dim is not a multiple of 32.
  KvLayout(const ModelConfig& config, KvType type);

  KvType type() const { return type_; }
  const std::vector<KvGroup>& groups() const { return groups_; }
  uint32_t GroupOf(uint32_t layer) const { return places_[layer].group; }
  // Where a layer's keys or values of one head begin in a page of its group: multiples of 64 bytes.
  size_t KeyOffset(uint32_t layer, uint32_t kv_head) const {
    return places_[layer].keys + kv_head * places_[layer].key_bytes;
  }
  size_t ValueOffset(uint32_t layer, uint32_t kv_head) const {
    return places_[layer].values + kv_head * places_[layer].value_bytes;
  }
  // Bytes of one more token in all groups, on average: what `plan` and the statistics show.
  size_t BytesPerToken() const;

 private:
  struct Place {
    uint32_t group;
    size_t keys, values;            // offsets of head 0
    size_t key_bytes, value_bytes;  // per head
  };
  KvType type_;
  std::vector<KvGroup> groups_;
  std::vector<Place> places_;  // by layer
};

// One sequence's pages: pages[group][i] holds positions [64 i, 64 i + 64); null where the window has passed. The
// owner (engine) allocates and frees; the decoder reads and writes within pages that are there.
struct KvPages {
  std::vector<std::vector<std::byte*>> pages;
};

}  // namespace candor

#endif  // CANDOR_MODEL_KV_LAYOUT_H_
