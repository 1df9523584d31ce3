// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "base/async_all.h"
#include "base/secret.h"
#include "runtimes/adapters/opennebula/function_view.h"
#include "runtimes/adapters/opennebula/opennebula.h"
#include "runtimes/document.h"
#include "runtimes/flavour.h"

namespace nephele::runtimes {

using namespace one;  // NOLINT(google-build-using-namespace): the rooms of this very adapter

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// {"FAAS":{...},"DAAS":{...}} of the specification, for the answer that no template fits.
json::Value asked_for(const json::Object& document) {
  json::Object out;
  for (const Role role : roles)
    if (role == Role::faas || has_function(document, role))
      out.append(std::string(to_string(role)), *document.find(to_string(role)));
  return out;
}

json::Value log_of(const opennebula::Service& service, const opennebula::Session& session) {
  json::Array lines;
  for (const auto& line : service.log) {
    json::Object each;
    each.append("timestamp", line.timestamp);
    each.append("severity", line.severity);
    each.append("message", opennebula::without_credentials(line.message, session));
    lines.emplace_back(std::move(each));
  }
  return lines;
}

bool complete(const opennebula::Service& service, const std::vector<Role>& wanted) {
  return std::ranges::all_of(wanted, [&](Role role) {
    const auto* has = role_for(service, role);
    return has != nullptr && has->complete() && !has->vms.empty();
  });
}

/// Behind what a refusal says, in its form: an entry of the service's log, or the end of a sentence (contract, 2.8).
void also_told(json::Value& message, std::string text) {
  if (text.empty()) return;
  const auto* said = message.if_string();
  if (auto* lines = message.if_array(); lines != nullptr)
    lines->emplace_back(std::move(text));
  else if (said != nullptr)
    message = said->empty() ? std::move(text) : *said + "; " + text;
}

/// An error before OpenNebula could hear what it was asked for.
bool was_not_heard(const Error& error) {
  const auto cause = error.detail("cause");
  return cause == "request" || cause == "unreachable";
}

/// Why these cannot be sent. No caller's fault: what he writes is made writable, but a VM template may hold what no
/// text can carry, and it is its owner who can change that.
Refusal not_sendable(const opennebula::ServiceTemplate& from, const std::vector<opennebula::RoleOverride>& overrides,
                     const std::vector<std::int64_t>& vm_templates, opennebula::Dialect dialect, const Error& error) {
  for (std::size_t i = 0; i < overrides.size(); ++i)
    if (const auto alone = opennebula::merge_template(from, {overrides[i]}, dialect); !alone)
      return {Code::template_unreadable, ascii::uppered(overrides[i].name),
              "the VM template " + std::to_string(vm_templates[i]) +
                  " cannot be sent along; change it in OpenNebula: " + alone.error().sentence()};
  return {Code::create_refused, {}, error.sentence()};
}

/// Thousands of creates at once gain nothing from doing two things at a time: each of those needs its memory.
class Beside {
 public:
  explicit Beside(std::atomic<int>& count) : count_(count), mine_(++count) {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() { --count_; }
  bool has_room() const noexcept { return mine_ <= most; }

 private:
  static constexpr int most = 32;
  std::atomic<int>& count_;
  const int mine_;
};

}  // namespace

Task<Answer<View>> OpenNebulaCloud::create(Caller caller, NewRuntime wanted) {
  const auto session = session_of(caller, in(settings_.timeout + besides));
  if (auto objection = objection_to_name(wanted.specification.name.value_or(""), false); !objection.empty())
    co_return refuse(Code::invalid_specification, {}, std::move(objection));
  const auto& document = wanted.specification.document;
  const auto flavours = flavour_tuple(flavour_of(document, Role::faas), flavour_of(document, Role::daas));
  // Now, since a name that oned does not keep would be refused when everything else is done.
  if (!wanted.specification.name) wanted.specification.name = default_name(flavours);
  const auto key = wanted.idempotency;
  std::string tag = random_uuid();
  const auto recipe = recipes_.find(caller, flavours);
  auto planning = plan(session, caller, document, tag, recipe.value_or(std::vector<std::int64_t>{}));
  auto beginning = leftovers_.begin(caller, {.tag = std::move(tag), .service = {}, .vms = {}, .document = {}}, key,
                                    session.deadline);
  std::optional<Answer<Plan>> planned;
  std::optional<Result<Begun>> begun;
  // Only those count that would do two things at a time.
  std::optional<Beside> beside;
  if (recipe && !key) beside.emplace(beside_);
  if (beside && beside->has_room()) {
    std::tie(planned, begun) = co_await both_of(std::move(planning), std::move(beginning));
  } else {
    // Whom OpenNebula does not let in leaves no row; who has a key may wait for its turn.
    planned = co_await std::move(planning);
    if (*planned) begun = co_await std::move(beginning);
  }
  if (!*planned) {
    recipes_.forget(caller, flavours);
    if (begun && *begun && (*begun)->journal) (void)co_await (*begun)->journal->settle();
    co_return std::unexpected(std::move(*planned).error());
  }
  recipes_.remember(caller, flavours, (*planned)->vm_templates);
  if (!*begun) co_return refuse(Code::internal, begun->error());
  if (const auto& used = (*begun)->used; used && used->body_hash != key->body_hash)
    co_return refuse(Code::idempotency_key_reused, {}, "use a new key for a new request");
  if (const auto& used = (*begun)->used) co_return View{.id = used->runtime, .runtime = used->answer};
  auto& journal = *(*begun)->journal;
  auto view = co_await deploy(session, **planned, std::move(wanted.specification), journal.remains);
  if (view) {
    // Before the answer leaves: from then on it is the caller's. If the row was taken over, it is being removed.
    const auto settled = co_await journal.settle(*view);
    if (settled) co_return view;
    co_return refuse(Code::internal, settled.error());
  }
  also_told(view.error().message, co_await clear_up(caller, journal));
  co_return view;
}

Answer<opennebula::ServiceTemplate> OpenNebulaCloud::choose(std::vector<opennebula::ServiceTemplate> templates,
                                                            const json::Object& document) const {
  if (templates.empty()) return refuse(Code::no_templates);
  const auto faas = flavour_of(document, Role::faas);
  const auto daas = flavour_of(document, Role::daas);
  const auto tuple = flavour_tuple(faas, daas);
  const auto named = [&](const std::string& name) {
    return std::ranges::find(templates, name, [](const auto& each) { return each.header.name; });
  };
  auto found = named(tuple);
  if (found == templates.end())
    if (const auto other = flavour_fallback(faas, daas)) found = named(*other);
  if (found == templates.end()) return refuse(Code::flavour_unknown, tuple, asked_for(document));
  log_.info("Found matching flow template for tuple: " + tuple);
  return std::move(*found);
}

Task<Answer<OpenNebulaCloud::Plan>> OpenNebulaCloud::plan(Session session, const Caller& caller,
                                                          const json::Object& document, std::string tag,
                                                          std::vector<std::int64_t> recipe) {
  auto [templates, vm_templates] =
      co_await both_of(upstream_.reader.service_templates(session), upstream_.reader.vm_templates(session, recipe));
  if (!templates) co_return std::unexpected(refused_by(Code::templates_unlisted, templates.error()));
  auto chosen = choose(std::move(*templates), document);
  if (!chosen) co_return std::unexpected(std::move(chosen).error());
  const auto& from = *chosen;
  const auto dialect = co_await dialects_.dialect(session, from);
  if (!dialect) co_return std::unexpected(refused_by(Code::create_refused, dialect.error()));
  std::vector<std::string> left_out;
  const auto wishes = wishes_of(document, left_out);
  for (const auto& name : left_out) log_.warn("Ignoring " + name + ": OpenNebula has no such attribute");

  auto functions = functions_of(document);
  std::vector<std::string> places;
  std::vector<std::int64_t> ids;
  for (const Role role : functions) {
    const std::string name(to_string(role));
    const auto* place = role_for(from, role);
    if (place == nullptr || !place->vm_template)
      co_return refuse(Code::template_unreadable, name,
                       "the service template " + from.header.name + " has no role " + name + " with a VM template");
    places.push_back(place->name);
    ids.push_back(*place->vm_template);
  }
  if (ids != recipe) vm_templates = co_await upstream_.reader.vm_templates(session, ids);

  const auto sr_auth =
      sr_auth_ == SrAuth::credentials ? to_base64(caller.user + ":" + caller.password.reveal()) : std::string();
  std::vector<opennebula::RoleOverride> overrides;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const std::string name(to_string(functions[i]));
    const auto& vm_template = vm_templates[i];
    if (!vm_template) co_return std::unexpected(refused_by(Code::template_unreadable, vm_template.error(), name));
    auto contents =
        override_of({.sizes = planned_sizes(wanted_sizes(document, functions[i]), *vm_template, settings_.capacity),
                     .sr_auth = sr_auth,
                     .wishes = wishes,
                     .service_template = from.header.id,
                     .tag = tag},
                    *vm_template, settings_.capacity, *dialect);
    if (!contents) co_return refuse(Code::template_without_disk);
    log_.info("Applying \"vm_template_contents\" to role " + name);
    overrides.push_back({.name = std::move(places[i]), .contents = std::move(*contents)});
  }
  auto merge = opennebula::merge_template(from, overrides, *dialect);
  if (!merge) co_return std::unexpected(not_sendable(from, overrides, ids, *dialect, merge.error()));
  co_return Plan{.from = std::move(*chosen),
                 .merge = std::move(*merge),
                 .functions = std::move(functions),
                 .vm_templates = std::move(ids)};
}

