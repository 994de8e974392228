// Goal: a list of what a computing process needs; everything else is refused, what the kernel will learn to do next
// year included. Rejected:
// - A list of forbidden calls: io_uring opened files past many of those.
// - Killing the process on a refused call. The C and C++ libraries probe files on their own (processors online, locale,
//   time zone, transparent huge pages) and do without; an answer must not die of that. Refusing is as safe: the call
//   does not happen either way.
// - EPERM for everything: glibc falls back to an older call on ENOSYS alone (clone3 to clone, whose flags a filter can
//   see). EPERM is for the calls that a person would look for in a log.
#include "ipc/seal.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "ipc/landlock.h"
#include "ipc/system_call_filter.h"

namespace candor {
namespace {

constexpr const char* kAllowed[] = {
    // Open descriptors.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fstat", "newfstatat", "fstatfs", "fadvise64", "readahead",
    "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range", "flock", "poll", "ppoll", "select", "pselect6",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "pipe2", "eventfd2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "signalfd4",
    // Memory; mmap and mprotect are below.
    "brk", "munmap", "mremap", "madvise", "mincore", "mlock", "mlock2", "munlock", "membarrier", "get_mempolicy",
    "set_mempolicy", "mbind",
    // Threads and time; clone is below.
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "sched_yield",
    "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getcpu", "arch_prctl", "exit", "exit_group", "restart_syscall", "clock_gettime",
    "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getitimer", "setitimer",
    // Signals; kill and tgkill are below.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigsuspend", "rt_sigpending",
    "sigaltstack", "pause",
    // Facts about the process and the machine.
    "getrandom", "getpid", "gettid", "getppid", "getpgrp", "getpgid", "getsid", "getuid", "geteuid", "getgid",
    "getegid", "getgroups", "uname", "sysinfo", "getrusage", "umask"};

// Refused either way; these with the error that says why.
constexpr const char* kRefusedByName[] = {"open",
                                          "openat",
                                          "openat2",
                                          "creat",
                                          "open_by_handle_at",
                                          "memfd_create",
                                          "mkdir",
                                          "mkdirat",
                                          "mknod",
                                          "mknodat",
                                          "link",
                                          "linkat",
                                          "symlink",
                                          "symlinkat",
                                          "unlink",
                                          "unlinkat",
                                          "rename",
                                          "renameat",
                                          "renameat2",
                                          "rmdir",
                                          "truncate",
                                          "chmod",
                                          "fchmod",
                                          "fchmodat",
                                          "chown",
                                          "fchown",
                                          "lchown",
                                          "fchownat",
                                          "access",
                                          "faccessat",
                                          "faccessat2",
                                          "readlink",
                                          "readlinkat",
                                          "chdir",
                                          "fchdir",
                                          "chroot",
                                          "mount",
                                          "umount2",
                                          "socket",
                                          "socketpair",
                                          "connect",
                                          "bind",
                                          "listen",
                                          "accept",
                                          "accept4",
                                          "sendto",
                                          "sendmmsg",
                                          "recvfrom",
                                          "recvmmsg",
                                          "execve",
                                          "execveat",
                                          "fork",
                                          "vfork",
                                          "ptrace",
                                          "process_vm_readv",
                                          "process_vm_writev",
                                          "pidfd_open",
                                          "pidfd_getfd",
                                          "pidfd_send_signal",
                                          "io_uring_setup",
                                          "io_uring_enter",
                                          "io_uring_register",
                                          "bpf",
                                          "perf_event_open",
                                          "userfaultfd",
                                          "setuid",
                                          "setgid",
                                          "setresuid",
                                          "setresgid",
                                          "setns",
                                          "unshare",
                                          "keyctl",
                                          "add_key",
                                          "request_key",
                                          "init_module",
                                          "finit_module",
                                          "kexec_load",
                                          "reboot",
                                          "swapon"};

// For a channel to another process (SealOptions::channel), on its descriptor alone; refused by name without one.
constexpr const char* kChannelCalls[] = {"sendmsg", "recvmsg"};

// Terminal modes, window size, job control, waiting input. TIOCSTI (typing into the user's shell) is not among them.
constexpr unsigned long kAllowedIoctls[] = {TCGETS,   TCSETS,    TCSETSW,   TCSETSF,  TCGETS2,   TCSETS2, TCSETSW2,
                                            TCSETSF2, TCFLSH,    TCSBRK,    TCXONC,   FIONREAD,  FIONBIO, FIOCLEX,
                                            FIONCLEX, TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCGWINSZ};

constexpr int kAllowedFcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,  F_SETFD,     F_GETFL,     F_SETFL,
                                  F_GETLK, F_SETLK,         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};

// PR_SET_VMA names memory; newer allocators use it.
constexpr int kAllowedPrctls[] = {PR_SET_NAME,     PR_GET_NAME,         PR_SET_VMA,
                                  PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP};

void AddArgumentRules(SystemCallFilter& filter) {
  for (const unsigned long request : kAllowedIoctls) filter.Allow("ioctl", ArgumentIs(1, request));
  for (const int command : kAllowedFcntls) filter.Allow("fcntl", ArgumentIs(1, static_cast<uint64_t>(command)));
  for (const int option : kAllowedPrctls) filter.Allow("prctl", ArgumentIs(0, static_cast<uint64_t>(option)));
  for (const char* name : {"mmap", "mprotect"}) {
    filter.Allow(name, ArgumentLacks(2, PROT_EXEC));
    filter.Refuse(name, ArgumentHas(2, PROT_EXEC));
  }
  filter.Allow("clone", ArgumentHas(0, CLONE_THREAD));
  filter.Refuse("clone", ArgumentLacks(0, CLONE_THREAD));
  filter.Allow("prlimit64", ArgumentIs(0, 0));
  const uint64_t self = static_cast<uint64_t>(::getpid());
  filter.Allow("tgkill", ArgumentIs(0, self));
  filter.Allow("kill", ArgumentIs(0, self));
  filter.Allow("kill", ArgumentIs(0, 0));  // the process group: line editors pass Ctrl-Z on
}

int LoadFilter(int channel) {
  SystemCallFilter filter(SystemCallFilter::Default::kNotThere);
  for (const char* name : kAllowed) filter.Allow(name);
  for (const char* name : kRefusedByName) filter.Refuse(name);
  for (const char* name : kChannelCalls) {
    if (channel < 0) {
      filter.Refuse(name);
    } else {
      filter.Allow(name, ArgumentIs(0, static_cast<uint64_t>(channel)));
    }
  }
  AddArgumentRules(filter);
  return filter.Load();
}

}  // namespace

std::string SealReport::Describe() const {
  const std::string landlock = "Landlock " + std::to_string(landlock_abi);
  if (system_call_filter && landlock_abi > 0) return "sealed by seccomp and " + landlock;
  if (system_call_filter) return "sealed by seccomp (the kernel offers no Landlock)";
  const std::string reason = "the kernel gives no system call filter: " + filter_error;
  if (landlock_abi > 0) return "files and programs sealed by " + landlock + ", network not sealed (" + reason + ")";
  return "not sealed (" + reason + "; it offers no Landlock)";
}

SealReport SealProcess(const SealOptions& options) {
  SealReport report;
  ::tzset();  // reads the time zone's file
  const rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    report.filter_error = std::strerror(errno);
    return report;
  }
  if (options.landlock) report.landlock_abi = RestrictByLandlock();
  if (!options.system_call_filter) {
    report.filter_error = "not asked for";
    return report;
  }
  const int error = LoadFilter(options.channel);
  report.system_call_filter = error == 0;
  if (error != 0) report.filter_error = std::strerror(-error);
  return report;
}

}  // namespace candor
