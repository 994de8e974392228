// The machine's own limits, as a sample taken now: shared machines move by a factor of two within minutes, so that a
// speed means little without them.
#ifndef CANDOR_KERNELS_PEAKS_H_
#define CANDOR_KERNELS_PEAKS_H_

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace candor {

struct Peaks {
  double read_gbps = 0;  // 10^9 bytes a second read from memory, all threads together
  double int8_gops = 0;  // 10^9 int8 operations a second (multiply and add count as two)
};

class PeakMeter {
 public:
  // Takes 256 MiB: several times any last-level cache's share that two threads get.
  PeakMeter(const KernelTable& kernels, ThreadPool& pool);

  // One sample; about 20 ms.
  Peaks Sample();

 private:
  const KernelTable& kernels_;
  ThreadPool& pool_;
  HugeBuffer memory_;
};

}  // namespace candor

#endif  // CANDOR_KERNELS_PEAKS_H_