Task<Answer<View>> OpenNebulaCloud::deploy(Session session, const Plan& plan, Specification wanted, Remains& remains) {
  log_.info("Creating oneflow Service for Serverless Runtime");
  log_.info("Instantiating service_template " + std::to_string(plan.from.header.id));
  log_.info("with additional parameters");
  const auto begun = co_await upstream_.flow.instantiate(session, plan.from.header.id, plan.merge);
  if (!begun) {
    if (was_not_heard(begun.error())) remains.tag.clear();
    if (begun.error().detail("cause") == "refused") co_await look_for_refused(session, remains);
    co_return std::unexpected(refused_by(Code::create_refused, begun.error()));
  }
  const auto service_id = begun->header.id;
  remains.service = service_id;
  const auto service = co_await machines_of(session, service_id, plan.functions);
  if (!service) co_return std::unexpected(service.error());
  log_.info("Serverless Runtime Service created: " + std::to_string(service_id));

  for (const Role role : plan.functions) remains.vms.push_back(role_for(*service, role)->vms.front());
  const auto vms = co_await upstream_.reader.vms(session, remains.vms);
  std::vector<Function> functions;
  for (std::size_t i = 0; i < vms.size(); ++i) {
    if (!vms[i]) co_return std::unexpected(refused_by(Code::vm_unreadable, vms[i].error()));
    auto function = function_of(plan.functions[i], *vms[i]);
    // The published clients give up when a POST answers anything else; that a VM was quicker they learn from a GET.
    if (function.state == FunctionState::running) function.state = FunctionState::pending;
    functions.push_back(std::move(function));
  }
  co_return co_await write_down(session, std::move(wanted), service_id, std::move(functions), remains);
}

