// Landlock (Linux 5.13 and newer): refuses every access to the file system, TCP, and other processes' signals.
#ifndef CANDOR_IPC_LANDLOCK_H_
#define CANDOR_IPC_LANDLOCK_H_

namespace candor {

// Forbids everything that the kernel's version of Landlock knows about, for the calling thread and all it starts.
// Descriptors that are open keep their rights. Needs PR_SET_NO_NEW_PRIVS. Returns the version in force, 0 when the
// kernel has no Landlock, has it switched off or refuses it.
int RestrictByLandlock();

}  // namespace candor

#endif  // CANDOR_IPC_LANDLOCK_H_
