#include "cli/secrets.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kMask = "***";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kWords[] = {"KEY",        "TOKEN",  "SECRET",
                                       "PASS",       "AUTH",   "COOKIE",
                                       "CREDENTIAL", "WEBHOOK"};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_of_name(char c) {
  return (upper(c) >= 'A' && upper(c) <= 'Z') || (c >= '0' && c <= '9') ||
         c == '_' || c == '-' || c == '.';
}

// Where the value that begins at `at` ends: at its quote, or at a blank.
size_t value_end(std::string_view text, size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const auto quote = text.find(text[at], at + 1);
    return quote == text.npos ? text.size() : quote + 1;
  }
  return std::min(text.find_first_of(" \t\r\n\"'", at), text.size());
}

// Where the value of the name that ends at `end` begins, if it has one:
// NAME=value, --name value, "name": "value".
std::optional<size_t> value_begin(std::string_view text, std::string_view name,
                                  size_t end) {
  if (text[end] == '=') return end + 1;
  const auto next = [&](size_t at) {
    return std::min(text.find_first_not_of(kBlanks, at), text.size());
  };
  if (text[end] == '"') {
    const auto colon = next(end + 1);
    if (colon == text.size() || text[colon] != ':') return {};
    const auto value = next(colon + 1);
    if (value == text.size() || text[value] != '"') return {};
    return value;
  }
  const auto value = next(end);
  if (value == end || value == text.size() || !name.starts_with("--") ||
      text[value] == '-')
    return {};
  return value;
}

// Passwords within addresses, whatever they are the value of.
std::string mask_addresses(std::string_view text) {
  std::string masked;
  for (;;) {
    const auto begin = text.find("://");
    if (begin == text.npos) return masked.append(text);
    const auto host = begin + 3;
    const auto end =
        std::min(text.find_first_of(" \t\r\n/?#\"'", host), text.size());
    const auto at = text.substr(0, end).rfind('@');
    const auto colon = text.find(':', host);
    if (at != text.npos && at >= host && colon < at) {
      masked.append(text.substr(0, colon + 1)).append(kMask);
      text.remove_prefix(at);
      continue;
    }
    masked.append(text.substr(0, end));
    text.remove_prefix(end);
  }
}

void mask_within(ordered_json& json, bool secret);

std::string print(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// Lists are told as JSON: what follows a word in them is known there alone.
std::optional<std::string> mask_list(std::string_view text) {
  if (!text.starts_with('[') && !text.starts_with('{')) return {};
  const auto json = ordered_json::parse(text, nullptr, false);
  if (json.is_discarded()) return {};
  auto masked = json;
  mask_within(masked, false);
  return masked == json ? std::string(text) : print(masked);
}

void mask_within(ordered_json& json, bool secret) {
  if (json.is_string()) {
    auto& text = json.get_ref<std::string&>();
    text = secret && !text.empty() ? std::string(kMask) : mask_secrets(text);
    return;
  }
  if (json.is_object()) {
    // A setting has its value beside where that is from.
    const bool has_value = json.contains("value");
    for (auto& [key, value] : json.items())
      mask_within(value, is_secret_name(key) ||
                             (secret && (!has_value || key == "value")));
    return;
  }
  if (!json.is_array()) return;
  bool next = false;  // is the value of the word before
  for (auto& value : json) {
    const bool masked = secret || next;
    next = false;
    if (value.is_string() && !masked) {
      const auto& word = value.get_ref<const std::string&>();
      next = word.starts_with("--") && word.find('=') == word.npos &&
             word.find_first_of(kBlanks) == word.npos && is_secret_name(word);
    }
    mask_within(value, masked);
  }
}

}  // namespace

bool is_secret_name(std::string_view name) {
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    return !std::ranges::search(name, word, {}, upper).empty();
  });
}

std::string mask_secrets(std::string_view text) {
  if (auto list = mask_list(text)) return std::move(*list);
  std::string masked;
  size_t kept = 0;  // `text` up to there is in `masked`
  for (size_t at = 0; at < text.size();) {
    if (!is_of_name(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text.size() && is_of_name(text[end])) ++end;
    const auto name = text.substr(at, end - at);
    at = end;
    if (at == text.size() || !is_secret_name(name)) continue;
    const auto value = value_begin(text, name, end);
    if (!value) continue;
    const size_t after = value_end(text, *value);
    if (after == *value) continue;
    masked.append(text.substr(kept, *value - kept)).append(kMask);
    kept = at = after;
  }
  return mask_addresses(masked.append(text.substr(kept)));
}

std::string mask_value(std::string_view name, std::string_view value) {
  if (is_secret_name(name) && !value.empty()) return std::string(kMask);
  return mask_secrets(value);
}

std::vector<std::string> mask_words(const std::vector<std::string>& words) {
  ordered_json json = words;
  mask_secrets(json);
  return json.get<std::vector<std::string>>();
}

void mask_secrets(ordered_json& json) {
  mask_within(json, false);
}

}  // namespace cli
