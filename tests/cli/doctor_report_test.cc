#include "cli/doctor_report.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A machine on which everything is as it should be.
DoctorReport Healthy() {
  DoctorReport report;
  report.instruction_sets = {{"avx2", true}, {"scalar", true}};
  report.front.system_call_filter = true;
  report.front_probe.errors = {0, EPERM, EPERM, 0, EPERM};
  report.worker.ready = {true, 7, "sealed by seccomp and Landlock 7"};
  report.worker.probe.errors = {EPERM, EPERM, EACCES, ENOSYS, EPERM};
  return report;
}

TEST(DoctorReportTest, NothingIsWrongWhereEverythingIsRefused) {
  EXPECT_THAT(ProblemsOf(Healthy()), ElementsAre());
  EXPECT_THAT(DoctorText(Healthy()), HasSubstr("\nEvery promised protection is in force.\n"));
  DoctorReport without_landlock = Healthy();
  without_landlock.worker.ready.landlock_abi = 0;
  EXPECT_THAT(ProblemsOf(without_landlock), ElementsAre());
}

TEST(DoctorReportTest, EachActionThatAWorkerCouldDoIsAProblem) {
  for (size_t i = 0; i < ProbeResult::kActions.size(); ++i) {
    // An error that is no refusal proves nothing either.
    for (const int32_t error : {0, ENOENT, EMFILE}) {
      DoctorReport report = Healthy();
      report.worker.probe.errors[i] = error;
      const std::string problem = std::string("the worker is not kept from this: ") + ProbeResult::kActions[i];
      EXPECT_THAT(ProblemsOf(report), ElementsAre(problem));
      EXPECT_THAT(DoctorText(report), HasSubstr("\nNot as promised:\n  " + problem + "\n"));
    }
  }
}

TEST(DoctorReportTest, TheFrontMayOpenFilesAndStartProgramsOnly) {
  for (size_t i = 0; i < ProbeResult::kActions.size(); ++i) {
    DoctorReport report = Healthy();
    report.front_probe.errors[i] = 0;
    EXPECT_EQ(ProblemsOf(report).size(), i == 0 || i == 3 ? 0u : 1u) << i;
  }
}

TEST(DoctorReportTest, AMissingFilterIsAProblem) {
  DoctorReport report = Healthy();
  report.front.system_call_filter = false;
  report.front.filter_error = "Invalid argument";
  report.worker.ready.system_call_filter = false;
  report.worker.ready.seal = "not sealed";
  EXPECT_THAT(ProblemsOf(report), ElementsAre("the front: " + report.front.Describe(), "the worker: not sealed"));
}

TEST(DoctorReportTest, AWorkerThatDoesNotAnswerIsAProblem) {
  DoctorReport report = Healthy();
  report.worker = {"was killed by signal 9 (Killed)", {}, {}};
  EXPECT_THAT(ProblemsOf(report), ElementsAre("the worker was killed by signal 9 (Killed)"));
  EXPECT_THAT(DoctorJson(report), HasSubstr("\"worker\":{\"problem\":\"was killed by signal 9 (Killed)\"}"));
}

TEST(DoctorReportTest, AnInstructionSetWithOtherAnswersIsAProblemAndNotTaken) {
  DoctorReport report = Healthy();
  report.instruction_sets[0].known_answers = false;
  EXPECT_THAT(ProblemsOf(report), ElementsAre("the instruction set avx2 does not give the known answers"));
  EXPECT_THAT(DoctorText(report), HasSubstr("avx2 (gives other answers), scalar (taken)\n"));
  EXPECT_THAT(DoctorJson(report), HasSubstr("\"isa\":\"scalar\""));
}

}  // namespace
}  // namespace candor
