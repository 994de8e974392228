#include "cli/terminal/signal_watch.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace candor {
namespace {

// A signal handler has no argument of ours: this is the one piece of state it can reach.
std::atomic<uint32_t> pending_signals{0};
std::atomic<int> wake_descriptor{-1};

static_assert(std::atomic<uint32_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

uint32_t BitOf(int signal) { return uint32_t{1} << signal; }

void Note(int signal) {
  const int saved_errno = errno;
  pending_signals.fetch_or(BitOf(signal));
  const uint64_t one = 1;
  (void)!::write(wake_descriptor.load(), &one, sizeof one);
  errno = saved_errno;
}

}  // namespace

SignalWatch::SignalWatch() {
  CHECK(wake_descriptor.load() == -1);
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw IoError(std::string("eventfd: ") + std::strerror(errno));
  pending_signals = 0;
  wake_descriptor = descriptor;
}

void SignalWatch::Watch(std::initializer_list<int> signals) { Set(signals, 0); }
void SignalWatch::WatchOnce(std::initializer_list<int> signals) { Set(signals, SA_RESETHAND); }

void SignalWatch::Set(std::initializer_list<int> signals, int flags) {
  for (const int signal : signals) {
    CHECK(signal > 0 && signal < 32);
    struct sigaction action = {}, previous = {};
    action.sa_handler = Note;
    action.sa_flags = flags;
    CHECK(::sigaction(signal, &action, &previous) == 0);
    previous_.emplace_back(signal, previous);
  }
}

SignalWatch::~SignalWatch() {
  for (const auto& [signal, action] : previous_) ::sigaction(signal, &action, nullptr);
  ::close(wake_descriptor.exchange(-1));
}

bool SignalWatch::Pending(int signal) const { return (pending_signals.load() & BitOf(signal)) != 0; }

bool SignalWatch::Take(int signal) { return (pending_signals.fetch_and(~BitOf(signal)) & BitOf(signal)) != 0; }

int SignalWatch::descriptor() const { return wake_descriptor.load(); }

void SignalWatch::Drain() {
  uint64_t count;
  (void)!::read(wake_descriptor.load(), &count, sizeof count);
}

}  // namespace candor
