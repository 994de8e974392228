#include "ipc/packet.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace candor {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kMaxRights = 253;                // SCM_MAX_FD of Linux
constexpr size_t kFirstBytes = size_t{64} << 10;  // allocated for a packet before any of it has come
// Read without waiting in one call: a peer that writes without an end must not keep its reader from other work.
constexpr size_t kBytesAtATime = size_t{4} << 20;

constexpr size_t Carriers(size_t descriptors) { return (descriptors + kMaxRights - 1) / kMaxRights; }

void PutNumber(std::byte* to, size_t value) {
  for (size_t i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

size_t GetNumber(const std::byte* from) {
  size_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= std::to_integer<size_t>(from[i]) << (8 * i);
  return value;
}

// Room for the descriptors of one message, aligned as the kernel wants it.
struct Rights {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxRights * sizeof(int))> bytes = {};
};

bool WouldWait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }
bool PeerIsGone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN; }

std::string SystemError(const char* what, int error) {
  return std::string("channel: ") + what + ": " + std::strerror(error);
}

}  // namespace

// ---------------------------------------------------------------- reading

SocketState PacketReader::Read(Waiting waiting, Packet& packet) {
  for (size_t read = 0;;) {
    if (waiting == Waiting::kNo && read >= kBytesAtATime) return SocketState::kWait;
    const size_t before = got_;
    const SocketState state = ReadSome(waiting);
    if (state != SocketState::kDone) return state;
    read += got_ - before;
    if (got_ == kHeaderBytes) ReadHeader();
    if (got_ < kHeaderBytes || got_ < kHeaderBytes + Carriers(announced_) + length_) continue;
    if (packet_.descriptors.size() != announced_) {
      throw FormatError("channel: " + std::to_string(packet_.descriptors.size()) +
                        " descriptors have come with a packet, " + std::to_string(announced_) + " were announced");
    }
    packet = std::move(packet_);
    packet_ = {};
    got_ = length_ = announced_ = 0;
    return SocketState::kDone;
  }
}

SocketState PacketReader::ReadSome(Waiting waiting) {
  // Never beyond the part that is due: descriptors stay with the byte that carries them.
  const size_t body = kHeaderBytes + Carriers(announced_);
  std::byte carrier{};
  iovec into{};
  if (got_ < kHeaderBytes) {
    into = {header_.data() + got_, kHeaderBytes - got_};
  } else if (got_ < body) {
    into = {&carrier, 1};
  } else {
    const size_t have = got_ - body;
    if (have == packet_.bytes.size()) packet_.bytes.resize(std::min(length_, std::max(kFirstBytes, 2 * have)));
    into = {packet_.bytes.data() + have, packet_.bytes.size() - have};
  }
  Rights rights;
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  if (takes_descriptors_) {
    message.msg_control = rights.bytes.data();
    message.msg_controllen = rights.bytes.size();
  }
  ssize_t count;
  do {
    count = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC | (waiting == Waiting::kNo ? MSG_DONTWAIT : 0));
  } while (count < 0 && errno == EINTR);
  if (count == 0) return SocketState::kEnd;
  if (count < 0) {
    if (WouldWait(errno)) return SocketState::kWait;
    if (PeerIsGone(errno)) return SocketState::kEnd;
    throw IoError(SystemError("receive", errno));
  }
  KeepDescriptors(message);
  got_ += static_cast<size_t>(count);
  return SocketState::kDone;
}

void PacketReader::ReadHeader() {
  length_ = GetNumber(header_.data());
  announced_ = GetNumber(header_.data() + 4);
  const size_t most = takes_descriptors_ ? kMaxPacketDescriptors : 0;
  if (length_ == 0 || length_ > kMaxPacketBytes) {
    throw FormatError("channel: a packet of " + std::to_string(length_) + " bytes, expected 1 to " +
                      std::to_string(kMaxPacketBytes));
  }
  if (announced_ > most) {
    throw FormatError("channel: a packet with " + std::to_string(announced_) + " descriptors, expected " +
                      std::to_string(most) + " at most");
  }
}

void PacketReader::KeepDescriptors(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
      packet_.descriptors.emplace_back(number);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    if (!takes_descriptors_) throw FormatError("channel: descriptors have come, expected none");
    throw LimitError("channel: no room for the descriptors of a packet; raise the limit on open files");
  }
  if (packet_.descriptors.size() > announced_) {
    throw FormatError("channel: descriptors have come that were not announced");
  }
}

// ---------------------------------------------------------------- writing

void PacketWriter::Add(Packet packet) {
  CHECK(!packet.bytes.empty() && packet.bytes.size() <= kMaxPacketBytes);
  CHECK(packet.descriptors.size() <= kMaxPacketDescriptors);
  Outgoing out;
  PutNumber(out.header.data(), packet.bytes.size());
  PutNumber(out.header.data() + 4, packet.descriptors.size());
  queued_bytes_ += kHeaderBytes + Carriers(packet.descriptors.size()) + packet.bytes.size();
  out.packet = std::move(packet);
  queue_.push_back(std::move(out));
}

SocketState PacketWriter::Flush(Waiting waiting) {
  while (!queue_.empty()) {
    Outgoing& out = queue_.front();
    const ssize_t count = SendSome(out, waiting);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (WouldWait(errno)) return SocketState::kWait;
      const int error = errno;
      queue_.clear();
      queued_bytes_ = 0;
      if (PeerIsGone(error)) return SocketState::kEnd;
      throw IoError(SystemError("send", error));
    }
    out.sent += static_cast<size_t>(count);
    queued_bytes_ -= static_cast<size_t>(count);
    if (out.sent == kHeaderBytes + Carriers(out.packet.descriptors.size()) + out.packet.bytes.size()) {
      queue_.pop_front();
    }
  }
  return SocketState::kDone;
}

ssize_t PacketWriter::SendSome(Outgoing& out, Waiting waiting) {
  const size_t carriers = Carriers(out.packet.descriptors.size());
  std::byte carrier{};
  std::array<iovec, 2> from{};
  Rights rights;
  msghdr message{};
  message.msg_iov = from.data();
  message.msg_iovlen = 1;
  if (out.sent < kHeaderBytes) {
    from[0] = {out.header.data() + out.sent, kHeaderBytes - out.sent};
    if (carriers == 0) {
      from[1] = {out.packet.bytes.data(), out.packet.bytes.size()};
      message.msg_iovlen = 2;
    }
  } else if (out.sent < kHeaderBytes + carriers) {
    const size_t first = (out.sent - kHeaderBytes) * kMaxRights;
    const size_t count = std::min(kMaxRights, out.packet.descriptors.size() - first);
    from[0] = {&carrier, 1};
    message.msg_control = rights.bytes.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; ++i) {
      const int number = out.packet.descriptors[first + i].number();
      std::memcpy(CMSG_DATA(part) + i * sizeof(int), &number, sizeof number);
    }
  } else {
    const size_t at = out.sent - kHeaderBytes - carriers;
    from[0] = {out.packet.bytes.data() + at, out.packet.bytes.size() - at};
  }
  return ::sendmsg(socket_, &message, MSG_NOSIGNAL | (waiting == Waiting::kNo ? MSG_DONTWAIT : 0));
}

}  // namespace candor
