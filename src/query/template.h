#pragma once
// `--template '{time} {app} {message} {.req.id}'`: text with names in braces,
// `{{` and `}}` for braces themselves. A name that begins with '.' is a field
// of the line. What a line lacks is empty. Immutable; any thread.
//
//   time app instance id stream level message label

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/fields.h"
#include "query/query.h"
#include "query/time_format.h"

namespace query {

class Template {
 public:
  // Errc::Invalid with a caret under the place, and the names as hint.
  static base::Result<Template> parse(std::string_view text);

  // `time` in `format`, RFC 3339 in UTC without one. `id` and `instance` are
  // empty where they are not known.
  void append(const Origin& origin, std::optional<base::Timestamp> time,
              std::string_view line, base::Zone zone, const TimeFormat* format,
              std::string& into) const;

 private:
  enum class Name {
    Text,
    Time,
    App,
    Instance,
    Id,
    Stream,
    Level,
    Message,
    Label,
    Field
  };
  struct Part {
    Name name = Name::Text;
    std::string text{};
    FieldPath path{};
  };
  void append_part(const Part& part, const Origin& origin,
                   std::string_view line, std::string& into) const;

  std::vector<Part> parts_;
};

// PM2's `--format`, as a template.
inline constexpr std::string_view kPm2Template =
    "timestamp={time} app={app} id={id} type={stream} message={message}";

}  // namespace query
