#include "ipc/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

// Read in one go before the front looks after somebody else.
constexpr size_t kBytesAtATime = size_t{4} << 20;

}  // namespace

std::pair<Descriptor, Descriptor> MakeChannel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw IoError(std::string("channel: socketpair: ") + std::strerror(errno));
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// ---------------------------------------------------------------- front

FrontChannel::FrontChannel(Descriptor socket)
    : socket_(std::move(socket)), reader_(socket_.number(), false), writer_(socket_.number()) {}

bool FrontChannel::Send(std::vector<std::byte> bytes, std::vector<Descriptor> descriptors) {
  if (closed_) return false;
  writer_.Add({std::move(bytes), std::move(descriptors)});
  OnWritable();
  return !closed_;
}

void FrontChannel::OnWritable() {
  if (closed_) return;
  try {
    // At the end of the worker there may still be answers to read: OnReadable() closes.
    (void)writer_.Flush(Waiting::kNo);
  } catch (const Error& error) {
    Close(error.what());
  }
}

std::vector<std::vector<std::byte>> FrontChannel::OnReadable() {
  std::vector<std::vector<std::byte>> messages;
  size_t bytes = 0;
  try {
    while (!closed_ && bytes < kBytesAtATime) {
      Packet packet;
      const SocketState state = reader_.Read(Waiting::kNo, packet);
      if (state == SocketState::kWait) break;
      if (state == SocketState::kEnd) {
        Close("");
        break;
      }
      bytes += packet.bytes.size() + sizeof(Packet);
      messages.push_back(std::move(packet.bytes));
    }
  } catch (const Error& error) {
    Close(error.what());
  }
  return messages;
}

void FrontChannel::Close(std::string problem) {
  closed_ = true;
  problem_ = std::move(problem);
}

// ---------------------------------------------------------------- worker

WorkerChannel::WorkerChannel(Descriptor socket)
    : socket_(std::move(socket)), reader_(socket_.number(), true), writer_(socket_.number()) {}

std::optional<Packet> WorkerChannel::Receive(std::optional<std::chrono::milliseconds> timeout) {
  const Clock::time_point deadline = Clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  Packet packet;
  while (!closed_) {
    const SocketState state = reader_.Read(timeout ? Waiting::kNo : Waiting::kYes, packet);
    if (state == SocketState::kDone) return packet;
    if (state == SocketState::kEnd) closed_ = true;
    if (state == SocketState::kWait && !WaitUntilReadable(deadline)) break;
  }
  return std::nullopt;
}

bool WorkerChannel::WaitUntilReadable(Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{socket_.number(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw IoError(std::string("channel: poll: ") + std::strerror(errno));
  }
}

void WorkerChannel::Send(std::vector<std::byte> bytes) {
  if (closed_) return;
  writer_.Add({std::move(bytes)});
  closed_ = writer_.Flush(Waiting::kYes) == SocketState::kEnd;
}

}  // namespace candor
