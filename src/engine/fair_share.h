// Who is next: users take turns by the rows of the model that have been computed for them.
#ifndef CANDOR_ENGINE_FAIR_SHARE_H_
#define CANDOR_ENGINE_FAIR_SHARE_H_

#include <cstdint>
#include <map>
#include <string>

namespace candor {

// After start-time fair queueing (Goyal, Vin and Cheng, 1996), with one weight: the user with the smallest count is
// next, and one who comes, or comes back, starts at the smallest count there is, so that nobody saves up turns. Unlike
// there a count is forgotten with the user's last request: whoever leaves and comes back may win a turn, never more.
class FairShare {
 public:
  // A request of `user` has come; Leave() when it has gone.
  void Enter(const std::string& user);
  void Leave(const std::string& user);
  void Charge(const std::string& user, uint32_t rows);
  // Of a user who has entered.
  uint64_t count(const std::string& user) const;

 private:
  struct Account {
    uint64_t count = 0;
    uint32_t requests = 0;
  };
  std::map<std::string, Account> accounts_;  // of users with requests
};

}  // namespace candor

#endif  // CANDOR_ENGINE_FAIR_SHARE_H_
