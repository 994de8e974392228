#include "server/event_loop.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

namespace candor {
namespace {

using std::chrono::milliseconds;

struct SocketPair {
  SocketPair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
  ~SocketPair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::array<int, 2> ends;
};

std::string Take(int descriptor, size_t most) {
  std::string bytes(most, '\0');
  const ssize_t got = ::read(descriptor, bytes.data(), most);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

TEST(EventLoopTest, TimersComeInOrderAndOnce) {
  EventLoop loop;
  std::string order;
  const auto b = loop.After(milliseconds(20), [&] { order += 'b'; });
  const auto a = loop.After(milliseconds(5), [&] { order += 'a'; });
  const auto end = loop.After(milliseconds(40), [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(order, "ab");
}

TEST(EventLoopTest, ASubscriptionThatIsGoneIsNotCalled) {
  EventLoop loop;
  auto timer = loop.After(milliseconds(1), [] { FAIL(); });
  timer.reset();
  SocketPair pair;
  ASSERT_EQ(::write(pair.ends[1], "x", 1), 1);
  auto readable = loop.OnReadable(pair.ends[0], [] { FAIL(); });
  loop.Post([&] { readable.reset(); });
  const auto end = loop.After(milliseconds(20), [&] { loop.Stop(); });
  loop.Run();
}

TEST(EventLoopTest, ASubscriptionMayEndWithinItsCallback) {
  EventLoop loop;
  int timers = 0, reads = 0;
  EventLoop::Subscriptions timer, readable;
  std::function<void()> again = [&] {
    if (++timers < 5) timer = loop.After(milliseconds(1), again);
  };
  timer = loop.After(milliseconds(1), again);
  SocketPair pair;
  ASSERT_EQ(::write(pair.ends[1], "abc", 3), 3);
  readable = loop.OnReadable(pair.ends[0], [&, one = std::string(100, 'x')] {
    ++reads;
    readable.reset();
    EXPECT_EQ(one, std::string(100, 'x'));  // what is captured lives as long as the call
  });
  const auto end = loop.After(milliseconds(30), [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(timers, 5);
  EXPECT_EQ(reads, 1);
}

TEST(EventLoopTest, ReadableIsToldUntilAllIsRead) {
  EventLoop loop;
  SocketPair pair;
  std::string got;
  ASSERT_EQ(::write(pair.ends[1], "abc", 3), 3);
  const auto readable = loop.OnReadable(pair.ends[0], [&] {
    got += Take(pair.ends[0], 1);
    if (got.size() == 3) loop.Stop();
  });
  loop.Run();
  EXPECT_EQ(got, "abc");
}

TEST(EventLoopTest, OneDescriptorHasSeveralSubscriptions) {
  EventLoop loop;
  SocketPair pair;
  std::string got;
  int written = 0;
  EventLoop::Subscriptions writable;
  const auto readable = loop.OnReadable(pair.ends[0], [&] {
    got += Take(pair.ends[0], 10);
    loop.Stop();
  });
  writable = loop.OnWritable(pair.ends[0], [&] {
    // Ending one leaves the other.
    ++written;
    writable.reset();
    EXPECT_EQ(::write(pair.ends[1], "x", 1), 1);
  });
  loop.Run();
  EXPECT_EQ(written, 1);
  EXPECT_EQ(got, "x");
}

TEST(EventLoopTest, ADescriptorCanBeWatchedAgainAfterwards) {
  EventLoop loop;
  SocketPair pair;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::write(pair.ends[1], "x", 1), 1);
    const auto readable = loop.OnReadable(pair.ends[0], [&] {
      EXPECT_EQ(Take(pair.ends[0], 1), "x");
      loop.Stop();
    });
    loop.Run();
  }
}

TEST(EventLoopTest, OtherThreadsMayPostAndStop) {
  EventLoop loop;
  int posted = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.Post([&] { ++posted; });
    loop.Post([&] { loop.Stop(); });
  });
  loop.Run();
  other.join();
  EXPECT_EQ(posted, 100);
}

TEST(EventLoopTest, TellsEachSignal) {
  EventLoop loop;
  int count = 0;
  const auto subscription = loop.OnSignal(SIGUSR1, [&] {
    if (++count == 2) return loop.Stop();
    ::raise(SIGUSR1);
  });
  ::raise(SIGUSR1);
  loop.Run();
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace candor
