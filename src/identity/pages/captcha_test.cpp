// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/captcha.h"

#include "http/server.h"
#include "identity/testing/site.h"

namespace nephele::identity::pages {
namespace {

using testing::Fields;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CaptchaRules, Verdicts) {
  EXPECT_EQ(verdict_in(R"({"success": true, "hostname": "x"})", 0.5), true);
  EXPECT_EQ(verdict_in(R"({"success": false, "error-codes": ["timeout-or-duplicate"]})", 0.5), false);
  EXPECT_EQ(verdict_in(R"({"success": true, "score": 0.7})", 0.5), true);
  EXPECT_EQ(verdict_in(R"({"success": true, "score": 0.3})", 0.5), false);
  for (const auto* none : {"", "true", "{}", "[]", R"({"success": "true"})", R"({"success": 1})", "<html>",
                           R"({"success": true, "score": "high"})"})
    EXPECT_EQ(verdict_in(none, 0.5), std::nullopt) << none;
}

TEST(CaptchaRules, Settings) {
  CaptchaSettings settings{.enabled = true, .public_key = "p", .private_key = Secret("s"), .options = {}};
  EXPECT_TRUE(Captcha::check(settings));
  const auto problem = [&] {
    const auto checked = Captcha::check(settings);
    return checked ? std::string() : checked.error().sentence();
  };
  settings.verify_url = "http://verify.example.org/";
  EXPECT_THAT(problem(), HasSubstr("ASTAKOS_RECAPTCHA_VERIFY_URL is not https"));
  settings.use_ssl = false;
  EXPECT_TRUE(Captcha::check(settings));
  settings.use_ssl = true;
  settings.verify_url = "http://127.0.0.1:1/siteverify";
  EXPECT_TRUE(Captcha::check(settings));
  settings.script_url = "https://a b/x.js; script-src *";
  EXPECT_THAT(problem(), HasSubstr("ASTAKOS_RECAPTCHA_SCRIPT_URL"));
  settings.private_key = {};
  EXPECT_THAT(problem(), HasSubstr("ASTAKOS_RECAPTCHA_PRIVATE_KEY"));
  settings.enabled = false;
  EXPECT_TRUE(Captcha::check(settings));
}

/// Who verifies, on this machine: what it was asked, and an answer for each answer of a box.
class Verifier {
 public:
  static std::span<const http::Route<Verifier>> routes() {
    static constexpr std::array<http::Route<Verifier>, 1> table{
        {{http::Verb::post, "/siteverify", http::Access::open, &Verifier::judge, 65'536}}};
    return table;
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  Task<http::Response> judge(http::Request& request) {
    const std::string body = (co_await http::read_all(*request.body, 65'536)).value_or("");
    const auto form = FormData::parse(body).value();
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(body);
    }
    const auto answer = form.value("response");
    if (answer == "broken") co_return http::text_response(200, "<html>");
    if (answer == "failing") co_return http::text_response(500, "no");
    const bool right = answer == "solved" && form.value("secret") == "the private key";
    co_return http::json_response(200, right ? R"({"success": true})" : R"({"success": false})");
  }

  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
};

class CaptchaTest : public testing::SiteTest {
 protected:
  void SetUp() override {
    SiteTest::SetUp();
    verifier_router = std::make_unique<http::Router>(other_faults);
    verifier_router->add(verifier, Verifier::routes());
    server = std::make_unique<http::Server>(threads->executors(), *verifier_router, http::Limits{}, log::Logger{},
                                            log::Logger{});
    port = server->listen({.address = "127.0.0.1", .port = 0}).value();
    open(with_box("http://127.0.0.1:" + std::to_string(port) + "/siteverify"));
  }
  void TearDown() override {
    run(server->stop(in(5s)));
    SiteTest::TearDown();
    server.reset();
  }
  static Settings with_box(const std::string& verify_url) {
    Settings settings;
    settings.captcha = {.enabled = true,
                        .public_key = "the <public> key",
                        .private_key = Secret("the private key"),
                        .options = {},
                        .verify_url = verify_url};
    return settings;
  }
  testing::Answered sign_up(testing::SiteTest::Browser& someone, const std::string& answer) {
    auto fields = ada();
    if (!answer.empty()) fields.emplace_back("g-recaptcha-response", answer);
    return someone.post("/ui/signup", fields);
  }
  static std::string policy(const testing::Answered& page) {
    return std::string(page.headers.find("Content-Security-Policy").value());
  }

  Verifier verifier;
  std::unique_ptr<http::Router> verifier_router;
  std::unique_ptr<http::Server> server;
  std::uint16_t port = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, CaptchaTest, ::testing::Values(sql::Engine::sqlite), sql::testing::engine_name);

TEST_P(CaptchaTest, SignUpNeedsASolvedBox) {
  auto someone = browser();
  const auto page = someone.get("/ui/signup");
  EXPECT_THAT(page.body, AllOf(HasSubstr("data-sitekey=\"the &lt;public&gt; key\""), Not(HasSubstr("private"))));
  EXPECT_THAT(policy(page), AllOf(HasSubstr("script-src https://www.google.com https://www.gstatic.com;"),
                                  HasSubstr("frame-src https://www.google.com"), Not(HasSubstr("unsafe"))));
  EXPECT_THAT(policy(someone.get("/ui/login")), Not(HasSubstr("google")));
  for (const auto* wrong : {"", "guessed", "broken", "failing"}) {
    const auto refused = sign_up(someone, wrong);
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_THAT(refused.body, HasSubstr("captcha-problem")) << wrong;
  }
  EXPECT_EQ(verifier.asked().size(), 3);  // without an answer there is nothing to ask
  EXPECT_EQ(sign_up(someone, "solved").status, 200);
  EXPECT_THAT(verifier.asked().back(), HasSubstr("remoteip=192.0.2.1"));
  auto fields = ada();
  fields[4].second = "x";
  fields.emplace_back("g-recaptcha-response", "solved");
  EXPECT_EQ(someone.post("/ui/signup", fields).status, 400);
  EXPECT_EQ(verifier.asked().size(), 4);  // a box is not used up by a form with other faults
}

TEST_P(CaptchaTest, WhoCannotBeAskedLetsNobodyIn) {
  run(server->stop(in(5s)));
  auto someone = browser();
  const auto refused = sign_up(someone, "solved");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("cannot be checked at the moment"));
  EXPECT_EQ(run(identity->find("ada@example.org")).error().kind(), Kind::not_found);
}

TEST_P(CaptchaTest, WrongPasswordsBringTheBoxUp) {
  member("ada");
  member("bob");
  auto someone = browser();
  EXPECT_THAT(someone.sign_in("ada", "wrong one").body, Not(HasSubstr("g-recaptcha")));
  const auto second = someone.sign_in("ADA", "wrong two");
  EXPECT_THAT(second.body, HasSubstr("g-recaptcha"));
  EXPECT_THAT(policy(second), HasSubstr("script-src https://www.google.com"));
  const auto without = someone.sign_in("ada");
  EXPECT_EQ(without.status, 403);
  EXPECT_THAT(without.body, HasSubstr("Please tick the box"));
  EXPECT_EQ(
      someone
          .post("/ui/login", {{"username", "ada"}, {"password", "correct horse"}, {"g-recaptcha-response", "guessed"}})
          .status,
      403);
  auto bob = browser();
  EXPECT_EQ(bob.sign_in("bob").status, 303);
  EXPECT_EQ(
      someone
          .post("/ui/login", {{"username", "ada"}, {"password", "correct horse"}, {"g-recaptcha-response", "solved"}})
          .location(),
      "/ui/landing");
  clock.advance(2min);
  auto later = browser();
  EXPECT_EQ(later.sign_in("ada").status, 303);
}

}  // namespace
}  // namespace nephele::identity::pages
