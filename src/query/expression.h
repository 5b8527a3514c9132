#pragma once
// `--where`: conditions on the fields of a line.
//
//   or   = and ("or" and)*            and  = not ("and" not)*
//   not  = "not" not | "(" or ")" | "has" "(" path ")" | path op value
//   op   = "=" "==" "!=" ">" ">=" "<" "<=" "~" "!~"      ~ is RE2, anywhere
//   value = number | "string" | 'string' | word | true | false | null
//
// A "string" has JSON's escapes, a 'string' and a pattern none but that of its
// quote.
// A missing field makes a comparison false, whatever the operator. Numbers
// compare as numbers where both sides are; `[*]` holds when one element does.
// Immutable; any thread.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "query/requirement.h"

namespace query {

class Expression {
 public:
  // Errc::Invalid with a caret under the place.
  static base::Result<Expression> parse(std::string_view text);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  bool matches(std::string_view line) const;  // the child's bytes
  // Literals that stand in each line that matches, whatever way its JSON is
  // written (escapes, 5e2 for 500).
  const Requirement& requirement() const;

  struct Node;  // for the parser

 private:
  explicit Expression(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace query
