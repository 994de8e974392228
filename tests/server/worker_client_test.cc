#include "server/worker_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/event_loop.h"

namespace candor {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What a client of a worker is told while two workers, one after the other, do what `what` says and end.
struct Told {
  std::vector<std::string> failures;  // of the job that waits for the first one
  std::vector<std::string> ends;
};

Told TwoWorkersThat(const std::string& what) {
  Told told;
  EventLoop loop;
  const auto too_late = loop.After(20s, [&] { loop.Stop(); });
  const WorkerClient::Observer observer{.ready = {},
                                        .ended =
                                            [&](const std::string& how) {
                                              told.ends.push_back(how);
                                              if (told.ends.size() == 2) loop.Stop();
                                            },
                                        .message = {}};
  WorkerClient client(loop, {CANDOR_TEST_WORKER, {"worker", what}, {}}, observer);
  client.Expect(client.NextJob(), 1, [&](const JobEvent& event) {
    const auto* failed = std::get_if<JobFailed>(&event.what);
    told.failures.push_back(failed != nullptr ? failed->message : "no failure");
  });
  loop.Run();
  return told;
}

TEST(WorkerClientTest, AWorkerThatDiesIsReplacedAndItsJobsFailOnce) {
  const Told told = TwoWorkersThat("exit");
  EXPECT_THAT(told.ends, AllOf(SizeIs(2), Each("the worker ended with status 7")));
  EXPECT_THAT(told.failures, AllOf(SizeIs(1), Each("the worker ended with status 7")));
}

// It has been taken over, or is broken: nothing that it says afterwards is believed, and the front lives on.
TEST(WorkerClientTest, AWorkerThatSaysWhatCannotBeIsKilledAndReplaced) {
  const auto killed_for = HasSubstr("was killed by signal 9 (Killed), after it had sent what cannot be");
  const Told told = TwoWorkersThat("lie");
  EXPECT_THAT(told.ends, AllOf(SizeIs(2), Each(killed_for)));
  EXPECT_THAT(told.failures, AllOf(SizeIs(1), Each(killed_for)));
}

TEST(WorkerClientTest, AWorkerThatLiesAndDiesIsReplacedToo) {
  const auto lied = HasSubstr(", after it had sent what cannot be");
  const Told told = TwoWorkersThat("lie and exit");
  EXPECT_THAT(told.ends, AllOf(SizeIs(2), Each(lied)));
  EXPECT_THAT(told.failures, AllOf(SizeIs(1), Each(lied)));
}

TEST(WorkerClientTest, AWorkerWhoseFrameCannotBeIsKilledAndReplaced) {
  const auto killed_for = HasSubstr("was killed by signal 9 (Killed), after it had sent what cannot be");
  const Told told = TwoWorkersThat("break the frame");
  EXPECT_THAT(told.ends, AllOf(SizeIs(2), Each(killed_for)));
  EXPECT_THAT(told.failures, AllOf(SizeIs(1), Each(killed_for)));
}

}  // namespace
}  // namespace candor
