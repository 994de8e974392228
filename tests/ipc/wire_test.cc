#include "ipc/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string Bytes(WireWriter& writer) {
  const std::vector<std::byte> bytes = writer.Take();
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(WireTest, NumbersAreLittleEndian) {
  WireWriter writer;
  writer.Number(uint32_t{0x04030201});
  writer.Number(int64_t{-2});
  writer.Number(true);
  writer.Number(1.0);
  writer.String("ab");
  EXPECT_EQ(Bytes(writer), std::string("\1\2\3\4\xfe\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\xf0\x3f\2\0\0\0ab", 27));
}

TEST(WireTest, DoublesKeepTheirBits) {
  for (const double value : {-0.0, 5e-324, std::numeric_limits<double>::infinity(), std::nan("7"), 0.1}) {
    WireWriter writer;
    writer.Number(value);
    const std::vector<std::byte> bytes = writer.Take();
    EXPECT_EQ(std::bit_cast<uint64_t>(WireReader(bytes).Number<double>()), std::bit_cast<uint64_t>(value));
  }
}

TEST(WireTest, NothingIsReadBeyondTheEnd) {
  WireReader reader(AsBytes("\1\2\3"));
  EXPECT_THAT([&] { reader.Number<uint32_t>(); },
              ThrowsMessage<FormatError>(HasSubstr("takes 4 bytes, but 3 are left")));
  EXPECT_EQ(reader.Number<uint16_t>(), 0x0201);
  EXPECT_THAT([&] { reader.Finish(); }, ThrowsMessage<FormatError>(HasSubstr("1 bytes are left over")));
  EXPECT_EQ(reader.Number<uint8_t>(), 3);
  reader.Finish();
}

TEST(WireTest, ACountIsHeldAgainstWhatFollows) {
  const std::string_view three("\3\0\0\0abcdef", 10);
  EXPECT_EQ(WireReader(AsBytes(three)).Count(2), 3u);
  EXPECT_THAT([&] { WireReader(AsBytes(three)).Count(3); },
              ThrowsMessage<FormatError>(HasSubstr("counts 3 elements of 3 bytes or more, but 6 bytes follow")));
  EXPECT_THROW(WireReader(AsBytes("\xff\xff\xff\xff")).String(), FormatError);
}

TEST(WireTest, ABoolIsZeroOrOne) {
  EXPECT_TRUE(WireReader(AsBytes("\1")).Bool());
  EXPECT_THAT([] { WireReader(AsBytes("\2")).Bool(); }, ThrowsMessage<FormatError>(HasSubstr("is 2, expected 0 or 1")));
}

}  // namespace
}  // namespace candor
