// Sealing: from one call on, the process can compute and use the descriptors it has, and nothing else.
//
// A model file, a template and a prompt are hostile input; whatever a bug in their parsers could be made to do, a
// sealed process cannot open or create a file, make a socket, start a program or look into another process, and so
// cannot send anything anywhere. Two mechanisms of Linux, each enough alone for files: a system call filter (seccomp)
// and Landlock.
//
// What goes on working: reading, writing, truncating and locking open descriptors (terminal modes and window size
// included), memory that is not executable, threads, futexes, clocks, sleeping, randomness, signals to the process
// itself and to its process group, and exit. Metadata of a path (stat) stays visible: the C library reads the metadata
// of an open descriptor through the same system call.
//
// A worker process keeps one socket, the channel to its front (SealOptions::channel): it can send and receive there, as
// it could with read() and write(), and be given descriptors. On every other descriptor sendmsg() and recvmsg() are
// refused, and sockets can neither be made, bound, connected nor accepted.
//
// Open before sealing: models, the history file, /save targets, logs. Local time goes on working (the
// zone is loaded first); whatever else the C library opens late (locales, name service, /proc) is not there.
#ifndef CANDOR_IPC_SEAL_H_
#define CANDOR_IPC_SEAL_H_

#include <string>

namespace candor {

// Each mechanism alone is for tests; a program seals itself with both.
struct SealOptions {
  bool system_call_filter = true;
  bool landlock = true;
  // A socket that is open and goes on working, sendmsg() and recvmsg() included, which carry descriptors; -1: none.
  int channel = -1;
};

// What the kernel enforces from now on, as it answered; never what was merely asked for.
struct SealReport {
  bool system_call_filter = false;  // seccomp, in every thread
  int landlock_abi = 0;             // version of the kernel's Landlock in force; 0: none
  std::string filter_error;         // why there is no filter; empty when there is one

  // New files, programs and sockets are all refused.
  bool sealed() const { return system_call_filter; }
  // One line for a user, without a full stop: "sealed by seccomp and Landlock 7", or what is missing.
  std::string Describe() const;
};

// Seals the calling process for the rest of its life. Cannot be undone. Call it once, and before starting threads:
// the filter covers every thread, Landlock the calling one and those started later.
// Also switches off core dumps and attaching by the user's other processes, since memory holds prompts.
//
// A refused system call fails with EPERM (those named above) or ENOSYS (any other), it does not end the process. Never
// throws for what the kernel lacks; the report says it.
SealReport SealProcess(const SealOptions& options = {});

}  // namespace candor

#endif  // CANDOR_IPC_SEAL_H_
