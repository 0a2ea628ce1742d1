// Runs a command several times and prints the median of its seconds of processor time, and its peak
// memory:
//   bench_command REPETITIONS COMMAND [ARGUMENT...]
// What takes longer than 4 s runs once.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_command REPETITIONS COMMAND [ARGUMENT...]\n");
    return 2;
  }
  std::vector<double> seconds;
  long peak_kilobytes = 0;
  const int repetitions = std::atoi(argv[1]);
  do {
    const pid_t child = fork();
    if (child == 0) {
      execvp(argv[2], argv + 2);
      std::perror(argv[2]);
      _exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
      std::fprintf(stderr, "bench_command: %s failed\n", argv[2]);
      return 1;
    }
    seconds.push_back(seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
    peak_kilobytes = std::max(peak_kilobytes, usage.ru_maxrss);
  } while (static_cast<int>(seconds.size()) < repetitions && seconds.front() < 4.0);
  std::sort(seconds.begin(), seconds.end());
  std::printf("%.2f s, %ld MB\n", seconds[seconds.size() / 2], (peak_kilobytes + 1023) / 1024);
}
