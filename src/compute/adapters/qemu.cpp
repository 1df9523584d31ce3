// SPDX-License-Identifier: Apache-2.0
#include "compute/adapters/qemu.h"

#include <fmt/format.h>

#include <utility>

#include "clouds/qemu/disk_image.h"
#include "compute/adapters/qemu_impl.h"

namespace nephele::compute {

Result<Bytes> least_disk(const std::string& path) {
  return qemu::base_size(path);
}

QemuBackend::QemuBackend(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QemuBackend::~QemuBackend() = default;

Result<> QemuBackend::check(const QemuSettings& settings) {
  TRY_VOID(Impl::find_tools(settings));
  return {};
}

Result<std::unique_ptr<QemuBackend>> QemuBackend::open(QemuSettings settings, const Executor& executor,
                                                       log::Logger log) {
  TRY(auto impl, Impl::open(std::move(settings), executor, std::move(log)));
  return std::unique_ptr<QemuBackend>(new QemuBackend(std::move(impl)));
}

void QemuBackend::listen(MachineEvents& events) {
  impl_->listen(events);
}

Task<std::string> QemuBackend::accelerator() {
  const auto told = co_await impl_->on_strand(impl_->accelerator_words());
  co_return told ? *told : told.error().sentence();
}

Result<Capacity> QemuBackend::capacity() {
  return impl_->capacity();
}

Task<Result<>> QemuBackend::prepare(MachineSpec spec, std::vector<ContextFile> context) {
  co_return co_await impl_->on_strand(impl_->prepare(std::move(spec), std::move(context)));
}
Task<Result<>> QemuBackend::start(MachineSpec spec) {
  co_return co_await impl_->on_strand(impl_->start(std::move(spec)));
}
Task<Result<>> QemuBackend::stop(ServerId id, std::chrono::milliseconds grace) {
  co_return co_await impl_->on_strand(impl_->stop(id, grace));
}
Task<Result<>> QemuBackend::reboot(ServerId id) {
  co_return co_await impl_->on_strand(impl_->reboot(id));
}
Task<Result<Resized>> QemuBackend::resize(MachineSpec spec) {
  co_return co_await impl_->on_strand(impl_->resize(std::move(spec)));
}
Task<Result<>> QemuBackend::remove(ServerId id) {
  co_return co_await impl_->on_strand(impl_->remove(id));
}
Task<Result<MachineState>> QemuBackend::state(ServerId id) {
  co_return co_await impl_->on_strand(impl_->state(id));
}
Task<Result<std::vector<MachineState>>> QemuBackend::list() {
  co_return co_await impl_->on_strand(impl_->list());
}
Task<Result<std::string>> QemuBackend::console_log(ServerId id, std::size_t bytes) {
  co_return co_await impl_->console_log(id, bytes);
}
Result<std::string> QemuBackend::console_socket(ServerId id) {
  return impl_->console_socket(id);
}
Result<> QemuBackend::probe_address(std::string_view address, const std::vector<std::uint16_t>& ports) {
  return impl_->probe_address(address, ports);
}
Task<> QemuBackend::stop_watching() {
  co_await impl_->stop_watching();
}

}  // namespace nephele::compute
