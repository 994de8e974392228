// The one family of errors that outside input can cause: files, requests, templates, flags, peers.
//
// The message names the file, the field, the offset where there is one, what was found and what was expected, so that
// it can be shown to a user as it is. Errors are thrown where they are found and caught at the edge (a command, a
// request); they never cross a thread. A broken invariant of our own is not an Error: see base/check.h.
#ifndef CANDOR_BASE_ERROR_H_
#define CANDOR_BASE_ERROR_H_

#include <stdexcept>
#include <string>

namespace candor {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

// Bytes that are not what their format says: a model file, a tokenizer, a template, JSON.
class FormatError : public Error {
 public:
  using Error::Error;
};

// A parameter, flag or request field outside its range; the message names it and the range.
class UsageError : public Error {
 public:
  using Error::Error;
};

// The operating system refused: open, read, write, memory, network. The message carries the path and strerror.
class IoError : public Error {
 public:
  using Error::Error;
};

// Well-formed, recognised, and not computed by this version (a tensor type, an architecture, a template construct).
class UnsupportedError : public Error {
 public:
  using Error::Error;
};

// A named limit (steps, depth, output, time, memory, context) was reached.
class LimitError : public Error {
 public:
  using Error::Error;
};

}  // namespace candor

#endif  // CANDOR_BASE_ERROR_H_
