// Lists of prompts to draw, in the forms in which they are published: DPG-Bench's folder of texts,
// lines, and tables of captions such as the 30,000 of COCO by which FID is measured.
#pragma once

#include <string>
#include <vector>

#include "showo/benchmarks/benchmark.h"

namespace showo {

struct ListedPrompt {
  std::string name;  // of its picture's file, without the ending
  std::string text;
};

/// `data`: a folder of NAME.txt (in the order of names); .csv with a column prompt, caption or
/// text; .jsonl or .json, of texts or of objects with such a key; any other file: a prompt a line,
/// empty ones left out. Those of a file are named by their places, from 00000 on. Problems:
/// "doubled" (a text that stood there before: drawn again) and "empty" (left out; its place stays
/// free). Throws Error naming what is damaged, and when there is no prompt.
std::vector<ListedPrompt> read_prompts(const fs::path& data, Problems& problems);

}  // namespace showo
