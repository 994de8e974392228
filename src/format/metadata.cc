#include "format/metadata.h"

namespace candor {

const MetadataValue* Metadata::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

}  // namespace candor
