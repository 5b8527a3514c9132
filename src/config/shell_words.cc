#include "config/shell_words.h"

namespace config {

base::Result<std::vector<std::string>> shell_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  const auto add = [&](char c) {
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (quote == '\'') {
      if (c == quote)
        quote = '\0';
      else
        add(c);
    } else if (c == '\\' && i + 1 < text.size() &&
               (quote == '\0' || next == '"' || next == '\\' || next == '$' ||
                next == '`')) {
      add(next);
      ++i;
    } else if (quote == '"') {
      if (c == quote)
        quote = '\0';
      else
        add(c);
    } else if (c == '"' || c == '\'') {
      if (!in_word) words.emplace_back();
      in_word = true;
      quote = c;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      in_word = false;
    } else {
      add(c);
    }
  }
  if (quote != '\0')
    return base::fail(base::Errc::Invalid,
                      std::string("a ") + quote + " that is not closed");
  return words;
}

}  // namespace config
