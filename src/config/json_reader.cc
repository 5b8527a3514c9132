#include "config/json_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <utility>

#include "base/json.h"

namespace config {
namespace {

using base::Result;
using base::Status;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$';
}

class Reader {
 public:
  explicit Reader(const Document& document)
      : document_(document), text_(document.text()) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_begin_ = 3;
  }

  Result<Value> all() {
    if (auto skipped = skip(); !skipped)
      return std::unexpected(skipped.error());
    if (at_end()) return fail("empty: no configuration in it");
    auto value = read(0);
    if (!value) return value;
    if (auto skipped = skip(); !skipped)
      return std::unexpected(skipped.error());
    if (!at_end()) return fail("text behind the end of the configuration");
    return value;
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char now() const { return at_end() ? '\0' : text_[at_]; }
  Place place() const { return {line_, at_ - line_begin_ + 1}; }
  std::unexpected<base::Error> fail(std::string_view why) const {
    return document_.fault(place(), why);
  }
  void step() {
    if (text_[at_++] == '\n') {
      ++line_;
      line_begin_ = at_;
    }
  }

  // White space and comments.
  Status skip() {
    while (!at_end()) {
      const char c = now();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        step();
      } else if (text_.substr(at_).starts_with("//")) {
        while (!at_end() && now() != '\n') step();
      } else if (text_.substr(at_).starts_with("/*")) {
        const Place begin = place();
        while (!text_.substr(at_).starts_with("*/")) {
          if (at_end())
            return document_.fault(begin, "a comment that does not end");
          step();
        }
        step();
        step();
      } else {
        return {};
      }
    }
    return {};
  }

  Result<Value> read(int depth) {
    const Place begin = place();
    const char c = now();
    if (c == '{' || c == '[') {
      if (depth >= kDeepest)
        return fail(fmt::format("nested deeper than {}", kDeepest));
      auto value = c == '{' ? read_map(depth) : read_list(depth);
      if (value) value->at = begin;
      return value;
    }
    if (c == '"' || c == '\'') {
      auto text = read_text();
      if (!text) return std::unexpected(std::move(text.error()));
      return Value{.kind = Value::Kind::Text, .text = *text, .at = begin};
    }
    return read_word();
  }

  Result<Value> read_word() {
    const Place begin = place();
    const size_t from = at_;
    while (!at_end() && (is_name_start(now()) || is_digit(now()) ||
                         now() == '.' || now() == '+' || now() == '-'))
      step();
    const auto word = text_.substr(from, at_ - from);
    Value value{.text = std::string(word), .at = begin};
    if (word == "true" || word == "false") {
      value.kind = Value::Kind::Bool;
    } else if (word == "null" || word == "undefined") {
      value.kind = Value::Kind::Null;
    } else if (base::is_json(word)) {
      value.kind = Value::Kind::Number;
    } else if (word.empty()) {
      return document_.fault(begin, at_end() ? "it ends in the middle"
                                             : "a value is missing here");
    } else {
      return document_.fault(begin, fmt::format("'{}' is no value", word),
                             "text stands in quotes");
    }
    return value;
  }

  Result<Value> read_list(int depth) {
    Value list{.kind = Value::Kind::List};
    const Place begin = place();
    step();
    for (;;) {
      if (auto skipped = skip(); !skipped)
        return std::unexpected(skipped.error());
      if (at_end()) return document_.fault(begin, "this [ is never closed");
      if (now() == ']') break;
      auto item = read(depth + 1);
      if (!item) return item;
      list.items.push_back(std::move(*item));
      auto more = next(']', begin);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
    }
    step();
    return list;
  }

  Result<Value> read_map(int depth) {
    Value map{.kind = Value::Kind::Map};
    std::map<std::string, size_t> lines;  // of keys
    const Place begin = place();
    step();
    for (;;) {
      if (auto skipped = skip(); !skipped)
        return std::unexpected(skipped.error());
      if (at_end()) return document_.fault(begin, "this { is never closed");
      if (now() == '}') break;
      Member member{.key = {}, .at = place(), .value = {}};
      auto key = read_key();
      if (!key) return std::unexpected(std::move(key.error()));
      member.key = std::move(*key);
      const auto [first, is_new] =
          lines.try_emplace(member.key, member.at.line);
      if (!is_new)
        return document_.fault(
            member.at, fmt::format("{}: a second time, first in line {}",
                                   member.key, first->second));
      if (auto skipped = skip(); !skipped)
        return std::unexpected(skipped.error());
      if (now() != ':') return fail("a ':' is missing here");
      step();
      if (auto skipped = skip(); !skipped)
        return std::unexpected(skipped.error());
      auto value = read(depth + 1);
      if (!value) return value;
      member.value = std::move(*value);
      map.members.push_back(std::move(member));
      auto more = next('}', begin);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
    }
    step();
    return map;
  }

  // Behind a value: whether another may come. At a comma, past it.
  Result<bool> next(char close, Place begin) {
    const Place behind = place();
    if (auto skipped = skip(); !skipped)
      return std::unexpected(skipped.error());
    if (now() == close && !at_end()) return false;
    if (at_end())
      return document_.fault(begin, close == '}' ? "this { is never closed"
                                                 : "this [ is never closed");
    if (now() != ',') return document_.fault(behind, "a ',' is missing here");
    step();
    return true;
  }

  Result<std::string> read_key() {
    if (now() == '"' || now() == '\'') return read_text();
    const size_t from = at_;
    if (is_name_start(now()))
      while (!at_end() && (is_name_start(now()) || is_digit(now()))) step();
    if (from == at_) return fail("a key is missing here");
    return std::string(text_.substr(from, at_ - from));
  }

  Result<unsigned> read_hex() {
    const auto digits = text_.substr(at_, 4);
    unsigned code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc{} || end != digits.data() + 4)
      return fail("\\u needs four hexadecimal digits");
    at_ += 4;
    return code;
  }

  Status read_escape(std::string& text) {
    const char c = now();
    if (at_end()) return {};
    step();
    switch (c) {
      case 'n':
        text += '\n';
        return {};
      case 't':
        text += '\t';
        return {};
      case 'r':
        text += '\r';
        return {};
      case 'b':
        text += '\b';
        return {};
      case 'f':
        text += '\f';
        return {};
      case '\n':  // the text goes on in the next line
        return {};
      case 'u':
        break;
      default:
        text += c;
        return {};
    }
    auto code = read_hex();
    if (!code) return std::unexpected(std::move(code.error()));
    if (*code >= 0xD800 && *code < 0xDC00 &&
        text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      auto low = read_hex();
      if (!low) return std::unexpected(std::move(low.error()));
      if (*low < 0xDC00 || *low > 0xDFFF) return fail("half a character");
      *code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (*code >= 0xD800 && *code <= 0xDFFF) return fail("half a character");
    base::append_utf8(text, *code);
    return {};
  }

  Result<std::string> read_text() {
    const Place begin = place();
    const char quote = now();
    step();
    std::string text;
    while (!at_end() && now() != quote) {
      if (now() == '\n')
        return document_.fault(begin, "text that does not end in its line");
      if (now() == '\\') {
        step();
        if (auto read = read_escape(text); !read)
          return std::unexpected(std::move(read.error()));
        continue;
      }
      text += now();
      step();
    }
    if (at_end()) return document_.fault(begin, "text that does not end");
    step();
    return text;
  }

  const Document& document_;
  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
  size_t line_begin_ = 0;
};

}  // namespace

base::Result<Value> read_json(const Document& document) {
  if (!base::is_utf8(document.text())) return document.fault({}, "not UTF-8");
  return Reader(document).all();
}

}  // namespace config
