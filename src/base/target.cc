#include "base/target.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/regex.h"

namespace base {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  if (!all_digits(text)) return std::nullopt;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

template <class Predicate>
std::vector<size_t> select(std::span<const TargetCandidate> all,
                           Predicate wanted) {
  std::vector<size_t> hits;
  for (size_t i = 0; i < all.size(); ++i)
    if (wanted(all[i])) hits.push_back(i);
  return hits;
}

std::vector<size_t> by_id(std::string_view word,
                          std::span<const TargetCandidate> all) {
  const auto id = number(word);
  if (!id) return {};
  return select(all, [&](const auto& c) { return c.id == *id; });
}

// `api`, or `api/2` for one instance.
std::vector<size_t> by_app(std::string_view word,
                           std::span<const TargetCandidate> all) {
  const auto slash = word.rfind('/');
  const auto app = word.substr(0, slash);
  const auto instance =
      slash == word.npos ? std::nullopt : number(word.substr(slash + 1));
  if (slash != word.npos && !instance) return {};
  return select(all, [&](const auto& c) {
    return c.app == app && (!instance || c.instance == *instance);
  });
}

std::vector<size_t> by_namespace(std::string_view word,
                                 std::span<const TargetCandidate> all) {
  return select(all, [&](const auto& c) { return c.space == word; });
}

Result<std::vector<size_t>> by_regex(std::string_view word,
                                     std::span<const TargetCandidate> all) {
  auto regex = Regex::compile(word.substr(1, word.size() - 2));
  if (!regex) return pass(std::move(regex), word);
  return select(all, [&](const auto& c) { return regex->contains(c.app); });
}

std::vector<size_t> by_glob(const std::string& word,
                            std::span<const TargetCandidate> all) {
  return select(all, [&](const auto& c) {
    return ::fnmatch(word.c_str(), c.app.c_str(), 0) == 0;
  });
}

// A name as packages have them, and no slip of the finger: "api!" is not api.
bool may_be_renamed(std::string_view word) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
  };
  return !word.empty() && word.find_first_of("@/ ") != word.npos &&
         (letter(word.front()) || word.front() == '@') && letter(word.back()) &&
         std::ranges::all_of(word, [&](char c) {
           return letter(c) ||
                  std::string_view("@/ ._-").find(c) != std::string_view::npos;
         });
}

Result<std::vector<size_t>> resolve_word(const std::string& word,
                                         std::span<const TargetCandidate> all) {
  if (word == "all") return select(all, [](const auto&) { return true; });
  if (word.starts_with("id:")) return by_id(word.substr(3), all);
  if (word.starts_with("app:")) return by_app(word.substr(4), all);
  if (word.starts_with("ns:")) return by_namespace(word.substr(3), all);
  if (word.size() > 2 && word.front() == '/' && word.back() == '/')
    return by_regex(word, all);
  auto ids = by_id(word, all);
  auto apps = by_app(word, all);
  auto spaces = by_namespace(word, all);
  if (!ids.empty() && !spaces.empty() && ids != spaces)
    return fail(Errc::Invalid, fmt::format("{}: an id and a namespace", word),
                fmt::format("say id:{} or ns:{}", word, word));
  if (!ids.empty()) return ids;
  if (!apps.empty() && !spaces.empty() && apps != spaces)
    return fail(Errc::Invalid, fmt::format("{}: an app and a namespace", word),
                fmt::format("say app:{} or ns:{}", word, word));
  if (!apps.empty()) return apps;
  if (!spaces.empty()) return spaces;
  if (word.find_first_of("*?[") != word.npos) return by_glob(word, all);
  // What an app was called where its name is none here: "@scope/worker".
  if (!may_be_renamed(word)) return std::vector<size_t>{};
  auto renamed = by_app(app_name_from(word), all);
  const auto slash = word.rfind('/');
  if (!renamed.empty() || slash == word.npos) return renamed;
  return by_app(app_name_from(word.substr(0, slash)) + word.substr(slash), all);
}

std::unexpected<Error> no_such(const std::string& word,
                               std::span<const TargetCandidate> all) {
  std::vector<std::string> names;
  for (const auto& candidate : all) {
    names.push_back(candidate.app);
    names.push_back(candidate.space);
  }
  const auto nearest = nearest_word(word, names);
  std::string hint;
  if (!nearest.empty()) hint = fmt::format("did you mean {}?", nearest);
  // "api/7" of an app that is there: which instances it has.
  constexpr int kMostShown = 4;
  const auto app = word.substr(0, word.find('/'));
  std::string instances;
  int count = 0;
  for (const auto& candidate : all) {
    if (candidate.app != app || app.size() == word.size()) continue;
    if (count < kMostShown)
      instances += fmt::format("{}{}/{}", count == 0 ? "" : ", ", app,
                               candidate.instance);
    ++count;
  }
  if (count > 0)
    return fail(Errc::NotFound, fmt::format("{}: no such instance", word),
                fmt::format("there is {}{}", instances,
                            count > kMostShown ? ", ..." : ""));
  return fail(Errc::NotFound, fmt::format("{}: no such app", word),
              std::move(hint));
}

