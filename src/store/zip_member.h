// One file out of a ZIP archive (a Python wheel), by libzip.
#ifndef CANDOR_STORE_ZIP_MEMBER_H_
#define CANDOR_STORE_ZIP_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace candor {

// Unpacks the member of exactly that name and hands its bytes to `use` in order, a megabyte at most at a time. Nothing
// is written anywhere; `use` may throw. Throws IoError when the archive cannot be read, FormatError when it is no ZIP,
// has no such member, or one that is encrypted or damaged, LimitError when the member is larger than `max_bytes`.
void ReadZipMember(const std::filesystem::path& archive, const std::string& member, uint64_t max_bytes,
                   const std::function<void(std::span<const std::byte>)>& use);

}  // namespace candor

#endif  // CANDOR_STORE_ZIP_MEMBER_H_
