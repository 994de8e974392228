#include "engine/decoder_runner.h"

namespace candor {

StepResult DecoderRunner::Run(std::span<const ScheduledRows> rows) {
  batch_.tokens.clear();
  batch_.sequences.clear();
  batch_.wanted.clear();
  for (const ScheduledRows& scheduled : rows) {
    const std::vector<TokenId>& tokens = scheduled.sequence->tokens;
    const uint32_t end = scheduled.first + scheduled.count;
    batch_.tokens.insert(batch_.tokens.end(), tokens.begin() + scheduled.first, tokens.begin() + end);
    batch_.sequences.push_back({&scheduled.sequence->kv.pages(), scheduled.first, scheduled.count});
    const bool embed = scheduled.sequence->request.embed;
    batch_.wanted.resize(batch_.tokens.size(), embed ? WantedOutput::kHidden : WantedOutput::kNone);
    if (end == tokens.size() && !embed) batch_.wanted.back() = WantedOutput::kLogits;
  }
  decoder_.Run(batch_, result_);
  return {result_.logits, &result_.broken, result_.hidden};
}

}  // namespace candor
