#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>

#include "base/fs.h"
#include "cli/commands.h"
#include "cli/logs_command.h"
#include "cli/report.h"

namespace cli {
namespace {

// What matches no line, whatever is in it.
constexpr std::string_view kNever = R"(\b\B)";

// As grep has it: a pattern with newlines is several.
void add_patterns(std::string_view text, std::vector<std::string>& into) {
  for (;;) {
    const auto end = std::min(text.find('\n'), text.size());
    into.emplace_back(text.substr(0, end));
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

// Of a file, `-` for stdin, or a pipe; one a line. An empty one has none.
base::Status add_patterns_of(const std::string& path,
                             std::vector<std::string>& into) {
  base::UniqueFd opened;
  if (path != "-") {
    auto file = base::fs::open(path, O_RDONLY);
    if (!file) return base::fail(std::move(file.error()));
    opened = std::move(*file);
  }
  auto bytes =
      base::fs::read_to_end(opened ? opened.get() : STDIN_FILENO, path);
  if (!bytes) return base::fail(std::move(bytes.error()));
  if (bytes->empty()) return {};
  if (bytes->ends_with('\n')) bytes->pop_back();
  const size_t known = into.size();
  add_patterns(*bytes, into);
  for (auto& pattern : std::span(into).subspan(known))
    if (pattern.ends_with('\r')) pattern.pop_back();
  return {};
}

}  // namespace

LogsArgs logs_args(const Invocation& invocation) {
  const Args& args = invocation.args;
  const auto text = [&](std::string_view flag) {
    return args.value(flag).value_or("");
  };
  LogsArgs logs;
  logs.command = std::string(invocation.command.name);
  logs.targets = args.words;
  logs.exclude = args.values("exclude");
  logs.nostream = args.has("nostream");
  logs.follow = args.has("follow") && !logs.nostream;
  logs.lines = args.value("lines");
  logs.max_count = args.value("max-count");
  logs.out = args.has("out");
  logs.err = args.has("err");
  logs.since = text("since");
  logs.until = text("until");
  logs.around = text("around");
  logs.window = text("window");
  logs.generation = args.value("generation");
  logs.since_restart = args.has("since-restart");
  logs.last_crash = args.has("last-crash");

  for (const auto* flag : {"grep", "regexp"})
    for (const auto& pattern : args.values(flag))
      add_patterns(pattern, logs.text.any);
  logs.text.all = args.values("and");
  logs.text.none = args.values("not");
  logs.text.ignore_case = args.has("ignore-case");
  logs.text.smart_case = args.has("smart-case");
  logs.text.fixed = args.has("fixed-strings");
  logs.text.word = args.has("word-regexp");
  logs.text.whole_line = args.has("line-regexp");
  logs.text.invert = args.has("invert-match");
  logs.text.bytes = args.has("bytes");
  logs.level = text("level");
  logs.where = args.values("where");
  logs.lines_only = args.has("lines-only");
  logs.records = args.has("records");
  logs.after = args.value("after-context");
  logs.before = args.value("before-context");
  logs.context = args.value("context");
  logs.context_of = text("context-of");

  logs.count = args.has("count");
  logs.names = args.has("files-with-matches");
  logs.paths = args.has("files");
  logs.quiet = args.has("quiet");
  logs.by = text("by");
  logs.distinct = text("distinct");
  logs.top = args.has("top");
  logs.fresh = args.has("new");
  logs.baseline = text("baseline");

  logs.cursor_file = text("cursor-file");
  logs.after_cursor = args.value("after-cursor").value_or(text("after"));

  logs.raw = args.has("raw");
  logs.json = invocation.json;
  logs.only_matching = args.has("only-matching");
  logs.line_template = text("template");
  logs.format = args.has("format");
  logs.timestamp = args.value("timestamp");
  logs.utc = args.has("utc");
  logs.pretty = args.has("pretty");
  logs.fields = text("fields");
  logs.highlight = text("highlight");
  logs.reverse = args.has("reverse");
  logs.full = args.has("full");
  logs.events = !args.has("no-events");
  logs.color = invocation.color;

  logs.from = text("from");
  logs.stats = args.has("stats");
  logs.threads = text("threads");
  return logs;
}

int run_logs_row(const Invocation& invocation) {
  return run_logs(invocation.home, logs_args(invocation));
}

int run_tail_row(const Invocation& invocation) {
  LogsArgs args = logs_args(invocation);
  args.follow = !args.nostream;
  return run_logs(invocation.home, args);
}

int run_grep(const Invocation& invocation) {
  LogsArgs args = logs_args(invocation);
  args.grep = true;
  const auto files = invocation.args.values("file");
  for (const auto& file : files)
    if (auto added = add_patterns_of(file, args.text.any); !added)
      return report(invocation, std::move(added.error()).with_context("--file"),
                    kUsage);
  if (!files.empty() && args.text.any.empty()) {
    args.text.fixed = false;
    args.text.any.emplace_back(kNever);
  }
  if (args.text.any.empty()) {
    if (args.targets.empty())
      return report(invocation,
                    {base::Errc::Invalid, 0, "a pattern is missing",
                     "for example: lodge grep 'timeout|refused' api"},
                    kUsage);
    add_patterns(args.targets.front(), args.text.any);
    args.targets.erase(args.targets.begin());
  }
  return run_logs(invocation.home, args);
}

}  // namespace cli
