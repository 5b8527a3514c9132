// The list of apps and the words that the keeper keeps for the daemon.

#include "config/app_spec.h"
#include "fuzz/fuzzer.h"
#include "supervisor/app_list.h"
#include "supervisor/life.h"

namespace {

void check(std::string_view input) {
  if (const auto list = supervisor::parse_app_list(input)) {
    const std::string text = supervisor::print_app_list(*list);
    const auto again = supervisor::parse_app_list(text);
    fuzz::must(again.has_value(), "a list that was read can be written");
    fuzz::must(supervisor::print_app_list(*again) == text, "and read the same");
  }
  if (const auto spec = config::parse_spec(input)) {
    const auto again = config::parse_spec(config::print_spec(*spec));
    fuzz::must(again.has_value() && *again == *spec, "a definition comes back");
  }
  (void)config::name_in(input);
  if (const auto life = supervisor::parse_label(input))
    fuzz::must(
        supervisor::parse_label(supervisor::print_label(*life)).has_value(),
        "a label that was read can be written");
}

}  // namespace

int main(int argc, char** argv) {
  supervisor::AppList list;
  list.next_id = 3;
  list.apps.emplace_back();
  list.apps[0].spec.name = "api";
  list.apps[0].instances.push_back(
      {.id = 0, .wanted = true, .generation = 5, .restarts = 2});
  supervisor::Life life;
  life.app = "api";
  return fuzz::run(
      argc, argv,
      {supervisor::print_app_list(list), supervisor::print_app_list({}),
       config::print_spec(list.apps[0].spec), supervisor::print_label(life),
       R"({"name":"api","script":"/a.js","args":["x"],"instances":2,)"
       R"("env":{"A":"b"},"kill_timeout":"10s","max_restarts":3})"},
      check);
}
