#include "engine/prefix_tree.h"

#include <algorithm>

#include "base/check.h"

namespace candor {
namespace {

bool Idle(const KvBlock& pages) {
  return std::ranges::none_of(pages, [](const KvPage& page) { return page.shared(); });
}

}  // namespace

bool PrefixTree::Less::operator()(std::span<const TokenId> a, std::span<const TokenId> b) const {
  return std::ranges::lexicographical_compare(a, b);
}

PrefixTree::PrefixTree(KvCache& cache, bool enabled) : cache_(cache), enabled_(enabled) {}

PrefixTree::~PrefixTree() {
  // Leaves first, so that no destructor runs as deep as a context is long.
  while (!uses_.empty()) Remove(uses_.front());
}

std::vector<PrefixTree::Node*> PrefixTree::Walk(const std::string& user, std::span<const TokenId> tokens) const {
  std::vector<Node*> path;
  const auto root = roots_.find(user);
  if (root == roots_.end()) return path;
  const Node* node = &root->second;
  while (tokens.size() > kPagePositions) {  // a token is left to compute
    const auto child = node->children.find(tokens.first(kPagePositions));
    if (child == node->children.end()) break;
    node = child->second.get();
    path.push_back(child->second.get());
    tokens = tokens.subspan(kPagePositions);
  }
  return path;
}

// How many blocks of `path` have every page that the position behind them sees.
size_t PrefixTree::Usable(std::span<Node* const> path) const {
  const size_t groups = cache_.groups().size();
  std::vector<size_t> gap_end(groups, 0);  // behind the last block without a page
  size_t usable = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    bool whole = true;
    for (size_t g = 0; g < groups; ++g) {
      if (!path[i]->pages[g]) gap_end[g] = i + 1;
      whole = whole && gap_end[g] <= cache_.FirstVisibleBlock(g, static_cast<uint32_t>(i + 1) * kPagePositions);
    }
    if (whole) usable = i + 1;
  }
  return usable;
}

uint32_t PrefixTree::Find(const std::string& user, std::span<const TokenId> tokens) const {
  return static_cast<uint32_t>(Usable(Walk(user, tokens))) * kPagePositions;
}

// Where the nearest of the blocks behind `path` goes on otherwise than `tokens`.
std::optional<PrefixDivergence> PrefixTree::Divergence(const std::string& user, std::span<Node* const> path,
                                                       std::span<const TokenId> tokens) const {
  const auto root = roots_.find(user);
  if (root == roots_.end()) return std::nullopt;
  const Children& children = path.empty() ? root->second.children : path.back()->children;
  const auto begin = static_cast<uint32_t>(path.size()) * kPagePositions;
  const std::span<const TokenId> rest = tokens.subspan(begin);
  // In their order the block with the longest common beginning is one of the two beside `rest`.
  auto next = children.lower_bound(rest);
  std::optional<PrefixDivergence> nearest;
  for (int side = 0; side < 2; ++side) {
    if (next != children.end()) {
      const auto [given, cached] = std::ranges::mismatch(rest, next->first);
      const auto common = static_cast<uint32_t>(given - rest.begin());
      if (given == rest.end()) return std::nullopt;  // the prompt ends here: nothing differs
      if (cached != next->first.end() && begin + common > 0 && (!nearest || begin + common > nearest->position)) {
        nearest = PrefixDivergence{begin + common, *cached, *given};
      }
    }
    if (next == children.begin()) break;
    --next;
  }
  return nearest;
}

PrefixTree::Use PrefixTree::Give(const std::string& user, std::span<const TokenId> tokens, KvSequence& sequence) {
  const std::vector<Node*> path = Walk(user, tokens);
  Use use{.divergence = Divergence(user, path, tokens)};
  const size_t usable = Usable(path);
  std::vector<const KvBlock*> blocks;
  for (size_t i = 0; i < usable; ++i) blocks.push_back(&path[i]->pages);
  cache_.Adopt(sequence, blocks);
  Touch(std::span(path).first(usable));
  use.tokens = static_cast<uint32_t>(usable) * kPagePositions;
  return use;
}

void PrefixTree::Remember(const std::string& user, std::span<const TokenId> tokens, const KvSequence& sequence) {
  const size_t blocks = tokens.size() / kPagePositions;
  if (!enabled_ || blocks == 0) return;
  Node* node = &roots_[user];
  std::vector<Node*> path;
  for (size_t i = 0; i < blocks; ++i) {
    const std::span<const TokenId> block = tokens.subspan(i * kPagePositions, kPagePositions);
    auto child = node->children.find(block);
    if (child == node->children.end()) {
      Tokens key;
      std::ranges::copy(block, key.begin());
      child = node->children.emplace(key, std::make_unique<Node>()).first;
      child->second->parent = node;
      child->second->place = child;
      child->second->pages.resize(cache_.groups().size());
      child->second->use = uses_.insert(uses_.end(), child->second.get());
    }
    node = child->second.get();
    // Of a block that is there already, pages of windows may have gone.
    for (size_t g = 0; g < node->pages.size(); ++g) {
      if (!node->pages[g]) node->pages[g] = cache_.Share(sequence, g, static_cast<uint32_t>(i));
    }
    path.push_back(node);
  }
  Touch(path);
}

// The deepest first, so that nodes come after their children.
void PrefixTree::Touch(std::span<Node* const> path) {
  for (size_t i = path.size(); i > 0; --i) uses_.splice(uses_.end(), uses_, path[i - 1]->use);
}

bool PrefixTree::Evict() {
  // In the order of use. What is in use now goes to the end: those above it follow, and order is kept.
  for (size_t left = uses_.size(); left > 0; --left) {
    Node* node = uses_.front();
    if (node->children.empty() && Idle(node->pages)) {
      Remove(node);
      forgotten_tokens_ += kPagePositions;
      return true;
    }
    uses_.splice(uses_.end(), uses_, uses_.begin());
  }
  for (Node* node : uses_) {
    bool dropped = false;
    for (size_t g = 0; g < node->pages.size(); ++g) {
      if (cache_.groups()[g].window == 0 || !node->pages[g] || node->pages[g].shared()) continue;
      node->pages[g] = {};
      dropped = true;
    }
    if (dropped) return true;
  }
  return false;
}

void PrefixTree::Remove(Node* node) {
  CHECK(node->children.empty());
  uses_.erase(node->use);
  Node* parent = node->parent;
  parent->children.erase(node->place);
  if (parent->parent != nullptr || !parent->children.empty()) return;
  const auto root = std::ranges::find_if(roots_, [&](const auto& entry) { return &entry.second == parent; });
  CHECK(root != roots_.end());
  roots_.erase(root);
}

uint64_t PrefixTree::idle_bytes() const {
  uint64_t bytes = 0;
  for (const Node* node : uses_) {
    for (size_t g = 0; g < node->pages.size(); ++g) {
      if (node->pages[g] && !node->pages[g].shared()) bytes += cache_.groups()[g].page_bytes;
    }
  }
  return bytes;
}

}  // namespace candor
