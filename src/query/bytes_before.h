#pragma once
// What a pattern tells of the byte before a mark that it requires: where the
// mark is not as rare as was hoped, most places are passed over by one look.
// Pure; any thread.

#include <bitset>
#include <optional>
#include <string_view>

namespace query {

// Which bytes may stand before `mark`, an ASCII mark, where a match of `source`
// has it: enough to pass over most of a byte that is not rare after all.
// nullopt: any may, or `source` is more than characters and classes in a row.
std::optional<std::bitset<256>> bytes_before(std::string_view source, char mark,
                                             bool ignore_case);

}  // namespace query
