// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "base/ascii.h"
#include "nephele_version.h"
#include "runtimes/testing/api_fixture.h"

/// The description is kept by hand; these tests hold it to the route table and to what is really answered.
namespace nephele::runtimes {
namespace {

using http::Verb;
using testing::Answered;
using testing::ApiCaller;
using testing::ApiTest;
using testing::minimal;

const json::Value& document() {
  static const json::Value parsed = *json::parse(openapi_document());
  return parsed;
}

/// Follows "#/components/..." references.
const json::Value& resolved(const json::Value& value) {
  const auto reference = value.text_at({"$ref"});
  if (reference.empty()) return value;  // NOLINT(bugprone-return-const-ref-from-parameter): a part of document()
  const json::Value* here = &document();
  std::string_view rest = reference.substr(2);
  while (!rest.empty()) {
    const auto slash = std::min(rest.find('/'), rest.size());
    here = here->at_path({rest.substr(0, slash)});
    if (here == nullptr) throw std::runtime_error("a dangling reference: " + std::string(reference));
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return resolved(*here);
}

bool is_of(const json::Value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "object") return value.if_object() != nullptr;
  if (type == "array") return value.if_array() != nullptr;
  if (type == "string") return value.if_string() != nullptr;
  if (type == "boolean") return value.if_bool() != nullptr;
  if (type == "integer") return value.integer().has_value();
  return type == "number" && value.if_number() != nullptr;
}

bool type_fits(const json::Value& value, const json::Value& types) {
  if (const auto* one = types.if_string()) return is_of(value, *one);
  return std::ranges::any_of(*types.if_array(), [&](const auto& type) { return is_of(value, *type.if_string()); });
}

/// What this small part of JSON Schema finds wrong; empty when all is well.
std::string wrong(const json::Value& value, const json::Value& unresolved, const std::string& at) {
  const json::Value& schema = resolved(unresolved);
  if (const auto* all = schema.at_path({"allOf"}))
    for (const auto& part : *all->if_array())
      if (auto found = wrong(value, part, at); !found.empty()) return found;
  if (const auto* type = schema.at_path({"type"}); type != nullptr && !type_fits(value, *type))
    return at + " is not of type " + json::write(*type);
  if (const auto* words = schema.at_path({"enum"}))
    if (std::ranges::find(*words->if_array(), value) == words->if_array()->end())
      return at + " is not one of its words";
  if (const auto* required = schema.at_path({"required"}); required != nullptr && value.if_object() != nullptr)
    for (const auto& name : *required->if_array())
      if (!value.if_object()->contains(*name.if_string())) return at + " lacks " + *name.if_string();
  if (const auto* properties = schema.at_path({"properties"}); properties != nullptr && value.if_object() != nullptr)
    for (const auto& [name, below] : *properties->if_object())
      if (const auto* member = value.if_object()->find(name))
        if (auto found = wrong(*member, below, at + "/" + name); !found.empty()) return found;
  if (const auto* items = schema.at_path({"items"}); items != nullptr && value.if_array() != nullptr)
    for (const auto& item : *value.if_array())
      if (auto found = wrong(item, *items, at + "[]"); !found.empty()) return found;
  return {};
}

std::string word(Verb verb) {
  return ascii::lowered(http::to_string(verb));
}

/// Compares one answer with what is written about its operation.
void expect_described(const std::string& path, Verb verb, const Answered& answer) {
  const std::string verb_word = word(verb);
  const std::string status = std::to_string(answer.status);
  const auto* response = document().at_path({"paths", path, verb_word, "responses", status});
  ASSERT_NE(response, nullptr) << verb_word << " " << path << " answers " << status << ": " << answer.body;
  const json::Value& described = resolved(*response);
  const auto* content = described.at_path({"content"});
  const auto type = answer.headers.find("Content-Type");
  if (content == nullptr) {
    EXPECT_FALSE(type) << path;
    return;
  }
  ASSERT_TRUE(type);
  const std::string media(type->substr(0, type->find(';')));
  const auto* schema = content->at_path({media, "schema"});
  ASSERT_NE(schema, nullptr) << path << " answers " << media;
  if (media != "application/json") return;
  const auto body = json::parse(answer.body);
  ASSERT_TRUE(body) << answer.body;
  EXPECT_EQ(wrong(*body, *schema, path), "") << answer.body;
}

TEST(OpenApi, NamesEveryRouteAndNoOther) {
  std::set<std::string> described, served;
  for (const auto& [path, item] : *document().at_path({"paths"})->if_object())
    for (const auto& [verb, operation] : *item.if_object())
      if (verb != "parameters") described.insert(verb + " " + path);
  for (const auto& route : Api::routes()) served.insert(word(route.verb) + " " + std::string(route.path));
  EXPECT_EQ(described, served);
}

TEST(OpenApi, IsOfThisVersionAndOpenWhereTheRoutesAre) {
  EXPECT_EQ(document().text_at({"openapi"}), "3.1.0");
  EXPECT_EQ(document().text_at({"info", "version"}), nephele::version);
  for (const auto& route : Api::routes()) {
    const auto* security = document().at_path({"paths", route.path, word(route.verb), "security"});
    EXPECT_EQ(security != nullptr, route.access == http::Access::open) << route.path;
  }
}

TEST(OpenApi, ShowsExamplesThatFitTheirSchemas) {
  for (const auto& [path, item] : *document().at_path({"paths"})->if_object())
    for (const auto& [verb, operation] : *item.if_object()) {
      const auto* responses = operation.at_path({"responses"});
      if (responses == nullptr) continue;
      for (const auto& [status, response] : *responses->if_object()) {
        const auto* json_content = resolved(response).at_path({"content", "application/json"});
        const auto* example = json_content == nullptr ? nullptr : json_content->at_path({"example"});
        if (example != nullptr) {
          EXPECT_EQ(wrong(*example, *json_content->at_path({"schema"}), path + " " + status), "");
        }
      }
    }
}

class OpenApiAnswers : public ApiTest {};

TEST_F(OpenApiAnswers, AreAsDescribed) {
  const std::string all = "/serverless-runtimes", one = "/serverless-runtimes/{id}", stream = one + "/events";
  const auto nobody = ApiCaller::Headers{};
  const auto wrong_password = ApiCaller::as("ada", "wrong");
  expect_described(all, Verb::post, post(minimal));
  expect_described(all, Verb::post, post("{bad"));
  expect_described(all, Verb::post, post("{}"));
  expect_described(all, Verb::post, post(minimal, nobody));
  expect_described(all, Verb::post, post(minimal, wrong_password));
  expect_described(all, Verb::post, post(minimal, ApiCaller::as("crowd")));
  expect_described(all, Verb::post, post(std::string(body_bytes_max + 1, ' ')));
  expect_described(all, Verb::get, get(all));
  expect_described(all, Verb::get, get(all + "?limit=x"));
  expect_described(one, Verb::get, get(all + "/2"));
  expect_described(one, Verb::get, get(all + "/4"));
  expect_described(one, Verb::get, get(all + "/2", ApiCaller::as("bob")));
  expect_described(one, Verb::put, put(all + "/2", minimal));
  expect_described(one, Verb::put, put(all + "/2", "{}"));
  expect_described(one, Verb::put, put(all + "/4", minimal));
  expect_described(stream, Verb::get, get(all + "/2/events"));
  expect_described(stream, Verb::get, get(all + "/4/events"));
  for (const auto kind : {Kind::invalid, Kind::unauthorized, Kind::forbidden, Kind::not_found, Kind::conflict,
                          Kind::over_quota, Kind::busy, Kind::unavailable, Kind::timeout, Kind::internal}) {
    cloud.refusal.emplace(Code::create_refused, Error(kind, "why"));
    expect_described(all, Verb::post, post(minimal));
    cloud.refusal.emplace(Code::document_unreadable, Error(kind, "why"));
    expect_described(one, Verb::get, get(all + "/2"));
    cloud.refuse_update.emplace(Code::capacity_refused, Error(kind, "why"));
    expect_described(one, Verb::put, put(all + "/2", minimal));
  }
  cloud.refuse_update.emplace(Code::transient_state, "FAAS", "PENDING");
  expect_described(one, Verb::put, put(all + "/2", minimal));
  cloud.refusal.emplace(Code::flavour_unknown, "x", json::Object{});
  expect_described(all, Verb::post, post(minimal));
  expect_described(one, Verb::del, del(all + "/2"));
  expect_described(one, Verb::del, del(all + "/2"));
  for (const auto* path : {"/serverless-runtimes/schema", "/server/version", "/server/config", "/", "/openapi.json",
                           "/healthz", "/readyz", "/metrics"})
    expect_described(path, Verb::get, get(path, nobody));
  Flavours flavours(*database, clock);
  ASSERT_TRUE(loop.run(flavours.seed()));
  expect_described("/readyz", Verb::get, get("/readyz", nobody));
}

}  // namespace
}  // namespace nephele::runtimes
