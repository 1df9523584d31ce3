// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/shibboleth.h"

#include <array>

#include "identity/astakos/conventions.h"

namespace nephele::identity::pages {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

std::span<const Route<ShibbolethPages>> ShibbolethPages::routes() {
  using P = ShibbolethPages;
  // The old address is no redirect: a web server may have mod_shib only there.
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 2>{{
      {Verb::get, "/ui/login/shibboleth/", Access::open, &P::open<&P::sign_in>},
      {Verb::get, "/im/login/shibboleth/", Access::open, &P::open<&P::sign_in>},
  }});
  return table;
}

/// Values of the headers get into no log.
Task<Result<Response>> ShibbolethPages::sign_in(Request& request, Visit visit) {
  if (const auto trusted = ways::check_messenger(request, settings_); !trusted) {
    desk_.log.warn("shibboleth.refused", {{"request", request.id}, {"peer", request.peer}});
    co_return fail(trusted.error());
  }
  auto proof = ways::shibboleth_proof(request.headers, settings_);
  if (!proof) {
    Html content = element("p", {Html(proof.error().sentence())});
    content += element("p", {link("/ui/login", "Other ways to sign in")});
    co_return desk_.show(visit, {.title = "Your institution does not let you in", .content = content, .status = 400});
  }
  // Any page of the web can send a browser here: what is signed in already is only changed by a form of ours.
  Came came = came_by(desk_, request);
  came.ask_first = true;
  co_return co_await ways_.arrived(std::move(visit), request, std::move(*proof), std::move(came));
}

}  // namespace nephele::identity::pages
