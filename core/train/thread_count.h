// ThreadCount: puts back on how many threads LibTorch computes. Includes torch; private to
// core/train. Thread: the one that computes.
#pragma once

#include <ATen/Parallel.h>

namespace graft {

/// A run may compute on fewer threads, and LibTorch takes that for what the whole process wants:
/// the next one begins with all again.
class ThreadCount {
 public:
    ThreadCount() {
        at::init_num_threads();  // the number of threads is known by thread
        m_count = at::get_num_threads();
    }
    ~ThreadCount() { at::set_num_threads(m_count); }
    ThreadCount(const ThreadCount&) = delete;
    ThreadCount& operator=(const ThreadCount&) = delete;

 private:
    int m_count = 0;
};

}  // namespace graft
