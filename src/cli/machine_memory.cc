#include "cli/machine_memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace candor {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLines = 4096;
constexpr size_t kMostLevels = 64;

std::vector<std::string> LinesOf(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; lines.size() < kMostLines && std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::optional<uint64_t> Number(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const auto result = std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// The number behind `key` and a space or colon in a file of such lines.
std::optional<uint64_t> NumberIn(const fs::path& file, std::string_view key) {
  for (const std::string& line : LinesOf(file)) {
    if (line.starts_with(key) && line.size() > key.size()) return Number(std::string_view(line).substr(key.size() + 1));
  }
  return std::nullopt;
}

// Whether `word` is one of a list with commas.
bool HasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// A file with one number; "max" is none.
std::optional<uint64_t> OnlyNumber(const fs::path& file) {
  const std::vector<std::string> lines = LinesOf(file);
  return lines.empty() ? std::nullopt : Number(lines[0]);
}

// What the two versions call the same.
struct Names {
  const char *mount, *limit, *used, *cache;
};
constexpr Names kVersion1 = {"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file"};
constexpr Names kVersion2 = {"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};

// What one group leaves; nullopt without a limit.
std::optional<uint64_t> LeftIn(const fs::path& group, const Names& names) {
  const auto limit = OnlyNumber(group / names.limit);
  if (!limit) return std::nullopt;
  const uint64_t used = OnlyNumber(group / names.used).value_or(0);
  const uint64_t cache = NumberIn(group / "memory.stat", names.cache).value_or(0);
  const uint64_t held = used > cache ? used - cache : 0;
  return *limit > held ? *limit - held : 0;
}

}  // namespace

MachineMemory ReadMachineMemory(const fs::path& root) {
  MachineMemory memory;
  if (const auto kilobytes = NumberIn(root / "proc/meminfo", "MemAvailable")) memory.available = *kilobytes * 1024;
  for (const std::string& line : LinesOf(root / "proc/self/cgroup")) {
    // "0::/path" in version 2, "7:memory:/path" among others in version 1.
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    const bool version2 = controllers.empty();
    if (!version2 && !HasWord(controllers, "memory")) continue;
    const Names& names = version2 ? kVersion2 : kVersion1;
    // In a container the path may be the host's, which is not there: the levels above are then tried in turn.
    fs::path path = fs::path(line.substr(second + 1)).relative_path();
    for (size_t level = 0; level < kMostLevels; ++level) {
      const auto left = LeftIn(root / names.mount / path, names);
      if (left && (memory.available == 0 || *left < memory.available)) {
        memory.available = *left;
        memory.by_container = true;
      }
      if (path.empty()) break;
      path = path.parent_path();
    }
  }
  return memory;
}

}  // namespace candor
