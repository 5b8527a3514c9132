#pragma once
// The one door through which JSON from outside comes in: capped in size and
// depth, duplicate keys refused, the library's exceptions turned into errors.
// Include <nlohmann/json.hpp> only in .cc files: it is slow to compile.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

struct JsonLimits {
  size_t bytes = size_t{16} << 20;
  int depth = 64;
};

// Errors say where: "line 3, column 7: ...".
Result<nlohmann::json> parse_json(std::string_view text,
                                  const JsonLimits& limits = {});

// One line, no exceptions: bytes that are not UTF-8 become U+FFFD.
std::string print_json(const nlohmann::json& value);
// A string, as print_json() has it.
void append_json(std::string& out, std::string_view text);

// Whether all of it is one value, well-formed. Makes nothing of it.
bool is_json(std::string_view text);
bool is_utf8(std::string_view bytes);
// A code point, up to 0x10FFFF; what it stands for is not looked at.
void append_utf8(std::string& out, uint32_t code);
std::string base64(std::string_view bytes);
// Errc::Invalid: not that.
Result<std::string> from_base64(std::string_view text);

}  // namespace base
