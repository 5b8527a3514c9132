#include "query/template.h"

#include <fmt/format.h>

#include "store/levels.h"

namespace query {
namespace {

constexpr std::string_view kNames =
    "names: time app instance id stream level message label, and .field";

base::Error wrong(std::string_view text, size_t at, std::string_view why) {
  return {base::Errc::Invalid, 0,
          fmt::format("--template: {}\n  {}\n  {:>{}}", why, text, '^', at + 1),
          std::string(kNames)};
}

}  // namespace

base::Result<Template> Template::parse(std::string_view text) {
  struct Row {
    std::string_view word;
    Name name;
  };
  constexpr Row kRows[] = {
      {"time", Name::Time},         {"app", Name::App},
      {"instance", Name::Instance}, {"id", Name::Id},
      {"stream", Name::Stream},     {"level", Name::Level},
      {"message", Name::Message},   {"label", Name::Label},
  };
  Template parsed;
  auto& parts = parsed.parts_;
  const auto add_text = [&](char c) {
    if (parts.empty() || parts.back().name != Name::Text) parts.emplace_back();
    parts.back().text += c;
  };
  for (size_t i = 0; i < text.size();) {
    const auto rest = text.substr(i);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      add_text(rest[0]);
      i += 2;
      continue;
    }
    if (rest[0] == '}')
      return base::fail(wrong(text, i, "'}' without '{'; a brace is '}}'"));
    if (rest[0] != '{') {
      add_text(rest[0]);
      ++i;
      continue;
    }
    const size_t end = rest.find('}');
    if (end == rest.npos)
      return base::fail(wrong(text, i, "'{' without '}'; a brace is '{{'"));
    const auto word = rest.substr(1, end - 1);
    if (word.starts_with('.')) {
      auto path = parse_field_path(word.substr(1));
      if (!path) return base::fail(wrong(text, i + 2, "not a field's name"));
      parts.push_back({Name::Field, {}, std::move(*path)});
    } else {
      const Row* found = nullptr;
      for (const Row& row : kRows)
        if (row.word == word) found = &row;
      if (found == nullptr)
        return base::fail(
            wrong(text, i + 1, fmt::format("'{}' is no name", word)));
      parts.push_back({found->name});
    }
    i += end + 1;
  }
  return parsed;
}

void Template::append_part(const Part& part, const Origin& origin,
                           std::string_view line, std::string& into) const {
  switch (part.name) {
    case Name::Text:
      into += part.text;
      break;
    case Name::Time:
      break;
    case Name::App:
      into += origin.app;
      break;
    case Name::Instance:
      if (origin.instance >= 0) into += std::to_string(origin.instance);
      break;
    case Name::Id:
      if (origin.id >= 0) into += std::to_string(origin.id);
      break;
    case Name::Stream:
      into += origin.kind == Kind::Error ? "error" : "out";
      break;
    case Name::Level: {
      const auto level = store::detect_level(line);
      if (level != store::Level::Unknown) into += store::level_name(level);
      break;
    }
    case Name::Message:
      into += line;
      break;
    case Name::Label:
      into += origin.label;
      break;
    case Name::Field: {
      std::vector<FieldValue> values;
      find_fields(line, part.path, values);
      for (size_t i = 0; i < values.size(); ++i) {
        if (i > 0) into += ',';
        // One row a line, whatever a field holds.
        for (const char c : values[i].text)
          if (c == '\n')
            into += "\\n";
          else
            into += c;
      }
      break;
    }
  }
}

void Template::append(const Origin& origin, std::optional<base::Timestamp> time,
                      std::string_view line, base::Zone zone,
                      const TimeFormat* format, std::string& into) const {
  for (const auto& part : parts_) {
    if (part.name != Name::Time)
      append_part(part, origin, line, into);
    else if (time && format != nullptr)
      format->append(*time, zone, into);
    else if (time)
      into += base::format_stamp(*time);
  }
}

}  // namespace query
