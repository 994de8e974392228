#include "store/zip_member.h"

#include <zip.h>

#include <memory>
#include <vector>

#include "base/error.h"

namespace candor {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct Close {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::unique_ptr<zip_t, Discard> OpenArchive(const std::filesystem::path& path) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive != nullptr) return std::unique_ptr<zip_t, Discard>(archive);
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string message = path.string() + ": " + zip_error_strerror(&error);
  zip_error_fini(&error);
  if (code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_NOENT || code == ZIP_ER_SEEK) throw IoError(message);
  throw FormatError(message);
}

}  // namespace

void ReadZipMember(const std::filesystem::path& archive, const std::string& member, uint64_t max_bytes,
                   const std::function<void(std::span<const std::byte>)>& use) {
  const auto zip = OpenArchive(archive);
  const std::string where = archive.string() + ": " + member;
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat(zip.get(), member.c_str(), ZIP_FL_ENC_RAW, &status) != 0) {
    throw FormatError(where + ": no such file in the archive");
  }
  if ((status.valid & ZIP_STAT_SIZE) == 0) throw FormatError(where + ": the archive does not say how large it is");
  if (status.size > max_bytes) {
    throw LimitError(where + ": " + std::to_string(status.size) + " bytes, at most " + std::to_string(max_bytes) +
                     " are expected");
  }
  const std::unique_ptr<zip_file_t, Close> file(zip_fopen_index(zip.get(), status.index, 0));
  if (file == nullptr) throw FormatError(where + ": " + zip_strerror(zip.get()));

  std::vector<std::byte> buffer(kReadBytes);
  uint64_t done = 0;
  while (true) {
    const zip_int64_t got = zip_fread(file.get(), buffer.data(), buffer.size());
    if (got < 0) throw FormatError(where + ": " + zip_file_strerror(file.get()));
    if (got == 0) break;
    done += static_cast<uint64_t>(got);
    if (done > status.size) break;
    use(std::span(buffer).first(static_cast<size_t>(got)));
  }
  if (done != status.size) {
    throw FormatError(where + ": unpacks to " + std::to_string(done) + " bytes, expected " +
                      std::to_string(status.size));
  }
}

}  // namespace candor
