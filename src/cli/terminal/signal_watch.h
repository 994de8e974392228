// Signals as something a program can look at and wait for, instead of code that runs in between.
#ifndef CANDOR_CLI_TERMINAL_SIGNAL_WATCH_H_
#define CANDOR_CLI_TERMINAL_SIGNAL_WATCH_H_

#include <signal.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace candor {

// From Watch() to destruction the given signals (numbers up to 31) are noted here and have no other effect. System
// calls that wait are interrupted by them (EINTR). At most one watch exists at a time.
class SignalWatch {
 public:
  SignalWatch();
  explicit SignalWatch(std::initializer_list<int> signals) : SignalWatch() { Watch(signals); }
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  void Watch(std::initializer_list<int> signals);
  // The same for the first of each signal that comes; the next one has its usual effect again, whatever the program
  // is busy with.
  void WatchOnce(std::initializer_list<int> signals);

  // Whether `signal` has come since it was last taken.
  bool Pending(int signal) const;
  // The same, and forgets it.
  bool Take(int signal);
  // Becomes readable when a signal comes; Drain() makes it unreadable again without forgetting a signal.
  int descriptor() const;
  void Drain();

 private:
  void Set(std::initializer_list<int> signals, int flags);

  std::vector<std::pair<int, struct sigaction>> previous_;
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_SIGNAL_WATCH_H_
