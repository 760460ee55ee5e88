// OpenBLAS, of which a process has one.
//
// Loading it costs more than loading everything else together: 14,000 relocations (a table for each processor that it
// knows), Fortran's library, a thread. A program that only computes on small tensors need not pay that, so the shared
// library does not name OpenBLAS as a dependency: openblas.cpp defines the functions that are used here, and the first
// call of one loads it. They are bound to OpenBLAS and not to whichever cblas_sgemm comes first in the process.
//
// With XGRAD_DEFER_OPENBLAS=OFF, and in a static library, it is linked as any other library is.
#pragma once

namespace xgrad::internal {

/// Sees to it that OpenBLAS is loaded, and set to one thread. Throws std::runtime_error where it cannot be loaded.
void load_openblas();

}  // namespace xgrad::internal

/// LAPACK's functions that are used here, each with the number of its arguments: openblas.cpp makes forwarders of the
/// list, and lapack.cpp compares it with the functions' declarations. One argument fewer, and LAPACK writes to wherever
/// the stack points.
#define XGRAD_LAPACK_FUNCTIONS(use)                                                                                  \
  use(potrf, 5) use(getrf, 6) use(gelqf, 8) use(orglq, 9) use(gels, 11) use(syevd, 11) use(gelsy, 13) use(gelss, 13) \
      use(gelsd, 14) use(gesdd, 14)
