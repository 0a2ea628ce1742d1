// What compares the programs of the teaching texts with golden numbers notices every difference.
#include "../../examples/seeds/check.hpp"

#include "../../examples/seeds/numpy_sum.hpp"
#include "../../examples/seeds/squared_error.hpp"

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace {

/// A file of golden numbers for as long as the object lives.
class golden_file {
public:
  explicit golden_file(const std::string& content)
      : path_((std::filesystem::temp_directory_path() / "mote_seeds_check.json").string()) {
    std::ofstream(path_) << content;
  }
  ~golden_file() { std::filesystem::remove(path_); }
  golden_file(const golden_file&) = delete;
  golden_file& operator=(const golden_file&) = delete;

  seeds::golden open() {
    std::string program = "program";
    std::string number = "2.5";
    std::string option = "--check";
    std::array<char*, 4> arguments{program.data(), number.data(), option.data(), path_.data()};
    return seeds::golden(4, arguments.data());
  }

private:
  std::string path_;
};

} // namespace

TEST_CASE("the same numbers are accepted, in whatever lists they are") {
  golden_file file(R"({"what": "words", "a": 0.1, "b": [[1, 2], [3, 4]], "c": ["nan"], "at": [0, 2],
                       "d": [5, 7], "e": [{"golden": 1, "plain": 2}, {"golden": 1, "plain": 2}]})");
  seeds::golden golden = file.open();
  CHECK(golden);
  CHECK(golden.argument(0, 1.0) == 2.5);
  CHECK(golden.argument(1, 1.0) == 1.0);
  golden("a", 0.1);
  golden("b", std::vector<double>{1, 2, 3, 4});
  golden("c", std::numeric_limits<double>::quiet_NaN());
  golden("d", golden.pick("at", std::vector<double>{5, 6, 7}));
  golden("e", std::array{1.0, 2.0});
  golden("unknown to the file", 1.0);
  CHECK(golden.result() == 0);
}

TEST_CASE("a number that differs in its last bit is refused") {
  golden_file file(R"({"a": 0.3})");
  seeds::golden golden = file.open();
  golden("a", 0.1 + 0.2);
  CHECK(golden.result() == 1);
}

TEST_CASE("so are a number that is not there, one too many, one of neither kind and one left out") {
  const auto refused = [&](const char* content, auto&& compare) {
    golden_file file(content);
    seeds::golden golden = file.open();
    compare(golden);
    return golden.result() == 1;
  };
  const auto compares = [](auto... numbers) {
    return [=](seeds::golden& golden) { golden("a", std::vector<double>{numbers...}); };
  };
  CHECK_FALSE(refused(R"({"a": [1, 2]})", compares(1.0, 2.0)));
  CHECK(refused(R"({"a": [1, 2]})", compares(1.0)));
  CHECK(refused(R"({"a": [1, 2]})", compares(1.0, 2.0, 3.0)));
  CHECK(refused(R"({"a": [1, 2]})", compares(1.0, std::nan(""))));
  CHECK(refused(R"({"a": [1, 2], "b": 1})", compares(1.0, 2.0)));
  CHECK(refused(R"({"a": {"golden": 1, "plain": 2}})", compares(1.5)));
  CHECK(refused("{}", compares(1.0)));
  CHECK(refused(R"({"at": [3]})", [](seeds::golden& golden) {
    golden.pick("at", std::vector<double>{1, 2, 3});
  }));
}

TEST_CASE("a file that cannot be read is an error") {
  golden_file file("no JSON");
  seeds::golden golden = file.open();
  CHECK_FALSE(golden);
  golden("a", 1.0);
  CHECK(golden.result() == 2);
}

TEST_CASE("numbers are printed so that they read back as the same") {
  CHECK(seeds::text(0.1) == "0.1");
  CHECK(seeds::text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(seeds::text(-std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(seeds::text(std::vector<std::array<double, 2>>{{1, 2}, {3, 4.5}}) == "[[1, 2], [3, 4.5]]");
}

TEST_CASE("sums are added in NumPy's order, squares as Python's") {
  CHECK(seeds::numpy_sum(std::array{0.1, 0.2, 0.3}) == 0.1 + 0.2 + 0.3);
  const std::vector<double> tenths(10, 0.1);
  CHECK(seeds::numpy_sum(tenths) == 1.0); // from left to right 0.9999999999999999
  const double delta = 0.9999999729647049 - 1;
  CHECK(delta * delta == 7.309071818859231e-16);
  CHECK(seeds::squared(delta) == 7.309071818859232e-16);
}
