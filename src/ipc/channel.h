// The two ends of the connection between front and worker: packets (ipc/packet.h) in both directions, descriptors from
// front to worker only.
//
// Each end belongs to one thread. The death of the other side is a clean end, whatever it was in the middle of.
#ifndef CANDOR_IPC_CHANNEL_H_
#define CANDOR_IPC_CHANNEL_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "ipc/packet.h"

namespace candor {

// A connected pair of local stream sockets, closed on exec. Throws IoError.
std::pair<Descriptor, Descriptor> MakeChannel();

// The front's end. Nothing waits and nothing throws: the worker may be in the hands of whoever wrote a model file.
class FrontChannel {
 public:
  explicit FrontChannel(Descriptor socket);

  int descriptor() const { return socket_.number(); }

  // Takes a message and sends what the socket takes at once. False, with nothing taken, when the channel is closed.
  // What waits is the caller's to bound.
  [[nodiscard]] bool Send(std::vector<std::byte> bytes, std::vector<Descriptor> descriptors = {});
  // Whether something waits until the descriptor can be written: then OnWritable() is to be called.
  bool wants_write() const { return writer_.queued_bytes() > 0; }
  size_t queued_bytes() const { return writer_.queued_bytes(); }
  void OnWritable();

  // What has come whole, in order. Stops after a few megabytes, so that a worker that writes without an end cannot
  // keep the front from its other work: the descriptor stays readable then. What came before the end of the channel is
  // returned with the call that closes it.
  std::vector<std::vector<std::byte>> OnReadable();

  bool closed() const { return closed_; }
  // Why, when it was not simply the end of the worker: what the worker sent that cannot be. Empty otherwise.
  const std::string& problem() const { return problem_; }

 private:
  void Close(std::string problem);

  Descriptor socket_;
  PacketReader reader_;
  PacketWriter writer_;
  bool closed_ = false;
  std::string problem_;
};

// The worker's end. Its functions throw FormatError, LimitError and IoError as PacketReader and PacketWriter do: a
// worker whose front sends nonsense has nobody to work for.
class WorkerChannel {
 public:
  explicit WorkerChannel(Descriptor socket);

  // The next packet. Without `timeout` waits for it; with one for that long at most, with zero not at all. nullopt when
  // the time is over or the channel is closed().
  std::optional<Packet> Receive(std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  // Sends and waits until the socket has taken all of it. Nothing happens when the channel is closed.
  void Send(std::vector<std::byte> bytes);

  // The front has closed its end or is gone.
  bool closed() const { return closed_; }

 private:
  // Whether there is something to read, or the end, before `deadline`.
  bool WaitUntilReadable(std::chrono::steady_clock::time_point deadline) const;

  Descriptor socket_;
  PacketReader reader_;
  PacketWriter writer_;
  bool closed_ = false;
};

}  // namespace candor

#endif  // CANDOR_IPC_CHANNEL_H_
