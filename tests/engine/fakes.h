// A tokenizer and a runner without a model, for tests of the engine alone.
#ifndef CANDOR_TESTS_ENGINE_FAKES_H_
#define CANDOR_TESTS_ENGINE_FAKES_H_

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "engine/runner.h"
#include "support/fake_tokenizer.h"

namespace candor {

// Keeps each token in the pages at its position, in every group, and takes the next token from what it finds there:
// a page that is lost or shared by mistake shows in the answer.
class FakeRunner : public Runner {
 public:
  // The next token after `tokens`, which are the sequence from its start.
  using Choose = std::function<TokenId(const std::vector<TokenId>& tokens)>;

  FakeRunner(size_t vocabulary, uint32_t context, std::vector<uint32_t> windows, Choose choose)
      : vocabulary_(vocabulary), context_(context), choose_(std::move(choose)) {
    for (const uint32_t window : windows) {
      groups_.push_back({.window = window, .layers = {}, .page_bytes = kPagePositions * sizeof(TokenId)});
    }
  }

  size_t vocabulary() const override { return vocabulary_; }
  size_t hidden_size() const override { return 2; }
  uint32_t context_length() const override { return context_; }
  const std::vector<KvGroup>& kv_groups() const override { return groups_; }

  StepResult Run(std::span<const ScheduledRows> rows) override {
    logits_.clear();
    uint32_t total = 0;
    for (const ScheduledRows& scheduled : rows) {
      const Sequence& sequence = *scheduled.sequence;
      EXPECT_EQ(scheduled.first, sequence.computed);
      const uint32_t end = scheduled.first + scheduled.count;
      total += scheduled.count;
      for (uint32_t position = scheduled.first; position < end; ++position) Write(sequence, position);
      if (end == sequence.tokens.size()) AddLogits(choose_(Read(sequence, end)));
    }
    steps.push_back(total);
    broken_.assign(rows.size(), false);
    return {logits_, &broken_};
  }

  std::vector<uint32_t> steps;  // the rows of each

 private:
  std::byte* Place(const Sequence& sequence, size_t group, uint32_t position) const {
    std::byte* page = sequence.kv.pages().pages.at(group).at(position / kPagePositions);
    EXPECT_NE(page, nullptr) << "position " << position;
    return page + position % kPagePositions * sizeof(TokenId);
  }

  void Write(const Sequence& sequence, uint32_t position) {
    for (size_t group = 0; group < groups_.size(); ++group) {
      // Only what the row itself sees is needed: the window's first position and the row's own.
      const uint32_t window = groups_[group].window;
      const uint32_t first = window == 0 || position < window ? 0 : position - window + 1;
      TokenId there = 0;
      if (first < position) {
        std::memcpy(&there, Place(sequence, group, first), sizeof there);
        EXPECT_EQ(there, sequence.tokens[first]);
      }
      std::memcpy(Place(sequence, group, position), &sequence.tokens[position], sizeof(TokenId));
    }
  }

  std::vector<TokenId> Read(const Sequence& sequence, uint32_t end) const {
    std::vector<TokenId> tokens(end);
    for (uint32_t position = 0; position < end; ++position) {
      std::memcpy(&tokens[position], Place(sequence, 0, position), sizeof(TokenId));
    }
    return tokens;
  }

  void AddLogits(TokenId next) {
    const size_t begin = logits_.size();
    logits_.resize(begin + vocabulary_, 0.0f);
    logits_[begin + static_cast<size_t>(next)] = 5.0f;
  }

  size_t vocabulary_;
  uint32_t context_;
  Choose choose_;
  std::vector<KvGroup> groups_;
  std::vector<float> logits_;
  std::vector<bool> broken_;
};

}  // namespace candor

#endif  // CANDOR_TESTS_ENGINE_FAKES_H_
