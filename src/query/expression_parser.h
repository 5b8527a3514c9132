#pragma once
// The words of `--where`, one after the other, each with its place for carets.
// Pure; any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace query {

struct Token {
  enum class Kind {
    End,
    Word,
    String,
    Operator,
    Bracket,
    Bad
  } kind = Kind::End;
  std::string text;   // of a "string": its inside, escapes undone as in JSON
  std::string raw;    // ... its inside, with no escape but that of the quote
  std::string whole;  // as it stands
  size_t at = 0;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { step(); }

  const Token& peek() const { return token_; }
  Token take();
  bool take_word(std::string_view word);  // and, or, not
  bool take_bracket(char c);
  std::unexpected<base::Error> refuse(std::string_view why, size_t at) const;
  std::string_view text() const { return text_; }

 private:
  void step();

  std::string_view text_;
  size_t at_ = 0;
  Token token_;
};

}  // namespace query
