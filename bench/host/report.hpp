// What was measured, as Markdown and as JSON.
#pragma once

#include "contest.hpp"

namespace bench {

/// The peers are all libraries but mote, in any of its forms.
bool is_mote(const std::string& library);

std::string markdown(const std::vector<row>& rows, const std::vector<peer>& libraries);

/// A list with an entry for each row and library.
std::string json(const std::vector<row>& rows);

} // namespace bench
