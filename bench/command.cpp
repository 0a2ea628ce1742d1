// Runs a command several times and prints the median of its user seconds and its peak memory:
//   bench_command REPETITIONS COMMAND [ARGUMENT...]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_command REPETITIONS COMMAND [ARGUMENT...]\n");
    return 2;
  }
  std::vector<double> seconds;
  long peak_kilobytes = 0;
  for (int i = 0; i < std::max(1, std::atoi(argv[1])); ++i) {
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
    seconds.push_back(static_cast<double>(usage.ru_utime.tv_sec) +
                      1e-6 * static_cast<double>(usage.ru_utime.tv_usec));
    peak_kilobytes = std::max(peak_kilobytes, usage.ru_maxrss);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("%.2f s %ld MB\n", seconds[seconds.size() / 2], (peak_kilobytes + 1023) / 1024);
}
