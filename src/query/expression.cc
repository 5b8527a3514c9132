#include "query/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <optional>
#include <vector>

#include "base/regex.h"
#include "query/expression_parser.h"
#include "query/fields.h"
#include "query/pattern_literals.h"

namespace query {
namespace {

constexpr int kDeepest = 100;

enum class Op { Equal, Unequal, Greater, AtLeast, Less, AtMost, Like, Unlike };

std::optional<Op> op_of(std::string_view text) {
  if (text == "=" || text == "==") return Op::Equal;
  if (text == "!=") return Op::Unequal;
  if (text == ">") return Op::Greater;
  if (text == ">=") return Op::AtLeast;
  if (text == "<") return Op::Less;
  if (text == "<=") return Op::AtMost;
  if (text == "~") return Op::Like;
  if (text == "!~") return Op::Unlike;
  return std::nullopt;
}

// "-0" is left to doubles, to which it is 0.
bool is_integer(std::string_view text) {
  if (text == "-0") return false;
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && (text.size() == 1 || text[0] != '0') &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Beyond 2^53 a double would call different ids equal.
std::strong_ordering compare_integers(std::string_view a, std::string_view b) {
  const bool a_below = a.starts_with('-');
  const bool b_below = b.starts_with('-');
  if (a_below != b_below)
    return a_below ? std::strong_ordering::less : std::strong_ordering::greater;
  const auto order =
      a.size() != b.size() ? a.size() <=> b.size() : a.compare(b) <=> 0;
  return a_below ? 0 <=> order : order;
}

}  // namespace

struct Expression::Node {
  enum class Kind { And, Or, Not, Has, Compare } kind = Kind::Compare;
  std::vector<std::unique_ptr<Node>> parts;
  FieldPath path;
  Op op = Op::Equal;
  FieldValue value;
  std::optional<base::Regex> regex;
  Requirement requirement;

  bool matches(std::string_view line) const;
  bool holds(const FieldValue& field) const;
  void require();
};

bool Expression::Node::holds(const FieldValue& field) const {
  if (regex) return regex->contains(field.text) == (op == Op::Like);
  std::partial_ordering order = std::partial_ordering::unordered;
  if (value.kind == FieldValue::Kind::Number) {
    // What is no number is neither more nor less, and surely not equal.
    if (!field.is_number || field.kind == FieldValue::Kind::Bool)
      return op == Op::Unequal;
    order =
        is_integer(field.text) && is_integer(value.text)
            ? std::partial_ordering(compare_integers(field.text, value.text))
            : field.number <=> value.number;
  } else {
    order = field.text.compare(value.text) <=> 0;
  }
  switch (op) {
    case Op::Equal:
      return order == 0;
    case Op::Unequal:
      return order != 0;
    case Op::Greater:
      return order > 0;
    case Op::AtLeast:
      return order >= 0;
    case Op::Less:
      return order < 0;
    case Op::AtMost:
      return order <= 0;
    case Op::Like:
    case Op::Unlike:
      break;
  }
  return false;
}

bool Expression::Node::matches(std::string_view line) const {
  const auto part = [&](const auto& p) { return p->matches(line); };
  switch (kind) {
    case Kind::And:
      return std::ranges::all_of(parts, part);
    case Kind::Or:
      return std::ranges::any_of(parts, part);
    case Kind::Not:
      return !parts.front()->matches(line);
    case Kind::Has:
    case Kind::Compare:
      break;
  }
  std::vector<FieldValue> values;
  find_fields(line, path, values);
  if (kind == Kind::Has) return !values.empty();
  return std::ranges::any_of(values, [&](const auto& v) { return holds(v); });
}

// What stands in the line as it is written here, colours aside, unless JSON's
// escapes are in it: \u may write any character in another way.
void Expression::Node::require() {
  const auto plain = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return static_cast<unsigned char>(c) < 0x7F && c >= 0x20 && c != '"' &&
             c != '\\' && c != '/';
    });
  };
  const auto need = [&](const std::string& text) {
    requirement.sets.push_back(
        {{.text = text, .ignore_case = false, .unless_escaped = true}});
  };
  switch (kind) {
    case Kind::And:
      for (const auto& part : parts) requirement.add(part->requirement);
      return;
    case Kind::Or: {
      requirement.sets.emplace_back();
      for (const auto& part : parts) {
        const auto* best = best_set(part->requirement);
        if (best == nullptr) {
          requirement.sets.clear();
          return;
        }
        auto& set = requirement.sets.front();
        set.insert(set.end(), best->begin(), best->end());
      }
      return;
    }
    case Kind::Not:
      return;
    case Kind::Compare:
      if (op == Op::Equal && value.kind == FieldValue::Kind::String &&
          plain(value.text))
        need(value.text);
      [[fallthrough]];
    case Kind::Has: {
      const auto longest = std::ranges::max_element(
          path.steps, {}, [](const auto& step) { return step.name.size(); });
      if (plain(longest->name)) need(longest->name);
    }
  }
}

