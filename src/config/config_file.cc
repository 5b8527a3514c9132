#include "config/config_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/fs.h"
#include "base/target.h"
#include "base/units.h"
#include "config/json_reader.h"
#include "config/node_reader.h"
#include "config/yaml_reader.h"

namespace config {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;

constexpr std::array<std::string_view, 9> kUsualNames = {
    "lodge.config.json",     "lodge.config.yaml",     "lodge.config.yml",
    "ecosystem.config.js",   "ecosystem.config.cjs",  "ecosystem.config.mjs",
    "ecosystem.config.json", "ecosystem.config.yaml", "ecosystem.config.yml"};

bool is_yaml(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}
bool is_script(std::string_view name) {
  return name.ends_with(".js") || name.ends_with(".cjs") ||
         name.ends_with(".mjs");
}

Result<std::string> too_large(const std::string& word) {
  return base::fail(
      Errc::Invalid,
      fmt::format("{}: larger than {}", word, base::format_size(kLargestFile)),
      "a configuration is a few kilobytes; is it the right file?");
}

// All of a descriptor that may be a pipe.
Result<std::string> read_all(int fd, const std::string& word) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    auto got = fs::read(fd, buffer, word);
    if (!got) return base::fail(std::move(got.error()));
    if (*got == 0) return text;
    text.append(buffer.data(), *got);
    if (text.size() > kLargestFile) return too_large(word);
  }
}

Result<std::string> read_text(const std::string& word,
                              const std::string& path) {
  // A FIFO that nobody writes would be waited for.
  auto fd = fs::open(path, O_RDONLY | O_NONBLOCK);
  if (!fd && fd.error().code == Errc::NotFound)
    return base::fail(Errc::NotFound, word + ": no such file");
  if (!fd) return base::fail(std::move(fd.error()));
  const auto info = fs::fstat(fd->get(), word);
  if (!info) return base::fail(info.error());
  if (S_ISDIR(info->st_mode))
    return base::fail(Errc::Invalid, word + ": a directory");
  if (!S_ISREG(info->st_mode))
    return base::fail(Errc::Invalid, word + ": not a regular file",
                      "to read a pipe: lodge start - < " + word);
  if (static_cast<uint64_t>(info->st_size) > kLargestFile)
    return too_large(word);
  return read_all(fd->get(), word);
}

// Of stdin nothing says what it is. What begins like JSON is JSON; else, and
// so is every text, it may be YAML.
bool looks_like_json(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == text.npos) return true;
  return text[begin] == '{' || text[begin] == '[' ||
         text.substr(begin).starts_with("//") ||
         text.substr(begin).starts_with("/*");
}

std::unexpected<base::Error> no_such_file(const std::string& word,
                                          const std::string& path) {
  auto names = fs::list_dir(fs::dir_name(path));
  std::string nearest;
  if (names) nearest = base::nearest_word(fs::base_name(path), *names);
  return base::fail(
      Errc::NotFound, word + ": no such file",
      nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

}  // namespace

std::span<const std::string_view> usual_names() {
  return kUsualNames;
}

bool is_config_name(std::string_view word) {
  if (word == "-" || is_yaml(word)) return true;
  for (const std::string_view ending :
       {".json", ".config.js", ".config.cjs", ".config.mjs"})
    if (word.ends_with(ending)) return true;
  return false;
}

Result<ConfigFile> read_config_file(const std::string& word,
                                    const ReadOptions& options) {
  if (word == "-") {
    auto text = read_all(0, "stdin");
    if (!text) return base::fail(std::move(text.error()));
    Document document("stdin", std::move(*text));
    auto root = looks_like_json(document.text()) ? read_json(document)
                                                 : read_yaml(document);
    if (!root) return base::fail(std::move(root.error()));
    return ConfigFile{
        std::move(document), std::move(*root), {}, options.caller_dir};
  }
  const auto path = fs::absolute(word, options.caller_dir);
  auto text = read_text(word, path);
  if (!text && text.error().code == Errc::NotFound)
    return no_such_file(word, path);
  if (!text) return base::fail(std::move(text.error()));
  Document document(word, std::move(*text));
  Result<Value> root;
  if (is_script(word))
    root = read_with_node(document, path, options.time_limit);
  else
    root = is_yaml(word) ? read_yaml(document) : read_json(document);
  if (!root) return base::fail(std::move(root.error()));
  return ConfigFile{std::move(document), std::move(*root), path,
                    fs::dir_name(path)};
}

Result<std::string> find_config_file(const std::string& dir) {
  for (const auto name : kUsualNames) {
    const auto info = fs::stat(fs::join(dir, name));
    if (info && !S_ISDIR(info->st_mode)) return std::string(name);
  }
  return base::fail(
      Errc::NotFound, fmt::format("no configuration in {}", dir),
      fmt::format("looked for lodge.config.{{json,yaml,yml}} and "
                  "ecosystem.config.{{js,cjs,mjs,json,yaml,yml}}; write one: "
                  "lodge init; or name a script: lodge start app.js"));
}

}  // namespace config
