// Packets on a local stream socket: bytes with a length before them, and open descriptors that travel with them.
//
//   length (4 bytes, little-endian), number of descriptors (4 bytes),
//   one byte for every 253 descriptors or part of them, which carries these as SCM_RIGHTS,
//   the bytes
//
// A stream and not SOCK_SEQPACKET, whose messages are bounded by the socket's buffer. 253 is what Linux lets one
// message carry; the model with the most files of those that are published has a few hundred.
#ifndef CANDOR_IPC_PACKET_H_
#define CANDOR_IPC_PACKET_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <deque>
#include <vector>

#include "base/descriptor.h"
#include "ipc/messages.h"

namespace candor {

inline constexpr size_t kMaxPacketBytes = kMaxMessageBytes;
inline constexpr size_t kMaxPacketDescriptors = 4096;

struct Packet {
  std::vector<std::byte> bytes;  // 1 to kMaxPacketBytes
  std::vector<Descriptor> descriptors = {};
};

// What a call with a socket has come to.
enum class SocketState {
  kDone,  // what was asked for
  kWait,  // the rest would have to wait, and waiting was not asked for
  kEnd,   // the other end is closed
};
enum class Waiting : bool { kNo, kYes };

// Takes packets off a socket that somebody else owns. Memory grows with the bytes that have come, not with the length
// that was announced.
class PacketReader {
 public:
  // Without `takes_descriptors` the kernel drops what descriptors come, and a packet that announces some is refused.
  PacketReader(int socket, bool takes_descriptors) : socket_(socket), takes_descriptors_(takes_descriptors) {}

  // Reads on until a packet is whole and moves it to `packet`, or, without waiting, reads what there is, a few
  // megabytes at most: the socket may still be readable then. Throws FormatError for a length outside its range and
  // descriptors that were not announced, LimitError when the process has no room for more descriptors, IoError when the
  // system refuses: nothing can be read after that.
  SocketState Read(Waiting waiting, Packet& packet);
  // Whether a part of a packet has been read.
  bool within_packet() const { return got_ > 0; }

 private:
  SocketState ReadSome(Waiting waiting);
  void ReadHeader();
  void KeepDescriptors(msghdr& message);

  const int socket_;
  const bool takes_descriptors_;
  std::array<std::byte, 8> header_ = {};
  size_t got_ = 0;  // of header, carriers and bytes together
  size_t length_ = 0, announced_ = 0;
  Packet packet_;
};

// Puts packets into a socket that somebody else owns.
class PacketWriter {
 public:
  explicit PacketWriter(int socket) : socket_(socket) {}

  void Add(Packet packet);
  // Sends what was added. After kEnd the rest is dropped. Throws IoError when the system refuses.
  SocketState Flush(Waiting waiting);
  // Bytes that wait.
  size_t queued_bytes() const { return queued_bytes_; }

 private:
  struct Outgoing {
    Packet packet;
    std::array<std::byte, 8> header;
    size_t sent = 0;  // of header, carriers and bytes together
  };
  // Bytes of `out` sent by one call; negative with errno.
  ssize_t SendSome(Outgoing& out, Waiting waiting);

  const int socket_;
  std::deque<Outgoing> queue_;
  size_t queued_bytes_ = 0;
};

}  // namespace candor

#endif  // CANDOR_IPC_PACKET_H_
