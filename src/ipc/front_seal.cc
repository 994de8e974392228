// Goal: no way out but connections that came in. A list of what is refused, unlike the worker's list of what is
// allowed: the front uses a web server's libraries, which may use any call that a kernel offers, and reads no hostile
// files. Rejected: refusing fork and execve too, which would need a third process to restart the worker.
#include "ipc/front_seal.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstring>

#include "ipc/system_call_filter.h"

namespace candor {
namespace {

constexpr const char* kRefused[] = {
    "socket", "connect", "bind", "listen",
    // Other processes.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    // Ways around the filter.
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd",
    // The machine.
    "mount", "umount2", "move_mount", "fsopen", "fsmount", "fsconfig", "fspick", "open_tree", "mount_setattr",
    "pivot_root", "chroot", "setns", "unshare", "open_by_handle_at", "keyctl", "add_key", "request_key", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "syslog", "iopl",
    "ioperm"};

int LoadFilter() {
  SystemCallFilter filter(SystemCallFilter::Default::kAllowed);
  for (const char* name : kRefused) filter.Refuse(name);
  // With this flag, sending on a socket that was made before connects it.
  filter.Refuse("sendto", ArgumentHas(3, MSG_FASTOPEN));
  filter.Refuse("sendmsg", ArgumentHas(2, MSG_FASTOPEN));
  filter.Refuse("sendmmsg", ArgumentHas(3, MSG_FASTOPEN));
  return filter.Load();
}

}  // namespace

std::string FrontSealReport::Describe() const {
  if (sealed()) return "no new connections: sealed by seccomp";
  return "new connections not sealed (the kernel gives no system call filter: " + filter_error + ")";
}

FrontSealReport SealFront() {
  FrontSealReport report;
  const rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    report.filter_error = std::strerror(errno);
    return report;
  }
  const int error = LoadFilter();
  report.system_call_filter = error == 0;
  if (error != 0) report.filter_error = std::strerror(-error);
  return report;
}

}  // namespace candor
