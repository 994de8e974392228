#include "cli/terminal/signal_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace candor {
namespace {

bool Readable(const SignalWatch& watch) {
  pollfd waiting{watch.descriptor(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

TEST(SignalWatch, NotesSignalsUntilTheyAreTaken) {
  SignalWatch watch({SIGINT, SIGTERM});
  EXPECT_FALSE(watch.Pending(SIGINT));
  ::raise(SIGINT);
  ::raise(SIGINT);
  EXPECT_TRUE(watch.Pending(SIGINT));
  EXPECT_FALSE(watch.Pending(SIGTERM));
  EXPECT_TRUE(Readable(watch));
  watch.Drain();
  EXPECT_FALSE(Readable(watch));
  EXPECT_TRUE(watch.Take(SIGINT));
  EXPECT_FALSE(watch.Take(SIGINT));
}

TEST(SignalWatchDeathTest, WatchedOnceTheSecondSignalEndsTheProgram) {
  SignalWatch watch;
  watch.WatchOnce({SIGINT});
  ::raise(SIGINT);
  EXPECT_TRUE(watch.Pending(SIGINT));
  EXPECT_EXIT(::raise(SIGINT), testing::KilledBySignal(SIGINT), "");
}

TEST(SignalWatchDeathTest, WhatWasBeforeComesBack) {
  { SignalWatch watch({SIGTERM}); }
  EXPECT_EXIT(::raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace candor
