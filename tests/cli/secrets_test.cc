#include "cli/secrets.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>

TEST_CASE("names that look like secrets, whatever their case") {
  for (const auto* name :
       {"API_KEY", "apiKey", "--auth-token", "DB_PASSWORD", "PGPASS",
        "client_secret", "Cookie", "AWS_CREDENTIALS", "env.TOKEN"})
    CHECK_MESSAGE(cli::is_secret_name(name), name);
  for (const auto* name : {"", "PORT", "NODE_ENV", "PATH", "KE", "log.cap"})
    CHECK_MESSAGE(!cli::is_secret_name(name), name);
}

TEST_CASE("values of secret names become ***, others stay as they are") {
  using Row = std::pair<const char*, const char*>;
  for (const auto& [text, masked] :
       {Row{"", ""}, Row{"lodge start api.js", "lodge start api.js"},
        Row{"API_KEY=abc PORT=1 node x", "API_KEY=*** PORT=1 node x"},
        Row{"API_KEY='a b' node", "API_KEY=*** node"},
        Row{"API_KEY=\"a b", "API_KEY=***"},
        Row{"sh -c 'TOKEN=x run'", "sh -c 'TOKEN=*** run'"},
        Row{"x --token abc --port 1", "x --token *** --port 1"},
        Row{R"(x --set r=[{"webhook": "http://h/s3", "on":"exit"}])",
            R"(x --set r=[{"webhook": ***, "on":"exit"}])"},
        Row{R"("token" is "x", "token":1)", R"("token" is "x", "token":1)"},
        Row{"x --token=abc", "x --token=***"}, Row{"x --token", "x --token"},
        Row{"x --no-auth --port 1", "x --no-auth --port 1"},
        Row{"the token is lost", "the token is lost"}, Row{"TOKEN=", "TOKEN="},
        Row{"TOKEN= x", "TOKEN= x"},
        Row{"postgres://me:pw@db/x", "postgres://me:***@db/x"},
        Row{"a://u:p@h b://c:80/x d://u:p:q@h",
            "a://u:***@h b://c:80/x "
            "d://u:***@h"},
        Row{"http://h:80/a@b", "http://h:80/a@b"}})
    CHECK(cli::mask_secrets(text) == masked);
}

TEST_CASE("members, words behind flags, and texts within JSON are masked") {
  auto json = nlohmann::ordered_json::parse(R"([{
    "app": "api", "pid": 7, "args": ["--token", "abc", "--port", "1", "K_KEY=x"],
    "settings": {"env.API_KEY": {"value": "abc", "source": "given"},
                 "env.PORT": {"value": "1", "source": "given"}},
    "password": {"a": ["x", {"b": "y"}], "n": 1, "none": ""}}])");
  cli::mask_secrets(json);
  CHECK(json == nlohmann::ordered_json::parse(R"([{
    "app": "api", "pid": 7, "args": ["--token", "***", "--port", "1", "K_KEY=***"],
    "settings": {"env.API_KEY": {"value": "***", "source": "given"},
                 "env.PORT": {"value": "1", "source": "given"}},
    "password": {"a": ["***", {"b": "***"}], "n": 1, "none": ""}}])"));
}

TEST_CASE("a list in JSON is masked as the words that it is") {
  using Row = std::pair<const char*, const char*>;
  for (const auto& [text, masked] :
       {Row{R"(["--password","abc","x"])", R"(["--password","***","x"])"},
        Row{R"([ "--port", "1" ])", R"([ "--port", "1" ])"},
        Row{R"({"notify":"[{\"webhook\":\"http://h/s\"}]"})",
            R"({"notify":"[{\"webhook\":\"***\"}]"})"},
        Row{R"(["--password x)", R"(["--password ***)"}})
    CHECK(cli::mask_secrets(text) == masked);
  auto json = nlohmann::ordered_json::parse(R"([{
    "args": ["--password", "abc"],
    "settings": {"args": {"value": "[\"--password\",\"abc\"]",
                          "source": "given"}}}])");
  cli::mask_secrets(json);
  CHECK(json.dump().find("abc") == std::string::npos);
}

TEST_CASE("no value gets by, whatever is around it") {
  std::mt19937 random(5);
  constexpr std::string_view kParts[] = {"TOKEN", "=",  " ",   "--",  "x",
                                         "\"",    "'",  "://", ":",   "@",
                                         "/",     "pw", "key", "***", "\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t i = random() % 12; i > 0; --i)
      text += kParts[random() % std::size(kParts)];
    const auto masked = cli::mask_secrets(text);
    CAPTURE(text);
    CHECK(masked.find("TOKEN=pw") == masked.npos);
    CHECK(masked.find("key=x") == masked.npos);
  }
}
