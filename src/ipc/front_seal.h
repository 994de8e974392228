// The front's seal: what a server that only accepts gives up for the rest of its life.
//
// The front speaks to the network, so it is no computing process with nothing but its descriptors (ipc/seal.h): it
// accepts connections, opens files, and starts its worker anew. But nothing may be sent anywhere that has not asked:
// once it listens, no socket can be made and none connected.
#ifndef CANDOR_IPC_FRONT_SEAL_H_
#define CANDOR_IPC_FRONT_SEAL_H_

#include <string>

namespace candor {

// What the kernel enforces from now on, as it answered.
struct FrontSealReport {
  bool system_call_filter = false;
  std::string filter_error;  // why there is none; empty when there is one

  bool sealed() const { return system_call_filter; }
  // "no new connections: sealed by seccomp", or what is missing.
  std::string Describe() const;
};

// Refuses, with EPERM, in every thread and every program started from here on:
//   - sockets: socket, connect, bind, listen, and connecting by sending (TCP fast open); accept4 and socketpair stay;
//   - other processes: ptrace, reading and writing their memory, taking their descriptors;
//   - ways around a filter: io_uring, bpf, perf events, userfaultfd;
//   - the machine: mounts, namespaces, modules, reboot, keys of the kernel, the clock.
// Everything else stays allowed, and a worker seals itself on top of it. Call it once, when everything listens.
// Also switches off core dumps and attaching by the user's other processes, since memory holds prompts and keys. Never
// throws for what the kernel lacks; the report says it.
FrontSealReport SealFront();

}  // namespace candor

#endif  // CANDOR_IPC_FRONT_SEAL_H_
