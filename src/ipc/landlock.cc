#include "ipc/landlock.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace candor {
namespace {

// The kernel's interface, written out: Debian 12's headers stop at version 2 and the C library has no wrappers. The
// system call numbers are the same on every architecture.
constexpr long kCreateRuleset = 444;
constexpr long kRestrictSelf = 446;
constexpr uint32_t kCreateRulesetVersion = 1;

struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;  // version 4
  uint64_t scoped;              // version 6
};

// The lowest `count` bits: each version of Landlock added its rights above those of the one before.
constexpr uint64_t Rights(int count) { return (uint64_t{1} << count) - 1; }

RulesetAttributes EverythingIn(int version) {
  RulesetAttributes attributes{};
  attributes.handled_access_fs = Rights(version >= 5   ? 16     // ... and device ioctls
                                        : version >= 3 ? 15     // ... and truncating
                                        : version >= 2 ? 14     // ... and moving between folders
                                                       : 13);   // execute, write, read, list, remove, make
  if (version >= 4) attributes.handled_access_net = Rights(2);  // TCP bind and connect
  if (version >= 6) attributes.scoped = Rights(2);              // abstract sockets and signals outside
  return attributes;
}

int CreateRuleset(const RulesetAttributes& attributes, int version) {
  // Older kernels take a longer structure only when the part that they do not know is zero, which it is.
  const size_t size = version >= 6   ? sizeof(RulesetAttributes)
                      : version >= 4 ? offsetof(RulesetAttributes, scoped)
                                     : offsetof(RulesetAttributes, handled_access_net);
  return static_cast<int>(::syscall(kCreateRuleset, &attributes, size, 0));
}

}  // namespace

int RestrictByLandlock() {
  const int version = static_cast<int>(::syscall(kCreateRuleset, nullptr, 0, kCreateRulesetVersion));
  if (version < 1) return 0;
  RulesetAttributes attributes = EverythingIn(version);
  int ruleset = CreateRuleset(attributes, version);
  if (ruleset < 0 && errno == EINVAL && attributes.scoped != 0) {
    // Some distribution kernels announce version 6 without the signal scope.
    attributes.scoped = Rights(1);
    ruleset = CreateRuleset(attributes, version);
  }
  if (ruleset < 0) return 0;
  const bool in_force = ::syscall(kRestrictSelf, ruleset, 0) == 0;
  ::close(ruleset);
  return in_force ? version : 0;
}

}  // namespace candor