size_t edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment: insert, delete, replace, swap of neighbours.
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

// What is wrong with a name that becomes a file's; empty when nothing is.
std::string_view wrong_letters(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
  };
  if (name.empty()) return "empty";
  if (name.size() > 64) return "longer than 64 characters";
  if (!letter(name.front())) return "begins with no letter or digit";
  for (const char c : name)
    if (!letter(c) && c != '.' && c != '_' && c != '-')
      return "has a character that names can't have";
  return {};
}

}  // namespace

Result<std::vector<size_t>> resolve_targets(
    std::span<const std::string> words, std::span<const std::string> exclude,
    std::span<const TargetCandidate> candidates, std::vector<Error>* unknown) {
  std::vector<bool> chosen(candidates.size(), words.empty());
  size_t matched = 0;
  for (const auto& word : words) {
    auto hits = resolve_word(word, candidates);
    if (!hits) return hits;
    // `all` of nothing is nothing; any other word must name something.
    if (hits->empty() && word != "all") {
      auto error = no_such(word, candidates);
      if (unknown == nullptr) return error;
      unknown->push_back(std::move(error.error()));
      continue;
    }
    ++matched;
    for (const size_t i : *hits) chosen[i] = true;
  }
  if (matched == 0 && unknown != nullptr && !unknown->empty())
    return fail(std::move(unknown->front()));
  const bool has_some = std::ranges::find(chosen, true) != chosen.end();
  for (const auto& word : exclude) {
    auto hits = resolve_word(word, candidates);
    if (!hits) return hits;
    if (hits->empty()) return no_such(word, candidates);
    for (const size_t i : *hits) chosen[i] = false;
  }
  std::vector<size_t> result;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) result.push_back(i);
  if (has_some && result.empty())
    return fail(
        Errc::NotFound,
        fmt::format(
            "{}: --exclude leaves nothing of it",
            words.empty() ? "all" : fmt::format("{}", fmt::join(words, ", "))));
  return result;
}

Status check_app_name(std::string_view name) {
  std::string_view wrong = wrong_letters(name);
  if (wrong.empty() && all_digits(name))
    wrong = "all digits, which would read as an id";
  if (name == "all" || name == "lodge") wrong = "reserved";
  if (wrong.empty()) return {};
  return fail(
      Errc::Invalid, fmt::format("name '{}': {}", name, wrong),
      "a name has letters, digits, '.', '_' and '-', begins with a letter or "
      "digit, has at most 64 characters and not digits alone; for example: "
      "--name api-2");
}

Status check_snapshot_name(std::string_view name) {
  const auto wrong = wrong_letters(name);
  if (wrong.empty()) return {};
  return fail(
      Errc::Invalid, fmt::format("snapshot '{}': {}", name, wrong),
      "a name has letters, digits, '.', '_' and '-', begins with a letter or "
      "digit, and has at most 64 characters");
}

std::string app_name_from(std::string_view text) {
  constexpr size_t kLongest = 64;
  if (check_app_name(text)) return std::string(text);
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
  };
  std::string name;
  for (const char c : text) {
    const bool allowed = letter(c) || c == '.' || c == '_' || c == '-';
    // A character of several bytes is one.
    if ((static_cast<unsigned char>(c) & 0xC0u) == 0x80) continue;
    if (name.empty() && !letter(c)) continue;
    name += allowed ? c : '-';
  }
  while (!name.empty() && !letter(name.back())) name.pop_back();
  name.resize(std::min(name.size(), kLongest));
  if (name.empty() || check_app_name(name)) return name;
  return ("app-" + name).substr(0, kLongest);  // digits alone, or reserved
}

std::string_view nearest_word(std::string_view word,
                              std::span<const std::string> known) {
  const size_t limit = word.size() <= 3 ? 1 : word.size() <= 8 ? 2 : 3;
  size_t best = limit + 1;
  std::string_view nearest;
  if (word.size() > 64) return nearest;
  for (const auto& candidate : known) {
    if (candidate.empty() || candidate.size() > 64) continue;
    const size_t distance = edit_distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace base
