// A plan (engine/plan.h) as people and programs read it.
#ifndef CANDOR_CLI_PLAN_REPORT_H_
#define CANDOR_CLI_PLAN_REPORT_H_

#include <string>

#include "engine/plan.h"

namespace candor {

// What the report says of where its figures are from.
struct PlanFacts {
  std::string name;           // of the model, as it was asked for
  std::string memory_source;  // "free on this machine"
  std::string speed_source;   // "measured on 2 threads with avx512-vnni"
};

// Lines for people.
std::string PlanText(const Plan& plan, const PlanOptions& options, const PlanFacts& facts);
// One JSON object on one line, with everything that the text says; sizes in bytes, times in seconds.
std::string PlanJson(const Plan& plan, const PlanOptions& options, const PlanFacts& facts);

}  // namespace candor

#endif  // CANDOR_CLI_PLAN_REPORT_H_
