#include "showo/train/adversary.h"

#include "showo/checkpoint/load.h"
#include "showo/train/restore.h"

namespace showo {
namespace {

Discriminator new_discriminator(const DiscriminatorConfig& config, uint64_t seed) {
  Discriminator discriminator(config);
  initialise_discriminator(discriminator, seed);
  use_channels_last(*discriminator);
  return discriminator;
}

// Takes a module's parameters out of the graph that is recorded while it lives.
class Frozen {
 public:
  explicit Frozen(torch::nn::Module& module) : parameters_(module.parameters()) { set(false); }
  ~Frozen() { set(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void set(bool trains) {
    for (auto& parameter : parameters_) parameter.requires_grad_(trains);
  }
  std::vector<Tensor> parameters_;
};

}  // namespace

Adversary::Adversary(const AdversaryOptions& options, uint64_t seed, bool bf16,
                     const TrainerPlace& place)
    : options_(options),
      bf16_(bf16),
      place_(place),
      discriminator_(on(place.device, new_discriminator(options.network, seed))),
      learner_(*discriminator_, options.optimizer, place,
               {.what = "the discriminator's gradient"}) {}

Tensor Adversary::verdict(const Tensor& reconstruction) {
  Frozen frozen(*discriminator_);
  Autocast autocast(bf16_, place_.device.type());
  const auto fake = discriminator_(reconstruction).to(torch::kFloat);
  return generator_loss(options_.network.loss, fake);
}

double Adversary::learn(const std::vector<Pair>& batches, int64_t step, int64_t total_steps) {
  double sum = 0;
  const auto count = static_cast<int64_t>(batches.size());
  std::vector<Learner::Loss> losses;
  for (const Pair& batch : batches) {
    losses.emplace_back([&] {
      Autocast autocast(bf16_, place_.device.type());
      const auto both = torch::cat({batch.image_B3HW, batch.reconstruction_B3HW.detach()});
      const auto logits = discriminator_(both).to(torch::kFloat).chunk(2);
      const auto loss = discriminator_loss(options_.network.loss, logits[0], logits[1]);
      sum += loss.item<double>();
      return loss / (count * place_.group.size());
    });
  }
  const double norm = learner_.gradients(losses);
  learner_.step(norm, step, total_steps);
  return sum / static_cast<double>(count);
}

TensorMap Adversary::state() {
  TensorMap state = with_prefix("discriminator.", state_of(*discriminator_));
  state.merge(with_prefix("discriminator_optimizer.", learner_.state()));
  return state;
}

void Adversary::load_state(const TensorMap& state, const std::string& source) {
  restore(*discriminator_, without_prefix("discriminator.", state), source);
  learner_.load_state(without_prefix("discriminator_optimizer.", state), source);
}

}  // namespace showo
