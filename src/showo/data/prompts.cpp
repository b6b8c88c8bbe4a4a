#include "showo/data/prompts.h"

#include "showo/core/random.h"

namespace showo {
namespace {

class Prompted : public data::Source {
 public:
  Prompted(std::unique_ptr<data::Source> source, std::vector<std::string> prompts)
      : source_(std::move(source)), prompts_(std::move(prompts)) {}
  int64_t parts() const override { return source_->parts(); }
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t seed) override {
    return std::make_unique<Reader>(source_->open(part, derive_seed(seed, 0)), prompts_,
                                    Dice(derive_seed(seed, 1)));
  }

 private:
  struct Reader : data::PartReader {
    Reader(std::unique_ptr<data::PartReader> in, const std::vector<std::string>& prompts, Dice dice)
        : in(std::move(in)), prompts(prompts), dice(dice) {}
    std::optional<Sample> next() override {
      auto sample = in->next();
      if (sample && !sample->caption.empty())
        sample->turns = {{prompts[dice.below(prompts.size())], sample->caption, ""}};
      return sample;
    }
    std::unique_ptr<data::PartReader> in;
    const std::vector<std::string>& prompts;
    Dice dice;
  };
  std::unique_ptr<data::Source> source_;
  std::vector<std::string> prompts_;
};

}  // namespace

std::unique_ptr<data::Source> with_prompts(std::unique_ptr<data::Source> source,
                                           std::vector<std::string> prompts) {
  return std::make_unique<Prompted>(std::move(source), std::move(prompts));
}

}  // namespace showo
