// Sealing as every command does it that reads a model's bytes.
#ifndef CANDOR_CLI_SEALING_H_
#define CANDOR_CLI_SEALING_H_

namespace candor {

// Seals the process (ipc/seal.h) and says on standard error what the kernel does not enforce. Everything that the
// command will need open must be open.
void SealForModel();

}  // namespace candor

#endif  // CANDOR_CLI_SEALING_H_