/// OneFlow writes the service down first and sees to its networks then: when those cannot be had it refuses, and leaves
/// the service behind. It does nothing more after its answer, so that one look tells all.
Task<> OpenNebulaCloud::look_for_refused(Session session, Remains& remains) {
  const auto found = co_await find_service(upstream_, std::move(session), remains.tag);
  if (!found) co_return;  // a worker goes on looking
  remains.service = *found;
  if (!remains.service) remains.tag.clear();
}

Task<Answer<opennebula::Service>> OpenNebulaCloud::machines_of(Session session, std::int64_t id,
                                                               const std::vector<Role>& wanted) {
  const auto text = std::to_string(id);
  const auto deadline = in(settings_.timeout);
  for (const Role role : wanted)
    log_.info("Waiting " + std::to_string(settings_.timeout.count()) + " seconds for service role " +
              std::string(to_string(role)) + " VMs");
  for (milliseconds pause{25};; pause = std::min<milliseconds>(pause * 3 / 2, seconds{1})) {
    auto service = co_await upstream_.reader.service(session, id);
    if (!service) {
      auto refusal = refused_by(Code::service_unreadable, service.error(), text);
      if (service.error().kind() == Kind::not_found) refusal.cause.reset();  // 404 is no answer to a POST
      co_return std::unexpected(std::move(refusal));
    }
    if (opennebula::is_failed(service->state)) co_return refuse(Code::service_failed, text, log_of(*service, session));
    if (complete(*service, wanted)) co_return std::move(*service);
    if (in(pause) > deadline) co_return refuse(Code::vms_not_created, text, log_of(*service, session));
    co_await sleep_for(pause);
  }
}

Task<Answer<View>> OpenNebulaCloud::write_down(Session session, Specification wanted, std::int64_t service,
                                               std::vector<Function> functions, Remains& remains) {
  const auto& document = wanted.document;
  std::string name = wanted.name.value_or("");
  log_.info("Allocating Serverless Runtime Document");
  log_.info("Creating Serverless Runtime Document");
  const auto text = opennebula::document_text(render_members(document, service, functions), name);
  if (!text) co_return std::unexpected(refused_by(Code::document_not_created, text.error()));
  const auto allocated = co_await upstream_.oned.allocate_document(session, *text, document_type);
  if (!allocated) co_return std::unexpected(refused_by(Code::document_not_created, allocated.error()));
  remains.document = *allocated;
  if (name.empty()) name = "document-" + std::to_string(*allocated);  // what oned makes of it
  log_.info("Created Serverless Runtime Document");
  const RuntimeId id(*allocated);
  co_return View{.id = id, .runtime = render(id, service, name, document, functions)};
}

Task<std::string> OpenNebulaCloud::clear_up(const Caller& caller, Journal& journal) {
  const auto service = journal.remains.service;
  if (journal.remains.tag.empty() && !service) {
    (void)co_await journal.settle();
    co_return std::string();
  }
  std::string failure;
  log_.warn("Removing what is left of a Serverless Runtime that could not be created",
            {{"request", caller.request_id}, {"service", service ? std::to_string(*service) : "unknown"}});
  if (service) {
    // Not the request's own deadline, which may be what has passed.
    const auto gone = co_await force_service_away(upstream_, session_of(caller, in(clearing_up)), *service, &log_);
    if (!gone) {
      const auto text = "Failed to delete Serverless Runtime Service " + std::to_string(*service);
      log_.warn(text, {{"reason", gone.error().sentence()}, {"request", caller.request_id}});
      failure = text + ": " + said_by(gone.error());
    }
  }
  co_await journal.hand_over();
  co_return failure;
}

}  // namespace nephele::runtimes
