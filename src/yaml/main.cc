// lodge-yaml: YAML on stdin to a tree in JSON on descriptor 3, for `lodge`,
// which would start slower if it had a YAML library in it. Each value is
//
//   [kind, line, column, contents]     kind "plain", "quoted", "list", "map"
//
// contents being text, values, or pairs of values. Anchors and merge keys are
// resolved. What is wrong goes out as {"line":..,"column":..,"why":..}; exit 1.
#include <sys/resource.h>
#include <unistd.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using Json = nlohmann::json;

constexpr size_t kDeepest = 64;
// What a file of the greatest size that is read could hold, and what aliases
// may make of it.
constexpr size_t kMostValues = 200'000;
constexpr size_t kMostBytes = size_t{16} << 20;

struct Fault {
  YAML::Mark at;
  std::string why;
};

struct Node {
  std::string kind;
  YAML::Mark at;
  std::string text;
  std::vector<std::shared_ptr<Node>> items;  // of a map: key, value, key, ...
};
using NodePtr = std::shared_ptr<Node>;

// yaml-cpp reads on over all brackets of a line before it tells of the first.
// So many in a row, none of them closed, are no text that somebody wrote.
void refuse_flood(const std::string& text) {
  constexpr size_t kFlood = 1000;
  size_t depth = 0;
  YAML::Mark mark;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == '\n') ++mark.line;
    if (depth > kFlood)
      throw Fault{mark, "nested deeper than " + std::to_string(kDeepest)};
  }
}

// Whether a text in quotes that begins there is closed: at the end of a file
// the library takes it as it is, and a file that was cut off would pass. `at`
// may be that of its anchor.
bool is_closed(const std::string& text, size_t at) {
  const auto space = [&] { return text[at] == ' ' || text[at] == '\t'; };
  if (at < text.size() && text[at] == '&') {
    while (at < text.size() && !space()) ++at;
    while (at < text.size() && space()) ++at;
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote)
        return true;
      ++i;  // '' is an apostrophe
    }
  }
  return false;
}

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& text) : text_(text) {}

  NodePtr root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, "plain", anchor, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Fault{mark, "an alias of nothing"};
    for (const auto& open : open_)
      if (open == known->second) throw Fault{mark, "an alias of what it is in"};
    put(known->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    // "!": it was in quotes. "!!str": so it was meant.
    const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!quoted && tag != "?" && !tag.empty() &&
        !tag.starts_with("tag:yaml.org,2002:"))
      throw Fault{mark, "tag " + tag + ": not known"};
    if (tag == "!" && mark.pos >= 0 &&
        !is_closed(text_, static_cast<size_t>(mark.pos)))
      throw Fault{mark, "a quote that is not closed"};
    scalar(mark, quoted ? "quoted" : "plain", anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, "list", anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, "map", anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  void scalar(const YAML::Mark& mark, const char* kind, YAML::anchor_t anchor,
              const std::string& text) {
    auto node = std::make_shared<Node>(Node{kind, mark, text, {}});
    if (anchor != 0) anchors_[anchor] = node;
    put(std::move(node));
  }
  void open(const YAML::Mark& mark, const char* kind, YAML::anchor_t anchor) {
    if (open_.size() >= kDeepest)
      throw Fault{mark, "nested deeper than " + std::to_string(kDeepest)};
    auto node = std::make_shared<Node>(Node{kind, mark, {}, {}});
    if (anchor != 0) anchors_[anchor] = node;
    put(node);
    open_.push_back(std::move(node));
  }
  void put(NodePtr node) {
    if (open_.empty())
      root = std::move(node);
    else
      open_.back()->items.push_back(std::move(node));
  }

  const std::string& text_;
  std::vector<NodePtr> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
};

// The tree as it is printed: aliases are copies here, and counted.
class Printer {
 public:
  Json print(const Node& node, size_t depth = 0) {
    bytes_ += node.text.size();
    if (++values_ > kMostValues || bytes_ > kMostBytes)
      throw Fault{node.at, "more than is read, with all its aliases"};
    if (depth > kDeepest)
      throw Fault{node.at, "nested deeper than " + std::to_string(kDeepest) +
                               ", with its aliases"};
    Json contents;
    if (node.kind == "map") {
      contents = Json::array();
      std::set<std::string> keys;
      add_members(node, contents, keys, depth, false);
    } else if (node.kind == "list") {
      contents = Json::array();
      for (const auto& item : node.items)
        contents.push_back(print(*item, depth + 1));
    } else {
      contents = node.text;
    }
    return Json::array(
        {node.kind, node.at.line + 1, node.at.column + 1, std::move(contents)});
  }

 private:
  // What was merged gives way to what is said itself.
  void add_members(const Node& map, Json& into, std::set<std::string>& keys,
                   size_t depth, bool merged) {
    if (depth > kDeepest) throw Fault{map.at, "merged too deep"};
    if (map.kind != "map")
      throw Fault{map.at, "<<: what is merged must be an object"};
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const Node& key = *map.items[i];
      if (key.kind != "plain" && key.kind != "quoted")
        throw Fault{key.at, "a key must be text"};
      if (key.kind == "plain" && key.text == "<<") continue;
      if (!keys.insert(key.text).second) {
        if (merged) continue;
        throw Fault{key.at, key.text + ": a second time"};
      }
      into.push_back(Json::array(
          {print(key, depth + 1), print(*map.items[i + 1], depth + 1)}));
    }
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const Node& key = *map.items[i];
      if (key.kind != "plain" || key.text != "<<") continue;
      const Node& from = *map.items[i + 1];
      if (from.kind != "list") {
        add_members(from, into, keys, depth + 1, true);
        continue;
      }
      for (const auto& item : from.items)
        add_members(*item, into, keys, depth + 1, true);
    }
  }

  size_t values_ = 0;
  size_t bytes_ = 0;
};

bool answer(const Json& json) {
  const std::string text =
      json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t at = 0; at < text.size();) {
    const auto n = ::write(3, text.data() + at, text.size() - at);
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

int fail(const YAML::Mark& at, const std::string& why) {
  Json fault;
  fault["line"] = at.line + 1;
  fault["column"] = at.column + 1;
  fault["why"] = why;
  (void)answer(fault);
  return 1;
}

}  // namespace

int main() try {
  // Whatever the library makes of a hostile file, it does so in here.
  const rlimit memory{rlim_t{512} << 20, rlim_t{512} << 20};
  const rlimit seconds{5, 5};
#ifndef __SANITIZE_ADDRESS__
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  ::setrlimit(RLIMIT_CPU, &seconds);
  (void)memory;
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = ::read(0, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  refuse_flood(text);
  std::istringstream input(text);
  YAML::Parser parser(input);
  Builder builder(text);
  if (!parser.HandleNextDocument(builder) || builder.root == nullptr)
    return fail({}, "empty: no configuration in it");
  Builder second(text);
  if (parser.HandleNextDocument(second))
    return fail(second.root ? second.root->at : YAML::Mark{},
                "a second document");
  return answer(Printer().print(*builder.root)) ? 0 : 1;
} catch (const Fault& fault) {
  return fail(fault.at, fault.why);
} catch (const YAML::DeepRecursion& error) {
  return fail(error.mark, "nested too deep");
} catch (const YAML::Exception& error) {
  return fail(error.mark, error.msg);
} catch (const std::exception& error) {
  return fail({}, error.what());
}
