#include "engine/fair_share.h"

#include <algorithm>

#include "base/check.h"

namespace candor {

void FairShare::Enter(const std::string& user) {
  const auto found = accounts_.find(user);
  if (found != accounts_.end()) {
    ++found->second.requests;
    return;
  }
  Account account{.count = 0, .requests = 1};
  if (!accounts_.empty()) {
    account.count =
        std::ranges::min_element(accounts_, {}, [](const auto& entry) { return entry.second.count; })->second.count;
  }
  accounts_.emplace(user, account);
}

void FairShare::Leave(const std::string& user) {
  const auto found = accounts_.find(user);
  CHECK(found != accounts_.end());
  if (--found->second.requests == 0) accounts_.erase(found);
}

void FairShare::Charge(const std::string& user, uint32_t rows) { accounts_.at(user).count += rows; }

uint64_t FairShare::count(const std::string& user) const { return accounts_.at(user).count; }

}  // namespace candor
