#pragma once
// Values that look like secrets, taken out of what is given away. By names
// (DB_PASSWORD, --api-key, "token"): rather one too many. Pure.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Has KEY, TOKEN, SECRET, PASS, AUTH, COOKIE or CREDENTIAL in it, in upper or
// lower case.
bool is_secret_name(std::string_view name);

// NAME=value, --name value and scheme://user:password@ become `***`; of a list
// or object in JSON, what a value stands in for in it.
std::string mask_secrets(std::string_view text);

// What is shown of a variable: all of it is one when its name is that of a
// secret.
std::string mask_value(std::string_view name, std::string_view value);

// Words of one command line: `--token` and the word after it.
std::vector<std::string> mask_words(const std::vector<std::string>& words);

// The same in every text of it, and what members with such names have.
void mask_secrets(nlohmann::ordered_json& json);

}  // namespace cli
