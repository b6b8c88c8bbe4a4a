// What showo info says of one file or folder. A kind of thing is one function: nothing when the
// path is of another kind, else what a user wants to know of it. Throws Error when it is of this
// kind and damaged. No weights are read beyond their headers.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "showo/core/files.h"

namespace showo::cli {

using Facts = nlohmann::ordered_json;  // in the order in which they are shown

struct Info {
  std::string title;                // all in one line: "PNG picture, 64×64 pixels"
  Facts facts;                      // for --json
  std::optional<Facts> lines = {};  // below the title; `facts` when left out
};

std::optional<Info> picture_info(const fs::path& path);
std::optional<Info> weights_info(const fs::path& path);
/// Show-o, its image tokenizer, a language model, a recogniser: folders with a config.json.
std::optional<Info> model_info(const fs::path& path);
std::optional<Info> tokenizer_info(const fs::path& path);
/// The folder of a training run, or one of its checkpoints.
std::optional<Info> run_info(const fs::path& path);
std::optional<Info> recipe_info(const fs::path& path);
std::optional<Info> case_info(const fs::path& path);
/// One tar file, or a folder of them.
std::optional<Info> shards_info(const fs::path& path);
std::optional<Info> parquet_info(const fs::path& path);
std::optional<Info> json_info(const fs::path& path);
std::optional<Info> text_info(const fs::path& path);
/// A folder of pictures, or of a folder for each class.
std::optional<Info> pictures_info(const fs::path& path);

}  // namespace showo::cli
