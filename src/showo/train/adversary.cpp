#include "showo/train/adversary.h"

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
      optimizer_(*discriminator_, options.optimizer),
      reducer_(discriminator_->parameters(), place.group) {}

Tensor Adversary::verdict(const Tensor& reconstruction) {
  Frozen frozen(*discriminator_);
  Autocast autocast(bf16_, place_.device.type());
  const auto fake = discriminator_(reconstruction).to(torch::kFloat);
  return generator_loss(options_.network.loss, fake);
}

double Adversary::learn(const Tensor& image, const Tensor& reconstruction, int64_t step,
                        int64_t total_steps) {
  optimizer_.zero_grad();
  Tensor loss;
  {
    Autocast autocast(bf16_, place_.device.type());
    const auto logits =
        discriminator_(torch::cat({image, reconstruction.detach()})).to(torch::kFloat).chunk(2);
    loss = discriminator_loss(options_.network.loss, logits[0], logits[1]);
  }
  reducer_.arm();
  (loss / place_.group.size()).backward();
  reducer_.finish();
  if (guard_.passes(optimizer_.clip(), step + 1, *discriminator_))
    optimizer_.step(learning_rate(options_.optimizer, step, total_steps));
  return loss.item<double>();
}

TensorMap Adversary::state() const {
  TensorMap state = with_prefix("discriminator.", state_of(*discriminator_));
  state.merge(with_prefix("discriminator_optimizer.", optimizer_.state()));
  return state;
}

void Adversary::load_state(const TensorMap& state, const std::string& source) {
  restore(*discriminator_, without_prefix("discriminator.", state), source);
  optimizer_.load_state(without_prefix("discriminator_optimizer.", state), source);
}

}  // namespace showo
