#include "cli/log_conflicts.h"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

namespace cli {
namespace {

struct Said {
  bool given = false;
  std::string_view flag;
};
using Flags = std::vector<Said>;

base::Status conflict(const Said& a, const Said& b) {
  if (!a.given || !b.given) return {};
  return base::fail(base::Errc::Invalid,
                    fmt::format("{} and {}: one or the other", a.flag, b.flag));
}

// At most one of them.
base::Status one_of(std::span<const Said> flags) {
  for (; !flags.empty(); flags = flags.subspan(1))
    for (const auto& other : flags.subspan(1))
      if (auto s = conflict(flags.front(), other); !s) return s;
  return {};
}

// None of these with one of those.
base::Status apart(std::span<const Said> these, std::span<const Said> those) {
  for (const auto& one : these)
    for (const auto& other : those)
      if (auto s = conflict(one, other); !s) return s;
  return {};
}

base::Status needs(const Said& flag, bool has, std::string_view what) {
  if (!flag.given || has) return {};
  return base::fail(base::Errc::Invalid,
                    fmt::format("{}: belongs to {}", flag.flag, what));
}

bool has_pattern(const LogsArgs& args) {
  return !args.text.any.empty() || !args.text.all.empty();
}

// Which lines.
base::Status check_choice(const LogsArgs& args) {
  const Said reverse{args.reverse, "--reverse"};
  const Said records{args.records, "--records"};
  const Said around{!args.around.empty(), "--around"};
  const bool context = args.after || args.before || args.context;
  const Flags lives = {{args.generation.has_value(), "--generation"},
                       {args.since_restart, "--since-restart"},
                       {args.last_crash, "--last-crash"}};
  const Flags ends = {{!args.since.empty(), "--since"},
                      {!args.until.empty(), "--until"}};
  for (auto status :
       {one_of(lives), apart({{around}}, ends),
        conflict(records, {args.lines_only, "--lines-only"}),
        // Where a record ends only the lines behind it tell.
        conflict(records, reverse),
        conflict(records, {!args.cursor_file.empty(), "--cursor-file"}),
        conflict({args.follow, "--follow"}, reverse),
        conflict({args.lines == "0" && !args.nostream, "--lines 0 (follows)"},
                 reverse),
        needs({!args.window.empty(), "--window"}, around.given, around.flag),
        needs({!args.context_of.empty(), "--context-of"}, context,
              "-A, -B or -C")})
    if (!status) return status;
  if (args.reverse && context)
    return base::fail(base::Errc::Invalid, "--reverse: has no context lines");
  if (args.text.invert && !has_pattern(args))
    return base::fail(base::Errc::Invalid, "--invert-match: of which pattern?",
                      "-g PATTERN -v, or --not PATTERN");
  return {};
}

// What becomes of them.
base::Status check_shape(const LogsArgs& args) {
  const Said only{args.only_matching, "--only-matching"};
  const Flags shapes = {{args.raw, "--raw"},
                        {args.json, "--json"},
                        {!args.line_template.empty(), "--template"},
                        {args.format, "--format"}};
  // Of rows alone. (The app's own bytes may be cut down to what matches.)
  const Flags of_rows = {{!args.fields.empty(), "--fields"},
                         {args.pretty, "--pretty"}};
  const Flags sums = {{args.count, "--count"},
                      {!args.by.empty(), "--by"},
                      {!args.distinct.empty(), "--distinct"},
                      {args.top, "--top"}};
  const Flags names = {{args.names, "--files-with-matches"},
                       {args.paths, "--files"}};
  // Sums and names are printed as rows or as objects. (Bare they are already.)
  const Flags of_lines = {shapes[2], shapes[3], of_rows[0]};
  const std::span counted(sums);
  for (auto status :
       {one_of(shapes), apart(of_rows, shapes),
        apart({{only}}, std::span(shapes).subspan(1)), apart({{only}}, of_rows),
        apart({{only}}, counted.subspan(1)),
        conflict({args.records, "--records"}, only), one_of(sums),
        apart(names, counted.subspan(1)), apart(of_lines, sums),
        apart(of_lines, names), apart({{{args.follow, "--follow"}}}, sums),
        conflict({args.lines == "0" && !args.nostream, "--lines 0 (follows)"},
                 {args.count, "--count"}),
        needs({args.fresh, "--new"}, args.top, "--top"),
        needs({!args.baseline.empty(), "--baseline"}, args.fresh,
              "--top --new")})
    if (!status) return status;
  if (only.given && !has_pattern(args) && args.highlight.empty())
    return base::fail(base::Errc::Invalid, "--only-matching: of which pattern?",
                      "-g PATTERN or --and PATTERN");
  return {};
}

}  // namespace

base::Status check_conflicts(const LogsArgs& args) {
  // Nothing is printed in any shape: what is asked is which lines there are.
  if (auto status = check_choice(args); !status || args.quiet) return status;
  return check_shape(args);
}

}  // namespace cli
