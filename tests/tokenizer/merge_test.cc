#include "tokenizer/merge.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/error.h"
#include "tokenizer/piece_model.h"

namespace candor {
namespace {

// Merges over the letters a to d: what the vocabulary's strings spell, in the order of a random list.
struct Merges {
  std::vector<std::string> tokens = {"a", "b", "c", "d"};
  std::map<std::pair<TokenId, TokenId>, std::pair<int32_t, TokenId>> rank_and_result;

  TokenId Id(const std::string& token) {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    if (found != tokens.end()) return static_cast<TokenId>(found - tokens.begin());
    tokens.push_back(token);
    return static_cast<TokenId>(tokens.size() - 1);
  }
};

// `shuffled`: ranks do not follow the order in which tokens become possible, so that a merge can enable an earlier one.
Merges RandomMerges(std::mt19937& random, size_t count, bool shuffled) {
  Merges merges;
  std::vector<std::array<TokenId, 3>> list;
  for (size_t i = 0; i < count; ++i) {
    const std::string left = merges.tokens[random() % merges.tokens.size()];
    const std::string right = merges.tokens[random() % merges.tokens.size()];
    if (left.size() + right.size() > 12) continue;
    list.push_back({merges.Id(left), merges.Id(right), merges.Id(left + right)});
  }
  if (shuffled) std::shuffle(list.begin(), list.end(), random);
  for (const auto& [left, right, result] : list) {
    const auto rank = static_cast<int32_t>(merges.rank_and_result.size());
    merges.rank_and_result.try_emplace({left, right}, rank, result);
  }
  return merges;
}

// The definition itself, one search of everything a merge.
std::vector<TokenId> MergeByDefinition(const Merges& merges, std::vector<TokenId> ids) {
  for (;;) {
    size_t best = ids.size();
    std::pair<int32_t, TokenId> best_merge{kNoRank, 0};
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merges.rank_and_result.find({ids[i], ids[i + 1]});
      if (found == merges.rank_and_result.end() || found->second.first >= best_merge.first) continue;
      best = i;
      best_merge = found->second;
    }
    if (best == ids.size()) return ids;
    ids[best] = best_merge.second;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

struct TableSymbols {
  const MergeTable& table;
  std::vector<TokenId>& ids;
  int32_t Rank(int32_t i, int32_t j) const { return table.Rank(ids[i], ids[j]); }
  void Join(int32_t i, int32_t, int32_t rank) { ids[i] = table.Result(rank); }
};

std::vector<TokenId> MergeByTable(const MergeTable& table, std::vector<TokenId> ids, MergeScratch& scratch) {
  TableSymbols symbols{table, ids};
  MergeSymbols(symbols, static_cast<int32_t>(ids.size()), table.size(), scratch);
  std::vector<TokenId> out;
  for (int32_t i = 0; i >= 0; i = scratch.nodes[i].next) out.push_back(ids[i]);
  return out;
}

TEST(Merge, EveryOrderOfMergesGivesWhatTheDefinitionGives) {
  std::mt19937 random(1);
  MergeScratch scratch;
  for (int round = 0; round < 400; ++round) {
    const Merges merges = RandomMerges(random, 1 + random() % 60, round % 2 == 0);
    std::vector<std::array<TokenId, 3>> list(merges.rank_and_result.size());
    for (const auto& [pair, merge] : merges.rank_and_result) {
      list[static_cast<size_t>(merge.first)] = {pair.first, pair.second, merge.second};
    }
    MergeTable table(list.size());
    for (const auto& [left, right, result] : list) table.Add(left, right, result, "test");
    for (const size_t length : {1, 2, 5, 30, 64, 65, 130, 400}) {
      std::vector<TokenId> ids(length);
      const uint32_t letters = 1 + random() % 4;
      for (TokenId& id : ids) id = static_cast<TokenId>(random() % letters);
      ASSERT_EQ(MergeByTable(table, ids, scratch), MergeByDefinition(merges, ids)) << round << ", " << length;
    }
  }
}

TEST(MergeTable, OfAPairGivenTwiceTheLastRankCounts) {
  MergeTable table(3);
  table.Add(1, 2, 5, "test");
  table.Add(2, 3, 6, "test");
  table.Add(1, 2, 7, "test");
  EXPECT_EQ(table.Rank(1, 2), 2);
  EXPECT_EQ(table.Result(2), 7);
  EXPECT_EQ(table.Rank(2, 1), kNoRank);
}

TEST(MergeTable, HoldsAsManyAsItWasMadeFor) {
  std::mt19937 random(2);
  std::map<std::pair<TokenId, TokenId>, int32_t> expected;
  MergeTable table(50'000);
  for (int32_t rank = 0; rank < 50'000; ++rank) {
    const auto left = static_cast<TokenId>(random() % 1000), right = static_cast<TokenId>(random() % 1000);
    table.Add(left, right, rank, "test");
    expected[{left, right}] = rank;
  }
  for (const auto& [pair, rank] : expected) ASSERT_EQ(table.Rank(pair.first, pair.second), rank);
}

std::unique_ptr<Vocabulary> MakeVocabulary(const std::vector<std::string>& pieces,
                                           TokenKind kind = TokenKind::kNormal) {
  StringTable table;
  for (const std::string& piece : pieces) table.Append(piece);
  return std::make_unique<Vocabulary>(table, table, std::vector<TokenKind>(pieces.size(), kind), "field");
}

TEST(Vocabulary, FindsPiecesAndRefusesTwoOfTheSame) {
  const auto vocabulary = MakeVocabulary({"a", "", "bc", "", "\xFF"});
  EXPECT_EQ(vocabulary->Find("bc"), 2);
  EXPECT_EQ(vocabulary->Find("\xFF", 2), 4);
  EXPECT_EQ(vocabulary->Find("b"), kNoToken);
  EXPECT_EQ(vocabulary->Find(""), kNoToken);
  EXPECT_EQ(vocabulary->longest(), 2u);
  EXPECT_THROW(MakeVocabulary({"a", "b", "a"}), FormatError);
}

// SentencePiece's rule by its definition: the neighbours whose text together has the highest score, the leftmost first.
std::vector<TokenId> ScoredByDefinition(const Vocabulary& vocabulary, const std::vector<float>& scores,
                                        const std::string& text) {
  std::vector<std::string> parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (;;) {
    size_t best = parts.size();
    float best_score = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const TokenId id = vocabulary.Find(parts[i] + parts[i + 1]);
      if (id == kNoToken || (best < parts.size() && scores[static_cast<size_t>(id)] <= best_score)) continue;
      best = i;
      best_score = scores[static_cast<size_t>(id)];
    }
    if (best == parts.size()) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& part : parts) ids.push_back(vocabulary.Find(part));
  return ids;
}

TEST(ScoredBpe, GivesWhatTheDefinitionGives) {
  std::mt19937 random(3);
  EncodeScratch scratch;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> pieces = {"a", "b", "c"};
    for (size_t i = random() % 40; i > 0; --i) {
      std::string piece;
      for (size_t n = 2 + random() % 6; n > 0; --n) piece.push_back(static_cast<char>('a' + random() % 3));
      if (std::find(pieces.begin(), pieces.end(), piece) == pieces.end()) pieces.push_back(piece);
    }
    std::vector<float> scores;
    // Few scores, so that many are equal.
    for (size_t i = 0; i < pieces.size(); ++i) scores.push_back(-static_cast<float>(random() % 8));
    const auto vocabulary = MakeVocabulary(pieces);
    const auto model = MakeScoredBpe(*vocabulary, scores, kNoToken);
    for (const size_t length : {1, 3, 20, 90, 300}) {
      std::string text;
      for (size_t i = 0; i < length; ++i) text.push_back(static_cast<char>('a' + random() % 3));
      std::vector<TokenId> ids;
      model->Encode(text, scratch, ids);
      ASSERT_EQ(ids, ScoredByDefinition(*vocabulary, scores, text)) << text;
    }
  }
}

TEST(ScoredBpe, ControlTokensNeverComeOutOfAText) {
  const auto vocabulary = MakeVocabulary({"<", "s", ">", "<s", "<s>"});
  StringTable table;
  for (const char* piece : {"<", "s", ">", "<s", "<s>"}) table.Append(piece);
  std::vector<TokenKind> kinds(5, TokenKind::kNormal);
  kinds[4] = TokenKind::kControl;
  const Vocabulary with_control(table, table, kinds, "field");
  EncodeScratch scratch;
  std::vector<TokenId> ids;
  MakeScoredBpe(with_control, {0, 0, 0, 0, 0}, kNoToken)->Encode("<s>", scratch, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{3, 2}));
}

TEST(ScoredBpe, WhatIsNotInTheVocabularyFallsBackToBytesThenToUnknown) {
  const auto vocabulary = MakeVocabulary({"<unk>", "a", "<0xC3>", "<0xA9>", "<0xFF>"});
  const auto model = MakeScoredBpe(*vocabulary, {0, 0, 0, 0, 0}, 0);
  EncodeScratch scratch;
  std::vector<TokenId> ids;
  model->Encode(
      "é\xFF"
      "a",
      scratch, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{2, 3, 4, 1}));
  ids.clear();
  model->Encode(
      "ab\xB6\xBC"
      "a",
      scratch, ids);  // neighbours share one unknown token
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 0, 1}));
}

}  // namespace
}  // namespace candor
