#include "showo/train/recipe.h"

#include "showo/data/mixing.h"
#include "showo/model/mask_schedule.h"

namespace showo {

void ShowoRecipe::check() const {
  check_ranges(*this, "recipe");
  mixing_from(mixing);
  mask_ratio(batch.schedule, 0.5);
  if (!vision.empty() && vision != "discrete" && vision != "magvit" && vision != "clip")
    fail("recipe: vision: expected discrete, magvit or clip, found {}", vision);
  if (magvit_features != "latent" && magvit_features != "map")
    fail("recipe: magvit_features: expected latent or map, found {}", magvit_features);
  if (!attention.empty() && attention != "omni" && attention != "causal")
    fail("recipe: attention: expected omni or causal, found {}", attention);
  if (vision == "clip" && tower.empty() && init_from.empty())
    fail("recipe: vision clip needs tower, the folder of a CLIP-ViT");
  for (const DataOptions* sources : {&data, &evaluation.data}) {
    for (const SourceConfig* source :
         {&sources->t2i, &sources->mmu, &sources->lm, &sources->stories})
      check_source(*source);
  }
}

}  // namespace showo
