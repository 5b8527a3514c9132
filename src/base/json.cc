#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

namespace base {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Position {
  size_t line = 1;
  size_t column = 1;
};

Position position_of(std::string_view text, size_t byte) {
  Position at;
  for (size_t i = 0; i < byte && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++at.line;
      at.column = 1;
    } else {
      ++at.column;
    }
  }
  return at;
}

struct Refused {
  std::string why;
};

// The keys of one object. Most have few, and there may be thousands of objects:
// their places are used again.
class KeySet {
 public:
  bool insert(const std::string& key) {
    if (count_ == kFew) return many_.insert(key).second && !is_among_few(key);
    if (is_among_few(key)) return false;
    if (few_.size() == count_) few_.emplace_back();
    few_[count_++] = key;
    return true;
  }
  void clear() {
    count_ = 0;
    many_.clear();
  }

 private:
  static constexpr size_t kFew = 64;
  bool is_among_few(const std::string& key) const {
    for (size_t i = 0; i < count_; ++i)
      if (few_[i] == key) return true;
    return false;
  }

  std::vector<std::string> few_;
  size_t count_ = 0;  // of them in use
  std::unordered_set<std::string> many_;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text,
                                  const JsonLimits& limits) try {
  if (text.size() > limits.bytes)
    return fail(Errc::Invalid,
                fmt::format("larger than {} bytes", limits.bytes));
  std::vector<KeySet> keys;  // of the objects that are open, and of former ones
  size_t open = 0;
  const auto check = [&](int depth, nlohmann::json::parse_event_t event,
                         nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    const bool opens =
        event == Event::object_start || event == Event::array_start;
    // `depth` counts what is open around the value, not the value itself.
    if (opens && depth >= limits.depth)
      throw Refused{fmt::format("nested deeper than {}", limits.depth)};
    if (event == Event::object_start) {
      if (keys.size() == open) keys.emplace_back();
      keys[open++].clear();
    }
    if (event == Event::object_end) --open;
    if (event == Event::key &&
        !keys[open - 1].insert(value.get_ref<const std::string&>()))
      throw Refused{fmt::format("key \"{}\" appears twice",
                                value.get_ref<const std::string&>())};
    return true;
  };
  return nlohmann::json::parse(text.begin(), text.end(), check);
} catch (const Refused& refused) {
  return fail(Errc::Invalid, refused.why);
} catch (const nlohmann::json::parse_error& error) {
  const auto at = position_of(text, error.byte > 0 ? error.byte - 1 : 0);
  return fail(Errc::Invalid, fmt::format("line {}, column {}: not valid JSON",
                                         at.line, at.column));
} catch (const nlohmann::json::exception& error) {
  return fail(Errc::Invalid, error.what());
}

std::string print_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_json(std::string& out, std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
  });
  if (!plain) {
    out += print_json(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

bool is_json(std::string_view text) {
  return nlohmann::json::accept(text);
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool is_utf8(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c < 0x80) {
      ++i;
      continue;
    }
    size_t more = 0;
    unsigned least = 0;
    unsigned value = 0;
    if (c >= 0xC2 && c <= 0xDF) {
      more = 1, least = 0x80, value = c & 0x1Fu;
    } else if (c >= 0xE0 && c <= 0xEF) {
      more = 2, least = 0x800, value = c & 0x0Fu;
    } else if (c >= 0xF0 && c <= 0xF4) {
      more = 3, least = 0x10000, value = c & 0x07u;
    } else {
      return false;
    }
    if (bytes.size() - i <= more) return false;
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xC0u) != 0x80) return false;
      value = value << 6 | (next & 0x3Fu);
    }
    if (value < least || value > 0x10FFFF) return false;
    if (value >= 0xD800 && value <= 0xDFFF) return false;
    i += more + 1;
  }
  return true;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      group <<= 8;
      if (k < have) group |= static_cast<unsigned char>(bytes[i + k]);
    }
    for (size_t k = 0; k < 4; ++k) {
      const bool filled = k <= have;
      text += filled ? kBase64Digits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  const auto wrong = [] { return fail(Errc::Invalid, "not base64"); };
  if (text.size() % 4 != 0) return wrong();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const auto digit = kBase64Digits.find(c);
    if (digit == kBase64Digits.npos) return wrong();
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes += static_cast<char>(bits >> have & 0xff);
  }
  return bytes;
}

}  // namespace base
