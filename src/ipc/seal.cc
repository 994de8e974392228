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
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "ipc/landlock.h"

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
                                          "sendmsg",
                                          "sendmmsg",
                                          "recvfrom",
                                          "recvmsg",
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

// Terminal modes, window size, job control, waiting input. TIOCSTI (typing into the user's shell) is not among them.
constexpr unsigned long kAllowedIoctls[] = {TCGETS,   TCSETS,    TCSETSW,   TCSETSF,  TCGETS2,   TCSETS2, TCSETSW2,
                                            TCSETSF2, TCFLSH,    TCSBRK,    TCXONC,   FIONREAD,  FIONBIO, FIOCLEX,
                                            FIONCLEX, TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCGWINSZ};

constexpr int kAllowedFcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,  F_SETFD,     F_GETFL,     F_SETFL,
                                  F_GETLK, F_SETLK,         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};

// PR_SET_VMA names memory; newer allocators use it.
constexpr int kAllowedPrctls[] = {PR_SET_NAME,     PR_GET_NAME,         PR_SET_VMA,
                                  PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP};

// A libseccomp context, released at the end of the scope. The first error sticks.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) {
    if (context_ == nullptr) error_ = -ENOMEM;
  }
  ~Filter() {
    if (context_ != nullptr) seccomp_release(context_);
  }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void Attribute(scmp_filter_attr attribute, uint32_t value) {
    if (error_ == 0) error_ = seccomp_attr_set(context_, attribute, value);
  }
  void Allow(const char* name) { Add(SCMP_ACT_ALLOW, name, {}); }
  void Allow(const char* name, scmp_arg_cmp condition) { Add(SCMP_ACT_ALLOW, name, {condition}); }
  void Refuse(const char* name) { Add(SCMP_ACT_ERRNO(EPERM), name, {}); }
  void Refuse(const char* name, scmp_arg_cmp condition) { Add(SCMP_ACT_ERRNO(EPERM), name, {condition}); }
  // 0, or a negative errno.
  int Load() {
    if (error_ == 0) error_ = seccomp_load(context_);
    return error_;
  }

 private:
  void Add(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions) {
    if (error_ != 0) return;
    const int number = seccomp_syscall_resolve_name(name);
    // A name that this architecture, or this version of the library, does not have falls under the default.
    if (number < 0) return;
    error_ =
        seccomp_rule_add_array(context_, action, number, static_cast<unsigned>(conditions.size()), conditions.begin());
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

// Arguments that the kernel takes as 32-bit numbers: the upper half of the register is not part of them.
scmp_arg_cmp Is(unsigned argument, uint64_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, value & 0xffffffffu);
}
scmp_arg_cmp Has(unsigned argument, uint64_t bit) { return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, bit); }
scmp_arg_cmp Lacks(unsigned argument, uint64_t bit) { return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, 0); }

void AddArgumentRules(Filter& filter) {
  for (const unsigned long request : kAllowedIoctls) filter.Allow("ioctl", Is(1, request));
  for (const int command : kAllowedFcntls) filter.Allow("fcntl", Is(1, static_cast<uint64_t>(command)));
  for (const int option : kAllowedPrctls) filter.Allow("prctl", Is(0, static_cast<uint64_t>(option)));
  for (const char* name : {"mmap", "mprotect"}) {
    filter.Allow(name, Lacks(2, PROT_EXEC));
    filter.Refuse(name, Has(2, PROT_EXEC));
  }
  filter.Allow("clone", Has(0, CLONE_THREAD));
  filter.Refuse("clone", Lacks(0, CLONE_THREAD));
  filter.Allow("prlimit64", Is(0, 0));
  const uint64_t self = static_cast<uint64_t>(::getpid());
  filter.Allow("tgkill", Is(0, self));
  filter.Allow("kill", Is(0, self));
  filter.Allow("kill", Is(0, 0));  // the process group: line editors pass Ctrl-Z on
}

int LoadFilter() {
  Filter filter;
  filter.Attribute(SCMP_FLTATR_CTL_TSYNC, 1);
  // Without this, kernels before 5.16 switch off speculative stores for the process, which slows it down. That guards
  // programs that run other people's code in their own memory; this one runs none.
  filter.Attribute(SCMP_FLTATR_CTL_SSB, 1);
  filter.Attribute(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree: calls with arguments are looked up each time
  for (const char* name : kAllowed) filter.Allow(name);
  for (const char* name : kRefusedByName) filter.Refuse(name);
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
  const int error = LoadFilter();
  report.system_call_filter = error == 0;
  if (error != 0) report.filter_error = std::strerror(-error);
  return report;
}

}  // namespace candor
