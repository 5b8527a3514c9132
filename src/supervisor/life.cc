#include "supervisor/life.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace supervisor {
namespace {

// A label fits into one frame of the keeper, with room to spare.
constexpr size_t kMostOfUnfit = 1000;

}  // namespace

std::string Life::tag_prefix(std::string_view home_id) const {
  return fmt::format("{}:{}:", home_id, id);
}

std::string Life::tag(std::string_view home_id) const {
  // The closing mark keeps generation 1 from being a prefix of 10.
  return fmt::format("{}{}.", tag_prefix(home_id), generation);
}

std::string print_label(const Life& life) {
  nlohmann::ordered_json json;
  json["v"] = 1;
  json["app"] = life.app;
  json["id"] = life.id;
  json["instance"] = life.number;
  json["generation"] = life.generation;
  json["restarts"] = life.restarts;
  json["attempts"] = life.history.attempts;
  json["unstable"] = life.history.unstable;
  json["launched_us"] = life.launched.us;
  if (life.accounted) json["accounted"] = true;
  if (life.ready) json["ready"] = true;
  if (!life.unfit.empty()) json["unfit"] = life.unfit.substr(0, kMostOfUnfit);
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

base::Result<Life> parse_label(std::string_view label) {
  auto json = base::parse_json(label, {.bytes = 4096, .depth = 4});
  if (!json) return base::pass(std::move(json), "slot label");
  try {
    Life life;
    life.app = json->at("app").get<std::string>();
    life.id = json->at("id").get<int>();
    life.number = json->at("instance").get<int>();
    life.generation = json->at("generation").get<uint64_t>();
    life.restarts = json->value("restarts", 0);
    life.history.attempts = json->value("attempts", 0);
    life.history.unstable = json->value("unstable", 0);
    life.launched.us = json->value("launched_us", int64_t{0});
    life.accounted = json->value("accounted", false);
    life.ready = json->value("ready", false);
    life.unfit = json->value("unfit", "");
    return life;
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::Errc::Invalid,
                      std::string("slot label: ") + error.what());
  }
}

}  // namespace supervisor
