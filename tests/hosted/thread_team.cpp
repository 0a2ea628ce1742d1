#include <mote/hosted/flush_denormals.hpp>
#include <mote/hosted/thread_team.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../catch.hpp"

namespace {

using mote::hosted::thread_team;

} // namespace

TEST_CASE("thread_team: job j is done by thread j modulo threads, the caller's is the first",
          "[hosted][thread_team]") {
  constexpr std::size_t jobs = 5;
  for (std::size_t threads = 1; threads <= jobs; ++threads) {
    INFO(threads);
    thread_team team(threads, jobs);
    CHECK(team.threads() == threads);
    std::array<std::array<std::thread::id, jobs>, 2> by{};
    for (auto& round : by)
      team.run([&](std::size_t job) { round[job] = std::this_thread::get_id(); });
    CHECK(by[0] == by[1]);
    for (std::size_t a = 0; a < jobs; ++a)
      for (std::size_t b = 0; b < jobs; ++b)
        CHECK((by[0][a] == by[0][b]) == (a % threads == b % threads));
    CHECK(by[0][0] == std::this_thread::get_id());
  }
}

TEST_CASE("thread_team: a round sees what the one before it left", "[hosted][thread_team]") {
  // Each job adds up what all jobs wrote in the round before. Sixteen threads are more than many a
  // machine has processors.
  for (const std::size_t threads : {std::size_t{2}, std::size_t{3}, std::size_t{16}}) {
    constexpr std::size_t jobs = 16;
    thread_team team(threads, jobs);
    std::array<std::array<unsigned, jobs>, 2> values{};
    values[0].fill(1);
    unsigned expected = 1;
    for (std::size_t round = 0; round < 300; ++round) {
      const auto& before = values[round % 2];
      auto& after = values[(round + 1) % 2];
      team.run([&](std::size_t job) {
        after[job] = 0;
        for (const unsigned value : before)
          after[job] += value * 3 + 1;
      });
      expected = jobs * (expected * 3 + 1);
      REQUIRE(after == [&] {
        std::array<unsigned, jobs> all{};
        all.fill(expected);
        return all;
      }());
    }
  }
}

TEST_CASE("thread_team: helpers that fell asleep are woken", "[hosted][thread_team]") {
  thread_team team(2, 2);
  for (int round = 0; round < 20; ++round) {
    std::array<int, 2> done{};
    team.run([&](std::size_t job) {
      if (job == static_cast<std::size_t>(round % 2)) // and a caller that did, or its helper
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      done[job] = 1;
    });
    CHECK(done == std::array{1, 1});
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST_CASE("thread_team: all jobs are done, then the first exception comes out",
          "[hosted][thread_team]") {
  for (std::size_t threads = 1; threads <= 4; ++threads) {
    thread_team team(threads, 4);
    std::array<int, 4> done{};
    const auto fail_in_two = [&](std::size_t job) {
      ++done[job];
      if (job == 1 || job == 2)
        throw std::runtime_error("job " + std::to_string(job));
    };
    CHECK_THROWS_WITH(team.run(fail_in_two), "job 1");
    CHECK(done == std::array{1, 1, 1, 1});
    team.run([&](std::size_t job) { ++done[job]; });
    CHECK(done == std::array{2, 2, 2, 2});
  }
}

TEST_CASE("thread_team: its size is checked", "[hosted][thread_team]") {
  CHECK_THROWS_WITH(thread_team(0, 4), "threads: expected 1 to 4, found 0");
  CHECK_THROWS_WITH(thread_team(5, 4), "threads: expected 1 to 4, found 5");
}

TEST_CASE("thread_team: helpers calculate as the caller does", "[hosted][thread_team]") {
  thread_team team(2, 2);
  const auto halves = [&] {
    std::array<float, 2> results{};
    team.run([&](std::size_t job) {
      volatile float least = std::numeric_limits<float>::min();
      results[job] = least * 0.5f;
    });
    return results;
  };
  const auto before = halves();
  CHECK(before[0] > 0.0f);
  CHECK(before[1] == before[0]);
#if defined(__SSE__) || defined(__aarch64__)
  {
    const mote::hosted::flush_denormals guard;
    CHECK(halves() == std::array{0.0f, 0.0f});
  }
#endif
  CHECK(halves() == before);
}
