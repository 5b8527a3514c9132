#include "control/codec.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <concepts>
#include <iterator>
#include <nlohmann/json.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "control/framing.h"
#include "control/members.h"

namespace control {
namespace {

using nlohmann::json;

constexpr int kDepth = 16;  // of JSON; our deepest message has 5

// In the order of the variants.
constexpr auto kRequestNames = std::to_array<std::string_view>(
    {"ping", "start", "stop", "restart", "delete", "list", "flush", "kill",
     "update", "rotate", "reopen", "prune", "scale", "reset", "signal", "input",
     "env", "save", "resurrect"});
constexpr auto kReplyNames = std::to_array<std::string_view>(
    {"ping", "outcomes", "list", "flush", "done", "error", "rotate", "reopen",
     "input", "env", "save"});
static_assert(kRequestNames.size() == std::variant_size_v<Request>);
static_assert(kReplyNames.size() == std::variant_size_v<Reply>);

// --- writing ---------------------------------------------------------------
// Straight to text: a list has hundreds of rows of forty members.

template <class T>
void write(std::string& out, const T& value);

template <class T>
void write(std::string& out, const std::vector<T>& list) {
  out += '[';
  for (const auto& item : list) {
    if (out.back() != '[') out += ',';
    write(out, item);
  }
  out += ']';
}

void write(std::string& out,
           const std::vector<std::pair<std::string, std::string>>& pairs) {
  out += '{';
  for (const auto& [key, value] : pairs) {
    if (out.back() != '{') out += ',';
    base::append_json(out, key);
    out += ':';
    base::append_json(out, value);
  }
  out += '}';
}

// The members alone, each with its key.
template <class T>
void write_members(std::string& out, const T& value) {
  // Of hundreds of rows: what a reader assumes of a missing member is left out.
  [[maybe_unused]] static const T kDefault{};
  constexpr bool kBrief = std::same_as<T, InstanceInfo>;
  const auto put = [&](const auto& member) {
    if (kBrief && value.*member.at == kDefault.*member.at) return;
    if (out.back() != '{') out += ',';
    out += '"';
    out += member.key;
    out += "\":";
    write(out, value.*member.at);
  };
  std::apply([&](const auto&... member) { (put(member), ...); },
             members(&value));
}

template <class T>
void write(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if constexpr (std::floating_point<T>) {
    fmt::format_to(std::back_inserter(out), "{}",
                   std::isfinite(value) ? value : T{});
  } else if constexpr (std::same_as<T, std::string>) {
    base::append_json(out, value);
  } else {
    out += '{';
    write_members(out, value);
    out += '}';
  }
}

// `{"request":"list"` and so on, then the members.
template <class M>
std::string write_message(const char* kind, std::string_view name,
                          const M& message) {
  std::string members = "{";
  write_members(members, message);
  return fmt::format(R"({{"{}":"{}"{}{})", kind, name,
                     members.size() > 1 ? "," : "",
                     std::string_view(members).substr(1));
}

// --- reading ---------------------------------------------------------------

// Thrown and caught in this file alone: the library's way of failing, with a
// path to the member that is wrong.
struct Wrong {
  std::string member;
  std::string why;
};

template <class T>
void read(const json& from, T& value);

template <class T>
void read(const json& from, std::vector<T>& list) {
  if (!from.is_array()) throw Wrong{"", "not a list"};
  list.clear();
  list.reserve(from.size());
  for (const auto& item : from) read(item, list.emplace_back());
}

void read(const json& from,
          std::vector<std::pair<std::string, std::string>>& pairs) {
  if (!from.is_object()) throw Wrong{"", "not an object"};
  pairs.clear();
  for (const auto& [key, value] : from.items()) {
    if (!value.is_string()) throw Wrong{key, "not a string"};
    pairs.emplace_back(key, value.get<std::string>());
  }
}

template <std::integral T>
void read_integer(const json& from, T& value) {
  if (!from.is_number_integer()) throw Wrong{"", "not a whole number"};
  const bool fits = from.is_number_unsigned()
                        ? std::in_range<T>(from.get<uint64_t>())
                        : std::in_range<T>(from.get<int64_t>());
  if (!fits) throw Wrong{"", "out of range"};
  value = from.get<T>();
}

template <class T>
void read(const json& from, T& value) {
  if constexpr (std::same_as<T, bool>) {
    if (!from.is_boolean()) throw Wrong{"", "not true or false"};
    value = from.get<bool>();
  } else if constexpr (std::integral<T>) {
    read_integer(from, value);
  } else if constexpr (std::floating_point<T>) {
    if (!from.is_number()) throw Wrong{"", "not a number"};
    value = from.get<T>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (!from.is_string()) throw Wrong{"", "not a string"};
    value = from.get<std::string>();
  } else {
    if (!from.is_object()) throw Wrong{"", "not an object"};
    const auto read_member = [&](const auto& member) {
      const auto found = from.find(member.key);
      if (found == from.end()) return;
      try {
        read(*found, value.*member.at);
      } catch (Wrong& wrong) {
        wrong.member = wrong.member.empty()
                           ? member.key
                           : fmt::format("{}.{}", member.key, wrong.member);
        throw;
      }
    };
    std::apply([&](const auto&... member) { (read_member(member), ...); },
               members(&value));
  }
}

// The alternative that `name` means, read from `object`.
template <class Variant, size_t I = 0>
Variant read_variant(const json& object, std::string_view name,
                     std::span<const std::string_view> names) {
  if constexpr (I == std::variant_size_v<Variant>) {
    throw Wrong{std::string(name), "unknown to this version of lodge"};
  } else {
    if (names[I] != name)
      return read_variant<Variant, I + 1>(object, name, names);
    std::variant_alternative_t<I, Variant> message;
    read(object, message);
    return message;
  }
}

base::Result<json> read_object(std::string_view payload, size_t cap) {
  auto parsed = base::parse_json(payload, {.bytes = cap, .depth = kDepth});
  if (!parsed) return base::pass(std::move(parsed), "message");
  if (!parsed->is_object())
    return base::fail(base::Errc::Invalid, "message: not an object");
  return parsed;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) throw Wrong{key, "missing"};
  return found->get<std::string>();
}

std::unexpected<base::Error> wrong_message(const Wrong& wrong) {
  return base::fail(
      base::Errc::Invalid,
      fmt::format("message: {}: {}", wrong.member, wrong.why),
      "command and daemon may be of different versions: lodge version");
}

}  // namespace

