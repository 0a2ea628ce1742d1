#include <mote/hosted/type_name.hpp>
#include <mote/mote.hpp>

#include <string>
#include <type_traits>

#include "../catch.hpp"

namespace type_name_test {

struct plain {};
template <class T>
struct box {};
template <int Number>
struct number {};

} // namespace type_name_test

using mote::hosted::type_name;

TEST_CASE("a type has its full name", "[hosted][type_name]") {
  CHECK(type_name<int>() == "int");
  CHECK(type_name<double>() == "double");
  CHECK(type_name<type_name_test::plain>() == "type_name_test::plain");
  CHECK(type_name<type_name_test::box<type_name_test::number<-3>>>() ==
        "type_name_test::box<type_name_test::number<-3>>");
  CHECK(type_name<mote::rounding::once>() == "mote::rounding::once");
}

TEST_CASE("a network is named as it is written", "[hosted][type_name]") {
  CHECK(type_name<mote::dense<10>>() == "mote::dense<10>");
  using network = mote::network<mote::input<28, 28, 1>, mote::flatten, mote::dense<100>, mote::relu,
                                mote::dropout<1, 3>, mote::dense<20, mote::initializers::glorot>,
                                mote::tanh, mote::dense<10>>;
  CHECK(type_name<network>() ==
        "mote::network<mote::input<28, 28, 1>, mote::flatten, mote::dense<100>, mote::relu, "
        "mote::dropout<1, 3>, mote::dense<20, mote::initializers::glorot>, mote::tanh, "
        "mote::dense<10>>");
}
