#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_builder.h"

namespace candor {
namespace {

std::string ShaOf(std::string_view bytes) {
  Sha256 hash;
  hash.Update(AsBytes(bytes));
  return ToHex(hash.Finish());
}

// A checkpoint of one file with three tensors, of 8 MiB, 12 bytes and 5 MiB and a bit: several reads, padding between
// the tensors, and a row count that is no multiple of anything.
class StreamTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kBigRows = 2048;    // of 4,096 bytes
  static constexpr uint64_t kLastRows = 70003;  // of 76 bytes

  void SetUp() override {
    GgufBuilder file(3, 0);
    const uint64_t small_at = kBigRows * 4096;
    file.Tensor("big", {1024, kBigRows / 4, 4}, 0, 0);
    file.Tensor("small", {3}, 0, small_at);
    file.Tensor("last", {19, kLastRows}, 0, small_at + 32);
    bytes_ = file.Finish(small_at + 32 + kLastRows * 76);
    data_ = file.data_offset();
    std::ofstream(path_, std::ios::binary) << bytes_;
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Checkpoint Open() const {
    std::vector<File> files;
    files.push_back(File::Open(path_));
    return OpenGguf(std::move(files));
  }

  std::filesystem::path path_ =
      std::filesystem::path(::testing::TempDir()) / ("candor_stream_test_" + std::to_string(::getpid()) + ".gguf");
  std::string bytes_;
  size_t data_ = 0;
};

TEST_F(StreamTest, HandsOutEveryRowOnceAndInOrder) {
  const Checkpoint checkpoint = Open();
  for (const uint32_t multiple : {1u, 32u, 48u}) {
    size_t tensor = 0;
    uint64_t row = 0;
    uint64_t next_byte = checkpoint.tensors[0].offset;
    StreamTensors(checkpoint, {.row_multiple = multiple}, [&](const TensorPiece& piece) {
      if (row == checkpoint.tensors[tensor].rows()) {
        ++tensor;
        row = 0;
        next_byte = checkpoint.tensors[tensor].offset;
      }
      ASSERT_EQ(piece.tensor, tensor);
      ASSERT_EQ(piece.first_row, row);
      ASSERT_EQ(piece.first_row % multiple, 0u);
      ASSERT_TRUE(piece.row_count % multiple == 0 ||
                  piece.first_row + piece.row_count == checkpoint.tensors[tensor].rows());
      ASSERT_EQ(std::memcmp(piece.bytes.data(), bytes_.data() + next_byte, piece.bytes.size()), 0);
      ASSERT_LE(piece.bytes.size(), 4u << 20);
      row += piece.row_count;
      next_byte += piece.bytes.size();
    });
    EXPECT_EQ(tensor, 2u);
    EXPECT_EQ(row, kLastRows);
    EXPECT_EQ(next_byte, bytes_.size());
  }
}

TEST_F(StreamTest, BytesStayWhileTheyAreUsedHoweverSlowly) {
  const Checkpoint checkpoint = Open();
  StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) {
    if (piece.tensor != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the reader gets as far ahead as it may
    const size_t at = data_ + piece.first_row * 4096;
    ASSERT_EQ(std::memcmp(piece.bytes.data(), bytes_.data() + at, piece.bytes.size()), 0) << piece.first_row;
  });
}

TEST_F(StreamTest, DigestsAreThoseOfTheFile) {
  const Checkpoint checkpoint = Open();
  const std::vector<Sha256Digest> digests = StreamTensors(checkpoint, {}, [](const TensorPiece&) {});
  ASSERT_EQ(digests.size(), 1u);
  EXPECT_EQ(ToHex(digests[0]), ShaOf(bytes_));
  EXPECT_EQ(StreamTensors(checkpoint, {}, nullptr), digests);  // without tensors
  EXPECT_TRUE(StreamTensors(checkpoint, {.hash = false}, nullptr).empty());
}

TEST_F(StreamTest, DigestsCoverTheHeaderThatWasParsedNotTheFileAsItIsNow) {
  const Checkpoint checkpoint = Open();
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4);
    file.put(2);  // another version number
  }
  EXPECT_EQ(ToHex(StreamTensors(checkpoint, {}, nullptr)[0]), ShaOf(bytes_));
}

TEST_F(StreamTest, UseRunsInTheCallersThread) {
  const Checkpoint checkpoint = Open();
  const auto caller = std::this_thread::get_id();
  uint64_t done = 0;
  uint64_t total = 0;
  StreamTensors(checkpoint,
                {.progress =
                     [&](uint64_t d, uint64_t t) {
                       EXPECT_EQ(std::this_thread::get_id(), caller);
                       EXPECT_GT(d, done);
                       done = d;
                       total = t;
                     }},
                [&](const TensorPiece&) { EXPECT_EQ(std::this_thread::get_id(), caller); });
  EXPECT_EQ(done, bytes_.size());
  EXPECT_EQ(total, bytes_.size());
}

TEST_F(StreamTest, AnExceptionOfUseLeavesAtOnce) {
  const Checkpoint checkpoint = Open();
  for (const int at : {0, 1, 3}) {
    int calls = 0;
    EXPECT_THROW(StreamTensors(checkpoint, {},
                               [&](const TensorPiece&) {
                                 if (calls++ == at) throw FormatError("a scale is not finite");
                               }),
                 FormatError);
    EXPECT_EQ(calls, at + 1);
  }
}

TEST_F(StreamTest, AFileThatShrinksIsAnErrorInTheCallersThread) {
  const Checkpoint checkpoint = Open();
  std::filesystem::resize_file(path_, bytes_.size() - 1);
  EXPECT_THROW(StreamTensors(checkpoint, {}, [](const TensorPiece&) {}), IoError);
  std::filesystem::resize_file(path_, data_);
  EXPECT_THROW(StreamTensors(checkpoint, {}, [](const TensorPiece&) {}), IoError);
}

TEST_F(StreamTest, PagesAreDroppedBehindTheReader) {
  const auto resident = [&] {
    const File file = File::Open(path_);
    ::fsync(file.descriptor());  // dirty pages cannot be dropped
    const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> in_core((bytes_.size() + page - 1) / page);
    void* map = ::mmap(nullptr, bytes_.size(), PROT_READ, MAP_SHARED, file.descriptor(), 0);
    EXPECT_NE(map, MAP_FAILED);
    EXPECT_EQ(::mincore(map, bytes_.size(), in_core.data()), 0);
    ::munmap(map, bytes_.size());
    size_t pages = 0;
    for (const unsigned char c : in_core) pages += c & 1;
    return pages;
  };
  const size_t before = resident();
  ASSERT_GT(before, 0u);
  StreamTensors(Open(), {.drop_page_cache = false}, nullptr);
  EXPECT_GE(resident(), before);
  const Checkpoint checkpoint = Open();
  checkpoint.files[0].DropCache(0, bytes_.size());
  if (resident() == before) GTEST_SKIP() << "the file system of the temporary folder keeps its pages";
  StreamTensors(checkpoint, {}, nullptr);
  EXPECT_LT(resident(), before / 10);
}

TEST_F(StreamTest, AFileWithoutTensorsIsHashed) {
  GgufBuilder file(0, 1);
  file.Uint("k", 1);
  const std::string bytes = file.Finish(0, 1);  // no padding either
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  const Checkpoint checkpoint = Open();
  EXPECT_TRUE(checkpoint.tensors.empty());
  EXPECT_EQ(ToHex(StreamTensors(checkpoint, {}, [](const TensorPiece&) { FAIL(); })[0]), ShaOf(bytes));
}

}  // namespace
}  // namespace candor
