// The key of an app's rules of whom to tell what.
#include "config/key_makers.h"
#include "config/key_tables.h"
#include "config/notify_rule.h"

namespace config {

std::vector<Key> notify_keys() {
  return {{"notify",
           [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
             // On a command line: --set 'notify=[{"on":"errored",...}]'.
             auto rules = value.is_string() && value != ""
                              ? parse_notify(value.get<std::string>())
                          : value == "" ? std::vector<NotifyRule>{}
                                        : read_notify(value);
             if (!rules) return base::fail(std::move(rules.error()));
             spec.notify = std::move(*rules);
             return {};
           },
           [](const AppSpec& spec) { return write_notify(spec.notify); }}};
}

}  // namespace config
