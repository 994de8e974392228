// Trying what a sealed process must not be able to do.
#ifndef CANDOR_IPC_PROBE_H_
#define CANDOR_IPC_PROBE_H_

#include <cstdint>

#include "ipc/messages.h"

namespace candor {

// Tries the five actions of ProbeResult in the calling process. Each is chosen so that it does no harm where it is
// possible, and so that a refusal can be told from any other failure:
//   open a file        /etc/passwd, /proc/self/status, then /: for reading; possible when one of them opens
//   make a socket      a local one, then a TCP one; possible when one of them is made
//   connect            that socket, or else no descriptor at all, to port 9 of 127.0.0.1
//   start a program    one without a name
//   trace a process    attaching to process number 0, which nobody has
// The last three fail even where nothing forbids them, with errors that are no refusal; these count as possible.
ProbeResult Probe();

// Whether an error is the kernel's refusal: EPERM (a filter), EACCES (Landlock, permissions), or ENOSYS (a filter that
// denies that the call exists).
bool IsRefusal(int32_t error);

}  // namespace candor

#endif  // CANDOR_IPC_PROBE_H_
