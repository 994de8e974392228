// The front's one thread: sockets, timers, signals and other descriptors, one callback at a time.
//
// Hides Boost.Asio, so that everything else compiles in seconds. All callbacks run in the thread that calls Run();
// none may block.
#ifndef CANDOR_SERVER_EVENT_LOOP_H_
#define CANDOR_SERVER_EVENT_LOOP_H_

#include <chrono>
#include <functional>
#include <memory>

namespace candor {

class EventLoop {
 public:
  // Destroying it stops the callback: none comes afterwards. The callback itself may destroy it, or put another in its
  // place.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs callbacks until Stop().
  void Run();
  // May be called from any thread.
  void Stop();
  // Calls `what` once, soon, from Run(). May be called from any thread.
  void Post(std::function<void()> what);

  using Subscriptions = std::unique_ptr<Subscription>;
  // Calls `what` once after `delay`.
  [[nodiscard]] Subscriptions After(std::chrono::steady_clock::duration delay, std::function<void()> what);
  // Calls `what` whenever `descriptor` can be read, or written, without waiting. The descriptor stays the caller's and
  // must outlive the subscription.
  [[nodiscard]] Subscriptions OnReadable(int descriptor, std::function<void()> what);
  [[nodiscard]] Subscriptions OnWritable(int descriptor, std::function<void()> what);
  // Calls `what` for each arrival of a signal.
  [[nodiscard]] Subscriptions OnSignal(int signal, std::function<void()> what);

  struct Impl;
  Impl& impl() { return *impl_; }  // for the translation units that know Asio

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_EVENT_LOOP_H_
