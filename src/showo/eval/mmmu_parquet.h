// MMMU's validation set as Hugging Face keeps it: SUBJECT/validation-….parquet, with the files of
// its pictures in the columns image_1 to image_7.
#pragma once

#include "showo/core/files.h"

namespace showo {

/// Whether `data`, or the folder of a subject in it, holds such a file and no validation.jsonl.
bool holds_mmmu_parquet(const fs::path& data);
/// Writes the plain layout that open_mmmu reads, validation.jsonl and images/, into `out`, unless
/// it is there; validation.jsonl comes last. Throws Error naming the file and column that is
/// missing, an id that is no file's name, and when built without Parquet.
void unpack_mmmu(const fs::path& data, const fs::path& out);

}  // namespace showo
