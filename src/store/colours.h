#pragma once
// Colour sequences in the text of lines: SGR, `ESC [ 1;31 m`. Programs put them
// anywhere, between a word and the next as well as within one; who looks for
// text looks through them. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// `text` without them; `scratch` holds it when there were any.
std::string_view without_colours(std::string_view text, std::string& scratch);
// For each byte of that its place in `text`, and last the size of `text`.
std::vector<size_t> places_without_colours(std::string_view text);

}  // namespace store
