#include "cli/machine_facts.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string_view>
#include <thread>

namespace candor {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLines = 4096;

// What stands behind `key` and a colon in a file of such lines; empty when it is not there.
std::string ValueOf(const fs::path& file, std::string_view key) {
  std::ifstream in(file);
  std::string line;
  for (int i = 0; i < kMostLines && std::getline(in, line); ++i) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find_first_not_of(" \t", key.size());
    if (colon == std::string::npos || line[colon] != ':') continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

// "madvise" of "always [madvise] never".
std::string ChosenWord(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  const size_t begin = line.find('['), end = line.find(']');
  return begin == std::string::npos || end == std::string::npos || end < begin
             ? ""
             : line.substr(begin + 1, end - begin - 1);
}

}  // namespace

MachineFacts ReadMachineFacts(const fs::path& root) {
  MachineFacts facts;
  facts.processor = ValueOf(root / "proc/cpuinfo", "model name");
  facts.processors = static_cast<uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  facts.usable = std::thread::hardware_concurrency();
  const std::string memory = ValueOf(root / "proc/meminfo", "MemTotal");
  uint64_t kilobytes = 0;
  std::from_chars(memory.data(), memory.data() + memory.size(), kilobytes);
  facts.memory = kilobytes * 1024;
  facts.huge_pages = ChosenWord(root / "sys/kernel/mm/transparent_hugepage/enabled");
  utsname name;
  if (::uname(&name) == 0) facts.kernel = std::string(name.sysname) + " " + name.release + " " + name.machine;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.descriptors = limit.rlim_cur;
    facts.descriptors_at_most = limit.rlim_max;
  }
  return facts;
}

}  // namespace candor
