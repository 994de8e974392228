#include "ipc/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.h"

namespace candor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string Text(const std::vector<std::byte>& bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string Header(uint32_t length, uint32_t descriptors) {
  std::string header;
  for (const uint32_t number : {length, descriptors}) {
    for (int i = 0; i < 4; ++i) header += static_cast<char>(number >> (8 * i));
  }
  return header;
}

size_t OpenDescriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  size_t count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// A memory file that holds `text`.
Descriptor FileWith(const std::string& text) {
  Descriptor file(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.number(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

std::string Contents(int descriptor) {
  char text[64];
  const ssize_t count = ::pread(descriptor, text, sizeof text, 0);
  return std::string(text, static_cast<size_t>(std::max<ssize_t>(count, 0)));
}

// Sends `bytes` with copies of `descriptor`, as a worker must not.
void SendRaw(int socket, std::string bytes, int descriptor = -1) {
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::copy_n(reinterpret_cast<const char*>(&descriptor), sizeof descriptor,
                reinterpret_cast<char*>(CMSG_DATA(rights)));
  }
  ASSERT_EQ(::sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

struct Ends {
  FrontChannel front;
  WorkerChannel worker;
  int worker_socket;
};

Ends MakeEnds() {
  auto [front, worker] = MakeChannel();
  const int socket = worker.number();
  return {FrontChannel(std::move(front)), WorkerChannel(std::move(worker)), socket};
}

TEST(ChannelTest, MessagesComeInOrderAndWhole) {
  Ends ends = MakeEnds();
  EXPECT_TRUE(ends.front.Send(Bytes("one")));
  EXPECT_TRUE(ends.front.Send(Bytes("two")));
  EXPECT_EQ(Text(ends.worker.Receive()->bytes), "one");
  EXPECT_EQ(Text(ends.worker.Receive(0ms)->bytes), "two");
  ends.worker.Send(Bytes("three"));
  ends.worker.Send(Bytes("four"));
  const auto messages = ends.front.OnReadable();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(Text(messages[0]), "three");
  EXPECT_EQ(Text(messages[1]), "four");
  EXPECT_TRUE(ends.front.OnReadable().empty());
  EXPECT_FALSE(ends.front.closed());
}

TEST(ChannelTest, TheWorkerAsksWithoutWaitingOrWaitsForATime) {
  Ends ends = MakeEnds();
  EXPECT_FALSE(ends.worker.Receive(0ms));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(ends.worker.Receive(30ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
  EXPECT_FALSE(ends.worker.closed());
}

TEST(ChannelTest, APacketMayComeByteByByte) {
  auto [front, worker] = MakeChannel();
  WorkerChannel channel(std::move(worker));
  const std::string packet = Header(3, 0) + "abc";
  for (size_t i = 0; i < packet.size(); ++i) {
    EXPECT_FALSE(channel.Receive(0ms)) << i;
    SendRaw(front.number(), packet.substr(i, 1));
  }
  EXPECT_EQ(Text(channel.Receive(0ms)->bytes), "abc");
}

TEST(ChannelTest, LargeMessagesPassInBothDirections) {
  Ends ends = MakeEnds();
  std::string large(20'000'000, 'x');
  for (size_t i = 0; i < large.size(); i += 4099) large[i] = static_cast<char>(i);
  EXPECT_TRUE(ends.front.Send(Bytes(large)));
  EXPECT_TRUE(ends.front.wants_write());
  std::thread worker([&] {
    const auto packet = ends.worker.Receive();
    ends.worker.Send(packet->bytes);
  });
  std::vector<std::vector<std::byte>> messages;
  while (messages.empty()) {
    ends.front.OnWritable();
    messages = ends.front.OnReadable();
    std::this_thread::sleep_for(1ms);
  }
  worker.join();
  EXPECT_FALSE(ends.front.wants_write());
  EXPECT_TRUE(Text(messages[0]) == large);
}

TEST(ChannelTest, TheFrontKnowsHowMuchWaits) {
  Ends ends = MakeEnds();
  int taken = 0;
  for (; ends.front.queued_bytes() < 1'000'000; ++taken) {
    ASSERT_TRUE(ends.front.Send(std::vector<std::byte>(100'000)));
  }
  EXPECT_LT(ends.front.queued_bytes(), 1'100'100u);
  EXPECT_FALSE(ends.front.closed());
  for (int i = 0; i < taken; ++i) {
    EXPECT_EQ(ends.worker.Receive()->bytes.size(), 100'000u);
    ends.front.OnWritable();
  }
  EXPECT_EQ(ends.front.queued_bytes(), 0u);
}

TEST(ChannelTest, DescriptorsTravelWithTheirMessage) {
  Ends ends = MakeEnds();
  std::vector<Descriptor> files;
  files.push_back(FileWith("first"));
  files.push_back(FileWith("second"));
  EXPECT_TRUE(ends.front.Send(Bytes("without")));
  EXPECT_TRUE(ends.front.Send(Bytes("with"), std::move(files)));
  EXPECT_TRUE(ends.front.Send(Bytes("after")));
  EXPECT_TRUE(ends.worker.Receive()->descriptors.empty());
  const auto packet = ends.worker.Receive();
  EXPECT_EQ(Text(packet->bytes), "with");
  ASSERT_EQ(packet->descriptors.size(), 2u);
  EXPECT_EQ(Contents(packet->descriptors[0].number()), "first");
  EXPECT_EQ(Contents(packet->descriptors[1].number()), "second");
  EXPECT_EQ(::fcntl(packet->descriptors[0].number(), F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(ends.worker.Receive()->descriptors.empty());
}

// 253 is what one message can carry.
TEST(ChannelTest, MoreDescriptorsThanOneMessageCarries) {
  for (const int count : {252, 253, 254, 506, 600}) {
    const size_t before = OpenDescriptors();
    {
      Ends ends = MakeEnds();
      std::vector<Descriptor> files;
      for (int i = 0; i < count; ++i) files.push_back(FileWith(std::to_string(i)));
      std::optional<Packet> packet;
      std::thread worker([&] { packet = ends.worker.Receive(); });
      EXPECT_TRUE(ends.front.Send(Bytes("x"), std::move(files)));
      while (ends.front.wants_write()) ends.front.OnWritable();
      worker.join();
      ASSERT_EQ(packet->descriptors.size(), static_cast<size_t>(count));
      for (int i = 0; i < count; ++i) {
        EXPECT_EQ(Contents(packet->descriptors[static_cast<size_t>(i)].number()), std::to_string(i));
      }
    }
    EXPECT_EQ(OpenDescriptors(), before);
  }
}

TEST(ChannelTest, ADescriptorFromTheWorkerIsNotKept) {
  for (const std::string& announced : {Header(3, 0), Header(3, 1)}) {
    Ends ends = MakeEnds();
    const Descriptor file = FileWith("x");
    const size_t before = OpenDescriptors();
    SendRaw(ends.worker_socket, announced + "abc", file.number());
    EXPECT_TRUE(ends.front.OnReadable().empty());
    EXPECT_TRUE(ends.front.closed());
    EXPECT_THAT(ends.front.problem(), HasSubstr("descriptors"));
    EXPECT_EQ(OpenDescriptors(), before);
  }
}

TEST(ChannelTest, DescriptorsThatWereNotAnnouncedAreClosed) {
  auto [front, worker] = MakeChannel();
  const Descriptor file = FileWith("x");
  const size_t before = OpenDescriptors();
  {
    WorkerChannel channel{Descriptor(::dup(worker.number()))};
    SendRaw(front.number(), Header(3, 0) + "abc", file.number());
    EXPECT_THROW(channel.Receive(), FormatError);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(ChannelTest, AnnouncedDescriptorsHaveToCome) {
  auto [front, worker] = MakeChannel();
  WorkerChannel channel(std::move(worker));
  SendRaw(front.number(), Header(1, 1) + std::string(1, '\0') + "a");
  EXPECT_THROW(channel.Receive(), FormatError);
}

TEST(ChannelTest, LengthsOutsideTheirRangeCloseTheChannel) {
  for (const uint32_t length : {0u, static_cast<uint32_t>(kMaxPacketBytes) + 1, 0xffffffffu}) {
    Ends ends = MakeEnds();
    SendRaw(ends.worker_socket, Header(length, 0) + "a");
    EXPECT_TRUE(ends.front.OnReadable().empty());
    EXPECT_TRUE(ends.front.closed());
    EXPECT_THAT(ends.front.problem(), HasSubstr("a packet of " + std::to_string(length) + " bytes"));
    EXPECT_FALSE(ends.front.Send(Bytes("x")));
  }
  auto [front, worker] = MakeChannel();
  WorkerChannel channel(std::move(worker));
  SendRaw(front.number(), Header(1, kMaxPacketDescriptors + 1));
  EXPECT_THROW(channel.Receive(), FormatError);
}

// The front must not set memory aside for what a worker merely announces.
TEST(ChannelTest, AnAnnouncedLengthTakesNoMemory) {
  Ends ends = MakeEnds();
  SendRaw(ends.worker_socket, Header(static_cast<uint32_t>(kMaxPacketBytes), 0) + std::string(1000, 'x'));
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  EXPECT_TRUE(ends.front.OnReadable().empty());
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_minflt - before.ru_minflt, 1000);  // pages of 4 KiB; the whole would be 65536
  EXPECT_FALSE(ends.front.closed());
}

TEST(ChannelTest, WhatCameBeforeTheEndIsRead) {
  Ends ends = MakeEnds();
  ends.worker.Send(Bytes("last words"));
  { WorkerChannel gone = std::move(ends.worker); }
  const auto messages = ends.front.OnReadable();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(Text(messages[0]), "last words");
  EXPECT_TRUE(ends.front.closed());
  EXPECT_EQ(ends.front.problem(), "");
}

TEST(ChannelTest, TheDeathOfEitherSideIsAnEnd) {
  {
    auto [front, worker] = MakeChannel();
    FrontChannel channel(std::move(front));
    SendRaw(worker.number(), Header(10, 0) + "half");
    EXPECT_TRUE(channel.OnReadable().empty());
    EXPECT_TRUE(channel.Send(Bytes("never read")));
    worker.Reset(-1);
    (void)channel.Send(Bytes("into the void"));
    EXPECT_TRUE(channel.OnReadable().empty());
    EXPECT_TRUE(channel.closed());
    EXPECT_EQ(channel.problem(), "");
  }
  auto [front, worker] = MakeChannel();
  WorkerChannel channel(std::move(worker));
  SendRaw(front.number(), Header(10, 0) + "half");
  front.Reset(-1);
  EXPECT_FALSE(channel.Receive());
  EXPECT_TRUE(channel.closed());
  channel.Send(Bytes("nobody there"));
}

TEST(ChannelTest, AWorkerThatWritesWithoutAnEndLeavesTheFrontTimeForOthers) {
  Ends ends = MakeEnds();
  std::thread worker([&] {
    for (int i = 0; i < 100; ++i) ends.worker.Send(std::vector<std::byte>(1'000'000));
  });
  size_t messages = 0;
  while (messages < 100) {
    const size_t now = ends.front.OnReadable().size();
    EXPECT_LE(now, 5u);
    messages += now;
  }
  worker.join();
}

}  // namespace
}  // namespace candor
