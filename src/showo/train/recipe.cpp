#include "showo/train/recipe.h"

#include "showo/data/mixing.h"
#include "showo/model/mask_schedule.h"

namespace showo {

void ShowoRecipe::check() const {
  check_ranges(*this, "recipe");
  mixing_from(mixing);
  mask_ratio(batch.schedule, 0.5);
  for (const DataOptions* sources : {&data, &evaluation.data}) {
    for (const SourceConfig* source : {&sources->t2i, &sources->mmu, &sources->lm})
      check_source(*source);
  }
}

}  // namespace showo
