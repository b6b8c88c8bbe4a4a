#include "apps/server/server.h"

#include <filesystem>

#include "apps/server/application.h"
#include "apps/server/listener.h"
#include "showo/core/option_error.h"

namespace showo::server {
namespace {

std::string name_of(const std::string& folder) {
  const auto path = std::filesystem::weakly_canonical(folder);
  return path.filename().string();
}

}  // namespace

void serve(const std::string& folder, ModelOptions model_options, const Options& options,
           const std::function<bool()>& ends,
           const std::function<void(const std::string&)>& ready) {
  check_options(options);
  Listener listener(options);  // a port that is taken is known before the model is read
  if (!model_options.limits) model_options.limits.emplace();
  model_options.limits->waiting = options.limits.queue;
  Service service(Model(folder, model_options), name_of(folder), options);
  Application application(service, [&] { return listener.connections(); });
  ready(listener.address());
  listener.run(ends, [&](Connection& connection) { application.serve(connection); });

  service.ending = true;
  listener.close();
  if (listener.wait(std::chrono::seconds(options.grace))) return;
  service.ended = true;
  if (listener.wait(std::chrono::seconds(5))) return;
  listener.shut_down();
  listener.wait(std::chrono::hours(1));
}

}  // namespace showo::server
