#include "query/expression_parser.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "query/json_scan.h"

namespace query {
namespace {

// The longer first.
constexpr std::array<std::string_view, 11> kOperators = {
    "==", "!=", ">=", "<=", "!~", "=", ">", "<", "~", "&&", "||"};

bool ends_word(char c) {
  return std::string_view(" \t\n\r()=!<>~\"',&|").find(c) !=
         std::string_view::npos;
}

// The end of a string in either quotes, behind the closing one; npos: none.
size_t string_end(std::string_view text, size_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return std::string_view::npos;
}

// `\"` to `"`: what a regular expression must not lose is its `\b`.
std::string without_quote_escapes(std::string_view inside, char quote) {
  std::string text;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size()) {
      if (inside[i + 1] != quote) text += '\\';
      ++i;
    }
    text += inside[i];
  }
  return text;
}

}  // namespace

Token Tokens::take() {
  Token token = std::move(token_);
  step();
  return token;
}

bool Tokens::take_word(std::string_view word) {
  const bool sign = (word == "and" && token_.whole == "&&") ||
                    (word == "or" && token_.whole == "||");
  if (!sign && (token_.kind != Token::Kind::Word || token_.text != word))
    return false;
  step();
  return true;
}

bool Tokens::take_bracket(char c) {
  if (token_.kind != Token::Kind::Bracket || token_.text[0] != c) return false;
  step();
  return true;
}

std::unexpected<base::Error> Tokens::refuse(std::string_view why,
                                            size_t at) const {
  return base::fail(
      base::Errc::Invalid,
      fmt::format("--where: {}\n  {}\n  {}^", why, text_, std::string(at, ' ')),
      "for example: 'status>=500 and path~\"^/api\"'");
}

void Tokens::step() {
  while (at_ < text_.size() &&
         std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
    ++at_;
  token_ = {};
  token_.at = at_;
  if (at_ >= text_.size()) return;
  const auto accept = [&](Token::Kind kind, size_t end) {
    token_.kind = kind;
    token_.whole = text_.substr(at_, end - at_);
    token_.text = token_.raw = token_.whole;
    at_ = end;
  };
  const char c = text_[at_];
  if (c == '(' || c == ')') {
    accept(Token::Kind::Bracket, at_ + 1);
    return;
  }
  for (const auto op : kOperators)
    if (text_.substr(at_).starts_with(op)) {
      accept(Token::Kind::Operator, at_ + op.size());
      return;
    }
  size_t end = at_;
  if (c == '"' || c == '\'') {
    end = string_end(text_, at_);
    if (end == std::string_view::npos) {
      accept(Token::Kind::Bad, text_.size());
      return;
    }
    // "odd name".b goes on; a value does not.
    const bool path =
        end < text_.size() && (text_[end] == '.' || text_[end] == '[');
    if (!path) {
      const auto inside = text_.substr(at_ + 1, end - at_ - 2);
      accept(Token::Kind::String, end);
      token_.raw = without_quote_escapes(inside, c);
      token_.text = c == '"' ? undo_escapes(inside) : token_.raw;
      return;
    }
  }
  while (end < text_.size() && !ends_word(text_[end])) {
    if (text_[end] == '"') {
      end = string_end(text_, end);
      if (end == std::string_view::npos) end = text_.size();
    } else {
      ++end;
    }
    if (end < text_.size() && text_[end] == '"' && text_[end - 1] == '.') {
      const size_t closed = string_end(text_, end);
      end = closed == std::string_view::npos ? text_.size() : closed;
    }
  }
  accept(end == at_ ? Token::Kind::Bad : Token::Kind::Word,
         std::max(end, at_ + 1));
}

}  // namespace query
