// Captions of COCO and Flickr30k: CIDEr-D, BLEU and ROUGE-L as pycocoevalcap 1.2 gives them (METEOR
// and SPICE left out), on COCO's own files or Karpathy's.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// `data`: a file in COCO's form (captions_val2014.json: images, annotations) or in Karpathy's
/// (dataset_coco.json, dataset_flickr30k.json: the images of split test), or a folder, in which
/// the first of these three that is there is meant. Pictures are in the folder that the file
/// names, in val2014/, flickr30k-images/, images/ or beside the file. The makers name no prompt:
/// lmms-eval's serves for both protocols. Throws Error naming the file and entry; a picture that
/// stands twice or has no captions is one.
///
/// Predictions: a list of {image_id, caption}, image_id being COCO's or, of Flickr30k, imgid; in a
/// folder, <name of the data's file>_results.json or the only file …results.json. "official" has
/// images, CIDEr, Bleu_1 to Bleu_4 and ROUGE_L, "per_image" the same by id, with a list Bleu.
/// Problems: "doubled" (the last one counts), "unknown id" (left out), "missing" (an empty
/// caption): the official program scores none of these.
std::unique_ptr<Benchmark> open_captions(const fs::path& data);

}  // namespace showo
