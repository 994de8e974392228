// What a user wants to know about a model before running it, from its metadata and tensor table alone.
#ifndef CANDOR_CLI_MODEL_REPORT_H_
#define CANDOR_CLI_MODEL_REPORT_H_

#include <string>
#include <vector>

#include "base/sha256.h"
#include "format/checkpoint.h"

namespace candor {

struct ModelReportOptions {
  bool tensors = false;               // the table of tensors too
  std::vector<Sha256Digest> digests;  // of each file; empty when they were not asked for
};

// For people: lines of a name and a value, then the quantisation mix and the tensors. No control character of the
// model reaches the output.
std::string ModelReportText(const Checkpoint& checkpoint, const ModelReportOptions& options);

// One JSON object on one line, control characters escaped. Arrays of more than 64 elements appear by type and length;
// strings that are not UTF-8 with their bytes escaped as \xNN.
std::string ModelReportJson(const Checkpoint& checkpoint, const ModelReportOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_MODEL_REPORT_H_
