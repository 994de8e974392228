// A request that is answered with an error before any handler sees it. The connection is closed after that answer: what
// follows on it cannot be told from the rest of the request.
#ifndef CANDOR_SERVER_HTTP_REFUSAL_H_
#define CANDOR_SERVER_HTTP_REFUSAL_H_

#include <string>

#include "base/error.h"

namespace candor {

class HttpRefusal : public Error {
 public:
  // `why` goes to the client: one sentence without a full stop, in printable text.
  HttpRefusal(int status, const std::string& why) : Error(why), status_(status) {}

  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_HTTP_REFUSAL_H_
