// One line a request, on standard error: who asked for what, what became of it and how long it took. Never keys,
// queries, prompts or answers.
#ifndef CANDOR_SERVER_ACCESS_LOG_H_
#define CANDOR_SERVER_ACCESS_LOG_H_

#include <memory>
#include <string>

#include "server/server_options.h"

namespace candor {

// `127.0.0.1 k_0123456789ab "POST /v1/chat/completions" 200 1234 B 0.532 s req_1f...`, the key's id where keys are in
// use; printable whatever the client sent.
std::string DescribeRequest(const RequestRecord& record);

// Writes from a thread of its own, and forgets the oldest lines when whoever reads standard error does not: the event
// loop never waits for it.
class AccessLog {
 public:
  AccessLog();
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void Write(const RequestRecord& record);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_ACCESS_LOG_H_
