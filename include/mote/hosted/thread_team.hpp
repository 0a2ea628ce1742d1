// A fixed number of threads that do short jobs together.
#pragma once

#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mote::hosted {

/// Threads that run `jobs` jobs at a time, in rounds of some microseconds. Job j is always done by
/// thread j modulo `threads`, and thread 0 is the one that calls `run`: with one thread there is no
/// other. All of them calculate in the floating-point mode of the caller, see flush_denormals.
///
/// A thread that has to wait looks again and again for 50 microseconds, for waking a sleeper takes
/// as long as many a round; then it sleeps. With more threads than processors it sleeps at once.
/// A round allocates nothing. The destructor joins.
class thread_team {
public:
  /// Throws `std::invalid_argument` unless 1 <= threads <= jobs, and `std::system_error` when the
  /// system gives no more threads.
  thread_team(std::size_t threads, std::size_t jobs) : threads_(threads), errors_(jobs) {
    if (threads == 0 || threads > jobs)
      throw std::invalid_argument("threads: expected 1 to " + std::to_string(jobs) + ", found " +
                                  std::to_string(threads));
    if (threads <= std::thread::hardware_concurrency())
      patience_ = std::chrono::microseconds(50);
    helpers_.reserve(threads - 1);
    try {
      for (std::size_t thread = 1; thread < threads; ++thread)
        helpers_.emplace_back([this, thread] { help(thread); });
    } catch (...) {
      dismiss(); // those that there are already, for they are joined now
      throw;
    }
  }
  ~thread_team() { dismiss(); }
  thread_team(const thread_team&) = delete;
  thread_team& operator=(const thread_team&) = delete;

  std::size_t threads() const { return threads_; }

  /// Calls work(j) for each job and returns when all are done. Every job is done even if another
  /// one throws; then the exception of the first of them is thrown here. Requires that no other
  /// thread calls this at the same time, nor a job.
  template <class Work>
  void run(Work&& work) {
    using work_type = std::remove_reference_t<Work>;
    work_ = const_cast<void*>(static_cast<const void*>(std::addressof(work)));
    call_ = [](void* what, std::size_t job) { (*static_cast<work_type*>(what))(job); };
    if (!helpers_.empty()) {
      std::fegetenv(&mode_);
      busy_ = static_cast<std::uint32_t>(helpers_.size());
      ++round_; // from here on the helpers read what was written above
      round_.notify_all();
    }
    do_jobs_of(0);
    for (std::uint32_t left = busy_; left != 0; left = busy_)
      wait_while(busy_, left);
    throw_first();
  }

private:
  using clock = std::chrono::steady_clock;
  using counter = std::atomic<std::uint32_t>; // of the size that the system can wait for

  void help(std::size_t thread) {
    for (std::uint32_t round = 0;;) {
      wait_while(round_, round);
      ++round;
      if (call_ == nullptr)
        return;
      std::fesetenv(&mode_);
      do_jobs_of(thread);
      if (--busy_ == 0)
        busy_.notify_one();
    }
  }

  void do_jobs_of(std::size_t thread) {
    for (std::size_t job = thread; job < errors_.size(); job += threads_) {
      try {
        call_(work_, job);
      } catch (...) {
        errors_[job] = std::current_exception();
      }
    }
  }

  void throw_first() {
    std::exception_ptr first;
    for (auto& error : errors_) {
      if (error != nullptr && first == nullptr)
        first = error;
      error = nullptr;
    }
    if (first != nullptr)
      std::rethrow_exception(first);
  }

  void dismiss() {
    call_ = nullptr;
    ++round_;
    round_.notify_all();
  }

  /// Returns when the counter has another value than `old`.
  void wait_while(const counter& count, std::uint32_t old) const {
    const auto end = clock::now() + patience_;
    while (count == old) {
      if (clock::now() < end)
        pause();
      else
        count.wait(old);
    }
  }

  /// Leaves the processor to its other thread, if it has one, and the bus to others.
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }

  std::size_t threads_;
  std::vector<std::exception_ptr> errors_; // of each job
  clock::duration patience_{};
  std::fenv_t mode_{};
  void* work_ = nullptr;
  void (*call_)(void*, std::size_t) = nullptr; // null: go home
  alignas(64) counter round_ = 0; // a line of cache for each, since each has its own writers
  alignas(64) counter busy_ = 0;
  std::vector<std::jthread> helpers_; // the last member: joined before the others go
};

} // namespace mote::hosted
