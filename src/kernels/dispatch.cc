#include <cpuid.h>

#include <cstring>

#include "kernels/isa/tables.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

struct Candidate {
  const KernelTable* table;
  bool supported;
};

// What the machine has and the operating system saves, as the compiler's run-time library reports it.
// F16C is asked of the processor: not every compiler's library knows the name.
bool HasF16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c() && __builtin_cpu_supports("bmi2");
}
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}
bool HasAvx512Vnni() { return HasAvx512() && __builtin_cpu_supports("avx512vnni"); }

// AVX-VNNI: leaf 7, sub-leaf 1, EAX bit 4. (This compiler's run-time library does not know the name.)
bool HasAvxVnni() {
  unsigned eax = 7, ebx = 0, ecx = 1, edx = 0;
  __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return HasAvx2() && (eax >> 4 & 1) != 0;
}

struct Tables {
  const KernelTable* list[8] = {};

  Tables() {
    __builtin_cpu_init();
    const bool avx_vnni = HasAvxVnni();
    const Candidate candidates[] = {
        {&isa::kAvx512Vnni, HasAvx512Vnni()},
        {&isa::kAvx512, HasAvx512()},
        {&isa::kAvx2Vnni, avx_vnni},
        {&isa::kAvx2VnniAvx512, !avx_vnni && HasAvx512Vnni()},
        {&isa::kAvx2, HasAvx2()},
        {&isa::kScalar, true},
    };
    int count = 0;
    for (const Candidate& candidate : candidates) {
      if (candidate.supported) list[count++] = candidate.table;
    }
  }
};

}  // namespace

const KernelTable* const* AvailableKernels() {
  static const Tables tables;
  return tables.list;
}

const KernelTable* FindKernels(const char* name) {
  for (const KernelTable* const* table = AvailableKernels(); *table; ++table) {
    if (std::strcmp((*table)->name, name) == 0) return *table;
  }
  return nullptr;
}

}  // namespace candor
