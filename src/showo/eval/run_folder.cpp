#include "showo/eval/run_folder.h"

namespace showo {

void claim_run(const fs::path& folder, const Json& run, Group& group) {
  const fs::path path = folder / "run.json";
  if (fs::exists(path)) {
    const Json other = read_json(path);
    if (other != run)
      fail("{}: the folder holds what another run made: {}; this one is {}", path.string(),
           other.dump(), run.dump());
  } else if (group.leads()) {
    make_folder(folder);
    write_file_atomically(path, run.dump(2) + "\n");
  }
  group.meet();
}

}  // namespace showo
