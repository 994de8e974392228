#include "ipc/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/error.h"
#include "ipc/front_seal.h"
#include "ipc/in_child.h"
#include "ipc/messages.h"

namespace candor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

WorkerCommand TestWorker(const std::string& what = "") { return {CANDOR_TEST_WORKER, {"worker", what}, {}}; }

void WaitFor(int descriptor) {
  pollfd waiting{descriptor, POLLIN, 0};
  ::poll(&waiting, 1, 20'000);
}

// The next message of a worker; empty when it ends or 20 s go by before.
std::vector<std::byte> Next(WorkerProcess& worker) {
  for (;;) {
    WaitFor(worker.channel().descriptor());
    auto messages = worker.channel().OnReadable();
    if (!messages.empty()) return messages.front();
    if (worker.channel().closed()) return {};
  }
}

std::string NextText(WorkerProcess& worker) {
  const std::vector<std::byte> bytes = Next(worker);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string EndOf(WorkerProcess& worker) {
  WaitFor(worker.end_descriptor());
  return worker.Ended().value_or("runs");
}

// Whether a worker under this process seals itself and is refused what it must be.
void CheckSealedWorker(Findings& findings) {
  WorkerProcess worker(TestWorker());
  const WorkerMessage ready = DecodeWorkerMessage(Next(worker));
  findings.Works("its filter", std::get<WorkerReady>(ready).system_call_filter);
  findings.Works("sending", worker.channel().Send(Encode(ProbeMessage{})));
  const ProbeResult probe = std::get<ProbeResult>(DecodeWorkerMessage(Next(worker)));
  for (size_t i = 0; i < probe.errors.size(); ++i) {
    if (probe.errors[i] != EPERM) findings.Add(std::string(ProbeResult::kActions[i]) + " is possible");
  }
}

TEST(WorkerProcessTest, AWorkerSealsItselfAndIsRefusedTheFiveActions) {
  Findings findings;
  CheckSealedWorker(findings);
  EXPECT_EQ(findings.text(), "");
}

TEST(WorkerProcessTest, AWorkerHasFourDescriptorsAndOnlyTheEnvironmentItIsGiven) {
  const Descriptor leaked(::fcntl(0, F_DUPFD, 50));  // not closed on exec
  ::signal(SIGTERM, SIG_DFL);
  WorkerCommand command = TestWorker("look");
  command.environment = {"A=1"};
  WorkerProcess worker(command);
  EXPECT_EQ(NextText(worker), "0 1 2 3 A=1 ignored ignored ignored ");
  EXPECT_EQ(EndOf(worker), "ended with status 0");
}

TEST(WorkerProcessTest, TheEndIsToldInWords) {
  WorkerProcess exits(TestWorker("exit"));
  EXPECT_EQ(EndOf(exits), "ended with status 7");
  WorkerProcess aborts(TestWorker("abort"));
  EXPECT_EQ(EndOf(aborts), "was killed by signal 6 (Aborted)");
  WorkerProcess waits(TestWorker("wait"));
  EXPECT_EQ(NextText(waits), "here");
  EXPECT_FALSE(waits.Ended());
  ::kill(waits.pid(), SIGTERM);
  waits.Kill();
  EXPECT_EQ(EndOf(waits), "was killed by signal 9 (Killed)");
  EXPECT_TRUE(waits.channel().OnReadable().empty());
  EXPECT_TRUE(waits.channel().closed());
  EXPECT_EQ(EndOf(waits), "was killed by signal 9 (Killed)");
}

TEST(WorkerProcessTest, DestroyingItLeavesNoProcess) {
  pid_t pid = 0;
  {
    WorkerProcess worker(TestWorker("wait"));
    pid = worker.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(WorkerProcessTest, AProgramThatIsNotThereIsAnErrorAndLeavesNoProcess) {
  EXPECT_THAT(
      [] {
        WorkerProcess worker(WorkerCommand{"/nowhere/candor", {"candor"}, {}});
      },
      ThrowsMessage<IoError>(HasSubstr("cannot start the worker /nowhere/candor: exec: No such file or directory")));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(WorkerProcessTest, AWorkerEndsWithTheChannel) {
  auto worker = std::make_unique<WorkerProcess>(TestWorker());
  Next(*worker);
  ::shutdown(worker->channel().descriptor(), SHUT_RDWR);
  EXPECT_EQ(EndOf(*worker), "ended with status 0");
}

TEST(WorkerProcessTest, NonsenseEndsAWorker) {
  WorkerProcess worker(TestWorker());
  Next(worker);
  ASSERT_TRUE(worker.channel().Send({std::byte{255}}));
  EXPECT_EQ(EndOf(worker), "ended with status 1");
}

// The worker inherits a pipe through descriptor 2: it is closed for good once both processes are gone.
TEST(WorkerProcessTest, AWorkerDiesWithAFrontThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t front = ::fork();
  if (front == 0) {
    ::dup2(ends[1], 2);
    WorkerProcess worker(TestWorker("wait"));
    NextText(worker);
    (void)!::write(2, "x", 1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  ::kill(front, SIGKILL);
  ::waitpid(front, nullptr, 0);
  pollfd waiting{ends[0], POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 20'000), 1);
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

TEST(WorkerProcessTest, ASealedFrontStartsAWorkerThatSealsItself) {
  EXPECT_EQ(InChild([](Findings& findings) {
              findings.Works("the front's seal", SealFront().sealed());
              findings.RefusedWith(EPERM, "socket", ::socket(AF_INET, SOCK_STREAM, 0));
              CheckSealedWorker(findings);
              CheckSealedWorker(findings);
            }),
            "");
}

TEST(RestartDelayTest, GrowsOnlyWhileWorkersEndSoon) {
  RestartDelay delay;
  EXPECT_EQ(delay.After(1h), 0ms);
  EXPECT_EQ(delay.After(1s), 250ms);
  EXPECT_EQ(delay.After(1s), 500ms);
  EXPECT_EQ(delay.After(0s), 1000ms);
  EXPECT_EQ(delay.After(1min), 0ms);
  EXPECT_EQ(delay.After(1s), 250ms);
  for (int i = 0; i < 100; ++i) delay.After(0s);
  EXPECT_EQ(delay.After(0s), 30s);
  EXPECT_EQ(RestartDelay().After(0s), 0ms);
}

}  // namespace
}  // namespace candor
