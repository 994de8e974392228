#include "ipc/worker.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <variant>

#include "base/error.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "ipc/probe.h"
#include "ipc/seal.h"

namespace candor {
namespace {

bool IsSocket(int descriptor) {
  struct stat status;
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

// A model may come in more files than a process may have open by default.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

WorkerReady Seal(int channel) {
  SealOptions options;
  options.channel = channel;
  const SealReport report = SealProcess(options);
  return {report.system_call_filter, report.landlock_abi, report.Describe()};
}

void Answer(WorkerChannel& channel, const FrontMessage& message) {
  if (!std::holds_alternative<ProbeMessage>(message)) {
    throw FormatError("FrontMessage: kind " + std::to_string(message.index()) + " is not known to this worker");
  }
  channel.Send(Encode(Probe()));
}

}  // namespace

void RunWorker(int channel_descriptor) {
  if (!IsSocket(channel_descriptor)) {
    throw UsageError("a worker is started by a server, which gives it a channel as descriptor " +
                     std::to_string(channel_descriptor));
  }
  (void)::prctl(PR_SET_NAME, "candor-worker");
  RaiseDescriptorLimit();
  const WorkerReady ready = Seal(channel_descriptor);
  WorkerChannel channel{Descriptor(channel_descriptor)};
  channel.Send(Encode(ready));
  while (const std::optional<Packet> packet = channel.Receive()) Answer(channel, DecodeFrontMessage(packet->bytes));
}

}  // namespace candor
