#include "ipc/system_call_filter.h"

#include <sys/prctl.h>

#ifdef __SANITIZE_ADDRESS__
// LeakSanitizer looks at a process by ptrace when it ends, which no filter allows.
extern "C" int __lsan_is_turned_off() { return ::prctl(PR_GET_SECCOMP) != 0; }
#endif

namespace candor {

scmp_arg_cmp ArgumentIs(unsigned argument, uint64_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, value & 0xffffffffu);
}
scmp_arg_cmp ArgumentHas(unsigned argument, uint64_t bit) { return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, bit); }
scmp_arg_cmp ArgumentLacks(unsigned argument, uint64_t bit) { return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, 0); }

SystemCallFilter::SystemCallFilter(Default all_others)
    : context_(seccomp_init(all_others == Default::kAllowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS))) {
  if (context_ == nullptr) error_ = -ENOMEM;
  Set(SCMP_FLTATR_CTL_TSYNC, 1);
  // Without this, kernels before 5.16 switch off speculative stores for the process, which slows it down. That guards
  // programs that run other people's code in their own memory; this one runs none.
  Set(SCMP_FLTATR_CTL_SSB, 1);
  Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree: calls with arguments are looked up each time
}

SystemCallFilter::~SystemCallFilter() {
  if (context_ != nullptr) seccomp_release(context_);
}

int SystemCallFilter::Load() {
  if (error_ == 0) error_ = seccomp_load(context_);
  return error_;
}

void SystemCallFilter::Set(scmp_filter_attr attribute, uint32_t value) {
  if (error_ == 0) error_ = seccomp_attr_set(context_, attribute, value);
}

void SystemCallFilter::Add(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions) {
  if (error_ != 0) return;
  const int number = seccomp_syscall_resolve_name(name);
  if (number < 0) return;
  error_ =
      seccomp_rule_add_array(context_, action, number, static_cast<unsigned>(conditions.size()), conditions.begin());
}

}  // namespace candor
