#include "format/safetensors_index.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "format/json_reader.h"
#include "format/safetensors.h"

namespace candor {
namespace {

constexpr std::string_view kWeightMap = "weight_map";

class IndexVisitor : public JsonVisitor {
 public:
  explicit IndexVisitor(const std::string& source) : source_(source) {}

  void Begin(const JsonPlace& place, JsonContainer container) override {
    if (place.depth() == 1 && place.key(0) == kWeightMap) {
      if (container != JsonContainer::kObject) Refuse("weight_map", Describe(container), "an object");
      found_ = true;
    }
    if (place.depth() == 2 && place.key(0) == kWeightMap)
      Refuse(place.Path(), Describe(container), "the name of a file");
  }

  void Value(const JsonPlace& place, const JsonScalar& value) override {
    if (place.key(0) != kWeightMap) return;
    if (place.depth() == 1) Refuse("weight_map", Describe(value), "an object");
    const auto* file = std::get_if<std::string_view>(&value);
    if (file == nullptr) Refuse(place.Path(), Describe(value), "the name of a file");
    if (index_.tensors.size() == kSafetensorsMaxTensors) {
      throw LimitError(source_ + ": weight_map: more than " + std::to_string(kSafetensorsMaxTensors) + " tensors");
    }
    CheckSafetensorsName(place.key(1), source_);
    index_.tensors.push_back({std::string(place.key(1)), FileNumber(place, *file)});
  }

  SafetensorsIndex Take() {
    if (!found_) throw FormatError(source_ + ": weight_map is missing");
    if (index_.tensors.empty()) throw FormatError(source_ + ": weight_map names no tensor");
    std::vector<uint32_t> place(files_.size());
    for (const auto& [name, number] : files_) {
      place[number] = static_cast<uint32_t>(index_.files.size());
      index_.files.push_back(name);
    }
    for (SafetensorsIndex::Entry& entry : index_.tensors) entry.file = place[entry.file];
    std::sort(index_.tensors.begin(), index_.tensors.end(),
              [](const auto& a, const auto& b) { return a.tensor < b.tensor; });
    return std::move(index_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& path, const std::string& found, const std::string& expected) const {
    throw FormatError(source_ + ": " + path + ": " + found + ", " + expected + " expected");
  }

  // The number of a file in the order of their first appearance.
  uint32_t FileNumber(const JsonPlace& place, std::string_view name) {
    if (const auto known = files_.find(name); known != files_.end()) return known->second;
    const bool plain = !name.empty() && name != "." && name != ".." && IsPrintable(name) &&
                       name.find_first_of("/\\") == std::string_view::npos;
    if (!plain) Refuse(place.Path(), Quoted(name), "the name of a file in the same folder");
    if (!name.ends_with(".safetensors")) Refuse(place.Path(), Quoted(name), "the name of a .safetensors file");
    if (files_.size() == kSafetensorsMaxShards) {
      throw LimitError(source_ + ": weight_map: more than " + std::to_string(kSafetensorsMaxShards) + " files");
    }
    return files_.emplace(name, static_cast<uint32_t>(files_.size())).first->second;
  }

  const std::string& source_;
  bool found_ = false;
  std::map<std::string, uint32_t, std::less<>> files_;
  SafetensorsIndex index_;
};

}  // namespace

SafetensorsIndex ParseSafetensorsIndex(std::string_view text, const std::string& source) {
  IndexVisitor visitor(source);
  ReadJsonObject(text, source, {.bytes = kSafetensorsMaxIndexBytes}, visitor);
  return visitor.Take();
}

}  // namespace candor
