#include "server/sse.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(SseTest, AnEventIsItsLinesAndAnEmptyOne) {
  EXPECT_EQ(SseData("{\"a\":1}"), "data: {\"a\":1}\n\n");
  EXPECT_EQ(SseData("[DONE]"), "data: [DONE]\n\n");
  EXPECT_EQ(SseData(""), "data: \n\n");
}

TEST(SseTest, ALineEndBeginsNoField) {
  EXPECT_EQ(SseData("a\nevent: b\r\nid: c\rd"), "data: a\ndata: event: b\ndata: id: c\ndata: d\n\n");
  EXPECT_EQ(SseData("a\n\nb\n"), "data: a\ndata: \ndata: b\ndata: \n\n");
}

TEST(SseTest, ACommentIsNoEvent) {
  EXPECT_EQ(SseComment("queue 3"), ": queue 3\n\n");
  EXPECT_EQ(SseComment("a\ndata: b"), ": a\n: data: b\n\n");
}

}  // namespace
}  // namespace candor
