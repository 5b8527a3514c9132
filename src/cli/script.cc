#include "cli/script.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/fs.h"
#include "base/target.h"

namespace cli {
namespace {

namespace fs = base::fs;
using base::Errc;

// What the daemon knows an interpreter for.
constexpr std::array<std::string_view, 8> kScriptEndings = {
    ".js", ".cjs", ".mjs", ".py", ".sh", ".rb", ".pl", ".php"};
constexpr size_t kLongestShebang = 256;

bool has_known_ending(std::string_view path) {
  return std::ranges::any_of(
      kScriptEndings, [&](auto ending) { return path.ends_with(ending); });
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  constexpr std::string_view kSpace = " \t\r\n";
  while (true) {
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == text.npos) return words;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(kSpace), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// "#!/usr/bin/env node" as its words; empty when there is no such line.
std::vector<std::string> shebang_of(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return {};
  std::array<char, kLongestShebang> head{};
  const auto got = fs::read(fd->get(), head, path);
  if (!got) return {};
  std::string_view text(head.data(), *got);
  if (!text.starts_with("#!")) return {};
  return words_of(text.substr(2, text.find('\n') - 2));
}

base::Result<Script> check_file(const std::string& word,
                                const std::string& path,
                                const ScriptSearch& search) {
  const auto info = fs::stat(path);
  if (!info) return base::fail(info.error());
  if (S_ISDIR(info->st_mode))
    return base::fail(Errc::Invalid, word + ": a directory",
                      fmt::format("name the script in it, or run in it: lodge "
                                  "start SCRIPT --cwd {}",
                                  word));
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, word + ": not a regular file");
  Script script{.path = path, .shell = false, .interpreter = {}};
  if (search.interpreter_given || has_known_ending(path) ||
      ::access(path.c_str(), X_OK) == 0)
    return script;
  script.interpreter = shebang_of(path);
  if (!script.interpreter.empty()) return script;
  return base::fail(
      Errc::Invalid, word + ": neither executable nor a script of a known kind",
      fmt::format("say what runs it: --interpreter PROGRAM; or chmod +x {}",
                  word));
}

std::string find_program(const std::string& word, const std::string& path) {
  for (size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    const auto dir = path.substr(begin, end - begin);
    begin = end + 1;
    if (dir.empty() || dir.front() != '/') continue;  // no surprises from "."
    auto candidate = fs::join(dir, word);
    const auto info = fs::stat(candidate);
    if (info && S_ISREG(info->st_mode) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

std::unexpected<base::Error> no_such_file(const std::string& word,
                                          const ScriptSearch& search) {
  const auto wanted = fs::absolute(word, search.cwd);
  const auto dir = fs::dir_name(wanted);
  std::string hint;
  if (search.cwd != search.caller_dir && names_file(word, search.caller_dir))
    hint = fmt::format("it is in {}: lodge start {}", search.caller_dir,
                       fs::absolute(word, search.caller_dir));
  if (auto names = fs::list_dir(dir); hint.empty() && names) {
    std::erase_if(*names,
                  [&](const auto& name) { return !names_file(name, dir); });
    const auto nearest = base::nearest_word(fs::base_name(wanted), *names);
    if (!nearest.empty())
      hint = fmt::format("did you mean {}?",
                         word.find('/') == word.npos
                             ? std::string(nearest)
                             : fs::join(fs::dir_name(word), nearest));
  }
  if (hint.empty())
    hint = "give a file, a program on PATH, or a command line in quotes";
  // As it was typed; where that is from is said unless it says so itself.
  return base::fail(
      Errc::NotFound,
      word.starts_with('/')
          ? fmt::format("{}: no such file", word)
          : fmt::format("{}: no such file in {}", word, search.cwd),
      std::move(hint));
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

}  // namespace

bool is_command_line(std::string_view word) {
  return word.find_first_of(" \t\n|&;<>()$`\"'\\*?[]{}~") != word.npos;
}

bool names_file(std::string_view word, const std::string& cwd) {
  if (word.empty()) return false;
  const auto info = fs::stat(fs::absolute(word, cwd));
  return info && !S_ISDIR(info->st_mode);
}

base::Result<Script> find_script(const std::string& word,
                                 const ScriptSearch& search) {
  // bash would do nothing of blanks, again and again.
  if (words_of(word).empty())
    return base::fail(Errc::Invalid, "empty word where a script should be");
  // A file is a file, also when its name has a space.
  if (names_file(word, search.cwd))
    return check_file(word, fs::absolute(word, search.cwd), search);
  if (is_command_line(word)) return Script{word, true, {}};
  if (word.find('/') == word.npos)
    if (auto program = find_program(word, search.path); !program.empty())
      return Script{program, false, {}};
  if (fs::exists(fs::absolute(word, search.cwd)))
    return check_file(word, fs::absolute(word, search.cwd), search);
  return no_such_file(word, search);
}

std::string program_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
}

std::string default_name(const Script& script) {
  constexpr size_t kLongest = 64;
  std::string program = script.path;
  if (script.shell) {
    // The first word that is no assignment.
    for (const auto& word : words_of(script.path)) {
      program = word;
      if (word.find('=') == word.npos) break;
    }
  }
  std::string base = fs::base_name(program);
  if (const auto dot = base.rfind('.'); dot != base.npos && dot > 0)
    base.resize(dot);
  std::string name;
  for (const char c : base) {
    const bool allowed = is_name_letter(c) || c == '.' || c == '_' || c == '-';
    if (name.empty() && !is_name_letter(c)) continue;
    name += allowed ? c : '-';
  }
  while (!name.empty() && !is_name_letter(name.back())) name.pop_back();
  if (name.size() > kLongest) name.resize(kLongest);
  if (name.empty()) return "app";
  if (base::check_app_name(name)) return name;
  return ("app-" + name).substr(0, kLongest);  // digits alone, or reserved
}

}  // namespace cli
