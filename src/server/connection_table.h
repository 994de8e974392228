// Who is connected: counts, deadlines, and who has to make room when all places are taken.
#ifndef CANDOR_SERVER_CONNECTION_TABLE_H_
#define CANDOR_SERVER_CONNECTION_TABLE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

namespace candor {

class TimedConnection {
 public:
  virtual ~TimedConnection() = default;
  // The deadline has passed. May not change the table.
  virtual void OnDeadline() = 0;
  // Ends now and removes itself from the table.
  virtual void Evict() = 0;
};

class ConnectionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Network = std::array<unsigned char, 8>;  // Client::network

  enum class Stage {
    kIdle,  // between two requests
    kHead,  // connected, or inside a header block
    kBusy,  // a request or its response is under way
  };

  struct Slot {
    TimedConnection* connection;
    Network network;
    Stage stage;
    Time deadline;
  };
  using Handle = std::list<Slot>::iterator;

  ConnectionTable(size_t max_connections, size_t max_per_network)
      : max_connections_(max_connections), max_per_network_(max_per_network) {}

  // A place for `connection`, in kHead. When all are taken, the one that has been idle longest is evicted, or else the
  // one longest in kHead: whoever has a request under way stays. nullopt when there is no place even so, or when the
  // network has as many as it may.
  std::optional<Handle> Add(TimedConnection* connection, const Network& network, Time deadline);
  // Within kIdle and kHead deadlines may only grow from call to call.
  void Move(Handle handle, Stage stage, Time deadline);
  void Remove(Handle handle);

  // Calls OnDeadline(), once each, for those whose deadline is not after `now`.
  void Sweep(Time now);
  // Evicts all that are in `stage`.
  void EvictAll(Stage stage);

  size_t size() const { return size(Stage::kIdle) + size(Stage::kHead) + size(Stage::kBusy); }
  size_t size(Stage stage) const { return lists_[static_cast<size_t>(stage)].size(); }
  uint64_t evicted() const { return evicted_; }

 private:
  struct NetworkHash {
    size_t operator()(const Network& network) const;
  };

  std::list<Slot>& list(Stage stage) { return lists_[static_cast<size_t>(stage)]; }

  size_t max_connections_;
  size_t max_per_network_;
  std::array<std::list<Slot>, 3> lists_;  // by stage; within one, who has been there longest comes first
  std::unordered_map<Network, size_t, NetworkHash> per_network_;
  uint64_t evicted_ = 0;
};

}  // namespace candor

#endif  // CANDOR_SERVER_CONNECTION_TABLE_H_
