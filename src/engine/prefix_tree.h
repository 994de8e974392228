// Remembers computed prefixes, so that a request which begins like an earlier one of the same user starts behind it.
//
// A tree in blocks of 64 tokens: a node is reached by its tokens, which are compared and not only hashed, and holds the
// block's pages. Each user has a tree of their own, or the time to a first token would tell what others have asked.
// What is remembered changes when an answer comes and never what it is: pages hold the same bits whoever computed them.
//
// A sequence's pages are shared as soon as a block is full, not when it ends: requests that arrive together and begin
// alike compute what they share once. Pages of passed windows stay here too, because another request may leave the way
// there. When memory is short the blocks go that nobody has used for longest; when all are in use, those pages.
#ifndef CANDOR_ENGINE_PREFIX_TREE_H_
#define CANDOR_ENGINE_PREFIX_TREE_H_

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/kv_cache.h"
#include "engine/request.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// Not thread-safe. Keeps a reference to the cache, whose budget it shares and which must outlive it.
class PrefixTree {
 public:
  // With `enabled` false nothing is ever remembered.
  PrefixTree(KvCache& cache, bool enabled);
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // How many of the first tokens are there, without the last one, which is computed in any case: a multiple of 64.
  uint32_t Find(const std::string& user, std::span<const TokenId> tokens) const;

  struct Use {
    uint32_t tokens = 0;                              // as Find() says
    std::optional<PrefixDivergence> divergence = {};  // see Usage
  };
  // Gives their pages to `sequence`, which has none.
  Use Give(const std::string& user, std::span<const TokenId> tokens, KvSequence& sequence);

  // Remembers the full blocks of `tokens`, all of which are computed in `sequence`.
  void Remember(const std::string& user, std::span<const TokenId> tokens, const KvSequence& sequence);

  // Forgets the pages that are used by nobody else and were not used for longest. False when there are none.
  bool Evict();

  bool enabled() const { return enabled_; }
  uint64_t forgotten_tokens() const { return forgotten_tokens_; }
  // Of pages that nobody else has: what Evict() can give back.
  uint64_t idle_bytes() const;

 private:
  using Tokens = std::array<TokenId, kPagePositions>;
  struct Less {
    using is_transparent = void;
    bool operator()(std::span<const TokenId> a, std::span<const TokenId> b) const;
  };
  struct Node;
  using Children = std::map<Tokens, std::unique_ptr<Node>, Less>;
  struct Node {
    Node* parent = nullptr;  // null: the root of a user
    Children::iterator place = {};
    Children children = {};
    KvBlock pages = {};
    std::list<Node*>::iterator use = {};
  };

  std::vector<Node*> Walk(const std::string& user, std::span<const TokenId> tokens) const;
  size_t Usable(std::span<Node* const> path) const;
  std::optional<PrefixDivergence> Divergence(const std::string& user, std::span<Node* const> path,
                                             std::span<const TokenId> tokens) const;
  void Touch(std::span<Node* const> path);
  void Remove(Node* node);

  KvCache& cache_;
  const bool enabled_;
  std::map<std::string, Node> roots_;  // by user; none without children
  std::list<Node*> uses_;              // least recently used first; a node comes after its children
  uint64_t forgotten_tokens_ = 0;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_PREFIX_TREE_H_