std::string_view request_name(const Request& request) {
  return kRequestNames[request.index()];
}

std::string encode(const Request& request, const Caller& caller) {
  auto out = std::visit(
      [&](const auto& message) {
        return write_message("request", request_name(request), message);
      },
      request);
  out += R"(,"caller":)";
  write(out, caller);
  return out += '}';
}

std::string encode(const Reply& reply) {
  return std::visit(
             [&](const auto& message) {
               return write_message("reply", kReplyNames[reply.index()],
                                    message);
             },
             reply) +
         '}';
}

base::Result<Asked> decode_request(std::string_view payload) try {
  auto object = read_object(payload, kRequestCap);
  if (!object) return base::fail(std::move(object.error()));
  Asked asked;
  asked.request = read_variant<Request>(*object, text_of(*object, "request"),
                                        kRequestNames);
  if (const auto caller = object->find("caller"); caller != object->end())
    read(*caller, asked.caller);
  return asked;
} catch (const Wrong& wrong) {
  return wrong_message(wrong);
} catch (const nlohmann::json::exception& error) {
  return base::fail(base::Errc::Invalid, error.what());
}

// From our own daemon: parsed without a look at each key. The rows of a list
// are taken one by one as they are parsed, or the tree of hundreds of them
// would be the most of a command's memory and so of its time.
base::Result<Reply> decode_reply(std::string_view payload) try {
  if (payload.size() > kReplyCap)
    return base::fail(base::Errc::Invalid, "message: too long");
  constexpr std::string_view kListHead = R"({"reply":"list",)";
  if (!payload.starts_with(kListHead)) {
    const auto object = json::parse(payload);
    if (!object.is_object())
      return base::fail(base::Errc::Invalid, "message: not an object");
    return read_variant<Reply>(object, text_of(object, "reply"), kReplyNames);
  }
  constexpr size_t kShortRow = 200;
  std::vector<InstanceInfo> rows;
  rows.reserve(payload.size() / kShortRow);
  bool in_rows = false;
  const auto rest = json::parse(
      payload, [&](int depth, json::parse_event_t event, const json& parsed) {
        if (depth == 1 && event == json::parse_event_t::key)
          in_rows = parsed == "instances";
        if (!in_rows || depth != 2 || event != json::parse_event_t::object_end)
          return true;
        read(parsed, rows.emplace_back());
        return false;
      });
  ListReply list;
  read(rest, list);
  list.instances = std::move(rows);
  return list;
} catch (const Wrong& wrong) {
  return wrong_message(wrong);
} catch (const nlohmann::json::exception& error) {
  return base::fail(base::Errc::Invalid, error.what());
}

}  // namespace control
