#include "notify/ledger.h"

#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"

namespace notify {

Ledger load_ledger(const std::string& path) {
  Ledger ledger;
  auto text = base::fs::read_file(path, size_t{4} << 20);
  if (!text) return ledger;
  auto json = base::parse_json(*text);
  if (!json || !json->is_object()) return ledger;
  try {
    ledger.seen.us = json->value("seen_us", int64_t{0});
    if (json->contains("fired"))
      for (const auto& [key, time] : json->at("fired").items())
        ledger.fired[key] = base::Timestamp{time.get<int64_t>()};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return ledger;
}

base::Status save_ledger(const std::string& path, const Ledger& ledger) {
  nlohmann::ordered_json json{{"v", 1}, {"seen_us", ledger.seen.us}};
  json["fired"] = nlohmann::ordered_json::object();
  for (const auto& [key, time] : ledger.fired) json["fired"][key] = time.us;
  return base::fs::replace_file(
      path, json.dump(-1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace notify
