// A system call filter (seccomp) under construction.
#ifndef CANDOR_IPC_SYSTEM_CALL_FILTER_H_
#define CANDOR_IPC_SYSTEM_CALL_FILTER_H_

#include <errno.h>
#include <seccomp.h>

#include <cstdint>
#include <initializer_list>

namespace candor {

// Conditions on an argument that the kernel takes as a 32-bit number: the upper half of the register is no part of it.
scmp_arg_cmp ArgumentIs(unsigned argument, uint64_t value);
scmp_arg_cmp ArgumentHas(unsigned argument, uint64_t bit);
scmp_arg_cmp ArgumentLacks(unsigned argument, uint64_t bit);

// Rules by name and argument over a default for all other calls. The first error sticks and comes out of Load(). A name
// that this architecture, or this version of libseccomp, does not have falls under the default.
class SystemCallFilter {
 public:
  enum class Default {
    kNotThere,  // refused with ENOSYS
    kAllowed,
  };

  explicit SystemCallFilter(Default all_others);
  ~SystemCallFilter();
  SystemCallFilter(const SystemCallFilter&) = delete;
  SystemCallFilter& operator=(const SystemCallFilter&) = delete;

  void Allow(const char* name) { Add(SCMP_ACT_ALLOW, name, {}); }
  void Allow(const char* name, scmp_arg_cmp condition) { Add(SCMP_ACT_ALLOW, name, {condition}); }
  // With EPERM.
  void Refuse(const char* name) { Add(SCMP_ACT_ERRNO(EPERM), name, {}); }
  void Refuse(const char* name, scmp_arg_cmp condition) { Add(SCMP_ACT_ERRNO(EPERM), name, {condition}); }

  // Puts it in force for all threads of the process, and for all that it starts. Needs PR_SET_NO_NEW_PRIVS. Returns 0
  // or a negative errno.
  int Load();

 private:
  void Set(scmp_filter_attr attribute, uint32_t value);
  void Add(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions);

  scmp_filter_ctx context_;
  int error_ = 0;
};

}  // namespace candor

#endif  // CANDOR_IPC_SYSTEM_CALL_FILTER_H_
