#include "server/event_loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "server/event_loop_impl.h"

namespace candor {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

// What a subscription shares with the wait that is under way: that may come to its end after the subscription has.
template <typename Source>
struct Watch {
  Source source;
  std::function<void()> what;
  bool alive = true;
};

class TimerSubscription : public EventLoop::Subscription {
 public:
  TimerSubscription(asio::io_context& io, std::chrono::steady_clock::duration delay, std::function<void()> what)
      : watch_(new Watch<asio::steady_timer>{asio::steady_timer(io, delay), std::move(what)}) {
    watch_->source.async_wait([watch = watch_](error_code) {
      if (std::exchange(watch->alive, false)) watch->what();
    });
  }
  ~TimerSubscription() override {
    watch_->alive = false;
    watch_->source.cancel();
  }

 private:
  std::shared_ptr<Watch<asio::steady_timer>> watch_;
};

class SignalSubscription : public EventLoop::Subscription {
 public:
  SignalSubscription(asio::io_context& io, int signal, std::function<void()> what)
      : watch_(new Watch<asio::signal_set>{asio::signal_set(io, signal), std::move(what)}) {
    Arm(watch_);
  }
  ~SignalSubscription() override {
    watch_->alive = false;
    watch_->source.cancel();  // clear() alone would leave the wait, and with it this watch, for ever
    watch_->source.clear();
  }

 private:
  using SignalWatch = std::shared_ptr<Watch<asio::signal_set>>;

  static void Arm(const SignalWatch& watch) {
    watch->source.async_wait([watch](error_code error, int) {
      if (!watch->alive || error) return;
      watch->what();
      if (watch->alive) Arm(watch);
    });
  }

  SignalWatch watch_;
};

std::shared_ptr<stream_descriptor> Register(EventLoop::Impl& impl, int descriptor) {
  std::weak_ptr<stream_descriptor>& known = impl.watched[descriptor];
  std::shared_ptr<stream_descriptor> registered = known.lock();
  if (registered == nullptr) {
    const auto unregister = [&impl, descriptor](stream_descriptor* gone) {
      gone->release();  // it is not ours to close
      delete gone;
      impl.watched.erase(descriptor);
    };
    registered.reset(new stream_descriptor(impl.io, descriptor), unregister);
    known = registered;
  }
  return registered;
}

class DescriptorSubscription : public EventLoop::Subscription {
 public:
  DescriptorSubscription(EventLoop::Impl& impl, int descriptor, stream_descriptor::wait_type type,
                         std::function<void()> what)
      : watch_(new DescriptorWatch{Register(impl, descriptor), std::move(what)}) {
    Arm(watch_, type);
  }
  ~DescriptorSubscription() override {
    watch_->alive = false;
    // Ends the waits of the descriptor's other subscriptions too, which begin anew.
    watch_->source->cancel();
    watch_->source.reset();
  }

 private:
  using DescriptorWatch = Watch<std::shared_ptr<stream_descriptor>>;

  static void Arm(const std::shared_ptr<DescriptorWatch>& watch, stream_descriptor::wait_type type) {
    watch->source->async_wait(type, [watch, type](error_code error) {
      if (watch->alive && !error) watch->what();
      if (watch->alive && (!error || error == asio::error::operation_aborted)) Arm(watch, type);
    });
  }

  std::shared_ptr<DescriptorWatch> watch_;
};

}  // namespace

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  impl_->io.restart();
  impl_->io.run();
}

void EventLoop::Stop() { impl_->io.stop(); }

void EventLoop::Post(std::function<void()> what) { asio::post(impl_->io, std::move(what)); }

EventLoop::Subscriptions EventLoop::After(std::chrono::steady_clock::duration delay, std::function<void()> what) {
  return std::make_unique<TimerSubscription>(impl_->io, delay, std::move(what));
}

EventLoop::Subscriptions EventLoop::OnReadable(int descriptor, std::function<void()> what) {
  return std::make_unique<DescriptorSubscription>(*impl_, descriptor, stream_descriptor::wait_read, std::move(what));
}

EventLoop::Subscriptions EventLoop::OnWritable(int descriptor, std::function<void()> what) {
  return std::make_unique<DescriptorSubscription>(*impl_, descriptor, stream_descriptor::wait_write, std::move(what));
}

EventLoop::Subscriptions EventLoop::OnSignal(int signal, std::function<void()> what) {
  return std::make_unique<SignalSubscription>(impl_->io, signal, std::move(what));
}

}  // namespace candor