namespace {

class Parser {
 public:
  using Node = Expression::Node;
  using Made = base::Result<std::unique_ptr<Node>>;
  explicit Parser(std::string_view text) : tokens_(text) {}

  Made whole() {
    auto node = any_of();
    if (!node) return node;
    if (tokens_.peek().kind != Token::Kind::End)
      return tokens_.refuse("expected and, or, or the end", tokens_.peek().at);
    return node;
  }

 private:
  Made finish(std::unique_ptr<Node> node) {
    node->require();
    return node;
  }
  Made chain(Node::Kind kind, std::string_view word, Made (Parser::*next)()) {
    auto first = (this->*next)();
    if (!first || !tokens_.take_word(word)) return first;
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->parts.push_back(std::move(*first));
    do {
      auto more = (this->*next)();
      if (!more) return more;
      node->parts.push_back(std::move(*more));
    } while (tokens_.take_word(word));
    return finish(std::move(node));
  }
  Made any_of() { return chain(Node::Kind::Or, "or", &Parser::all_of); }
  Made all_of() { return chain(Node::Kind::And, "and", &Parser::one); }

  Made one() {
    if (++depth_ > kDeepest)
      return tokens_.refuse("too deep", tokens_.peek().at);
    auto node = one_at_depth();
    --depth_;
    return node;
  }
  Made one_at_depth() {
    if (tokens_.take_word("not")) {
      auto part = one();
      if (!part) return part;
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::Not;
      node->parts.push_back(std::move(*part));
      return finish(std::move(node));
    }
    if (tokens_.take_bracket('(')) {
      auto inside = any_of();
      if (!inside) return inside;
      if (!tokens_.take_bracket(')'))
        return tokens_.refuse("expected ')'", tokens_.peek().at);
      return inside;
    }
    return condition();
  }

  base::Status read_path(FieldPath& into) {
    const auto kind = tokens_.peek().kind;
    if (kind != Token::Kind::Word && kind != Token::Kind::String)
      return tokens_.refuse("expected a field", tokens_.peek().at);
    const Token token = tokens_.take();
    auto path = parse_field_path(token.whole);
    if (!path) {
      const auto& words = path.error().message;
      return tokens_.refuse(words.substr(0, words.find('\n')), token.at);
    }
    into = std::move(*path);
    return {};
  }

  Made condition() {
    auto node = std::make_unique<Node>();
    const Token first = tokens_.peek();
    if (auto read = read_path(node->path); !read)
      return base::fail(std::move(read.error()));
    if (first.whole == "has" && tokens_.take_bracket('(')) {
      node->kind = Node::Kind::Has;
      if (auto read = read_path(node->path); !read)
        return base::fail(std::move(read.error()));
      if (!tokens_.take_bracket(')'))
        return tokens_.refuse("expected ')'", tokens_.peek().at);
      return finish(std::move(node));
    }
    const auto op = tokens_.peek().kind == Token::Kind::Operator
                        ? op_of(tokens_.peek().text)
                        : std::nullopt;
    if (!op)
      return tokens_.refuse("expected one of = != > >= < <= ~ !~",
                            tokens_.peek().at);
    node->op = *op;
    (void)tokens_.take();
    return value(std::move(node));
  }

  Made value(std::unique_ptr<Node> node) {
    const Token token = tokens_.peek();
    if (token.kind != Token::Kind::Word && token.kind != Token::Kind::String)
      return tokens_.refuse(
          token.kind == Token::Kind::Bad &&
                  (token.whole[0] == '"' || token.whole[0] == '\'')
              ? "the string is not closed"
              : "expected a value",
          token.at);
    (void)tokens_.take();
    if (node->op == Op::Like || node->op == Op::Unlike) {
      auto regex = base::Regex::compile(token.raw);
      if (!regex) {
        const auto& words = regex.error().message;
        return tokens_.refuse(words.substr(0, words.find('\n')), token.at);
      }
      node->regex = std::move(*regex);
      return finish(std::move(node));
    }
    node->value.text = token.text;
    node->value.kind = FieldValue::Kind::String;
    if (token.kind == Token::Kind::Word) {
      const auto number = parse_number(token.text);
      if (number) {
        node->value.kind = FieldValue::Kind::Number;
        node->value.number = *number;
      } else if (token.text == "true" || token.text == "false" ||
                 token.text == "null") {
        node->value.kind = FieldValue::Kind::Bool;
      }
    }
    return finish(std::move(node));
  }

  Tokens tokens_;
  int depth_ = 0;
};

}  // namespace

Expression::Expression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

base::Result<Expression> Expression::parse(std::string_view text) {
  auto root = Parser(text).whole();
  if (!root) return base::fail(std::move(root.error()));
  return Expression(std::move(*root));
}

bool Expression::matches(std::string_view line) const {
  return root_->matches(line);
}

const Requirement& Expression::requirement() const {
  return root_->requirement;
}

}  // namespace query
