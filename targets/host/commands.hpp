// The subcommands of `mote`. Each returns the program's exit code and throws std::exception with a
// message for people when something is wrong with what it was given.
#pragma once

#include "options.hpp"

namespace mote::program {

int train(const options& given);
int evaluate(const options& given);
int quantize(const options& given);
int export_header(const options& given);
int inspect(const options& given);

} // namespace mote::program
