#include "showo/text/sentencepiece.h"

#include <sentencepiece_processor.h>

#include "showo/text/byte_fallback.h"
#include "showo/text/sentencepiece_file.h"
#include "showo/text/utf8_runs.h"

namespace showo {
namespace {

using sentencepiece::SentencePieceProcessor;

std::unique_ptr<SentencePieceProcessor> load(const std::string& model, const std::string& where) {
  auto processor = std::make_unique<SentencePieceProcessor>();
  const auto status = processor->LoadFromSerializedProto(model);
  if (!status.ok()) fail("{}: not a sentencepiece model: {}", where, status.error_message());
  return processor;
}

// Where a text gets a space before it: "legacy" means every stretch between added tokens, as the
// library does it; else the whole text alone, as transformers does it.
enum class SpaceBefore { kNothing, kEveryStretch, kText };

class SentencePieceModel : public TextModel {
 public:
  SentencePieceModel(const SentencePieceFile& file, const std::set<int64_t>& special,
                     SpaceBefore before, const std::string& where)
      : plain_(load(file.model(special, false), where)), before_(before) {
    if (before == SpaceBefore::kEveryStretch) spaced_ = load(file.model(special, true), where);
    for (size_t id = 0; id < file.pieces.size(); ++id) {
      const auto byte = file.pieces[id].type == SentencePieceFile::kByte
                            ? byte_of_token(file.pieces[id].text)
                            : std::nullopt;
      if (byte) byte_ids_[static_cast<unsigned char>(*byte)] = static_cast<int64_t>(id);
    }
  }

  void encode(std::string_view text, bool begins, std::vector<int64_t>& ids) const override {
    std::string marked;
    if (before_ == SpaceBefore::kText && begins) {
      marked = fmt::format("{}{}", kSpaceMark, text);
      text = marked;
    }
    const SentencePieceProcessor* processor = spaced_ ? spaced_.get() : plain_.get();
    for_each_run(text, [&](std::string_view run, bool valid) {
      if (valid) {
        const auto run_ids = processor->EncodeAsIds(run);
        ids.insert(ids.end(), run_ids.begin(), run_ids.end());
      } else {
        const auto byte = byte_ids_[static_cast<unsigned char>(run[0])];
        ids.push_back(byte >= 0 ? byte : plain_->unk_id());
      }
      processor = plain_.get();
    });
  }

 private:
  std::unique_ptr<const SentencePieceProcessor> plain_, spaced_;
  SpaceBefore before_;
  std::vector<int64_t> byte_ids_ = std::vector<int64_t>(256, -1);
};

SpaceBefore space_before(const SentencePieceFile& file, const FolderNotes& notes) {
  if (notes.legacy.value_or(true)) {
    if (notes.adds_prefix_space.value_or(file.adds_space) != file.adds_space) {
      fail("{}: add_prefix_space {} is not supported with legacy", notes.config_path,
           *notes.adds_prefix_space);
    }
    return file.adds_space ? SpaceBefore::kEveryStretch : SpaceBefore::kNothing;
  }
  if (file.removes_spaces) {
    fail("{}: legacy false is not supported with a model that removes spaces", notes.config_path);
  }
  return notes.adds_prefix_space.value_or(true) ? SpaceBefore::kText : SpaceBefore::kNothing;
}

}  // namespace

TokenizerParts read_sentencepiece(const fs::path& path, const FolderNotes& notes) {
  const std::string where = path.string();
  const SentencePieceFile file = read_sentencepiece_file(path);
  TokenizerParts parts;
  parts.added_bytes = byte_fallback_bytes;
  Spellings vocabulary;
  for (const auto& piece : file.pieces) {
    const auto id = static_cast<int32_t>(parts.tokens.size());
    parts.tokens.push_back(byte_fallback_bytes(piece.text));
    vocabulary.by_id.push_back(piece.text);
    vocabulary.ids.emplace(piece.text, id);
    if (piece.type == SentencePieceFile::kControl || piece.type == SentencePieceFile::kUnknown) {
      parts.add({piece.text, id, /*special=*/true}, where);
    }
  }
  parts.bos = parts.id_of(file.bos);
  parts.eos = parts.id_of(file.eos);
  parts.finish(notes, vocabulary, path.parent_path().string());
  const SpaceBefore before = space_before(file, notes);
  parts.drops_first_space = before != SpaceBefore::kNothing;
  // The unknown piece must stay the one it is.
  std::set<int64_t> controls = parts.special_ids();
  std::erase_if(controls, [&](int64_t id) {
    return id < static_cast<int64_t>(file.pieces.size()) &&
           file.pieces[id].type != SentencePieceFile::kUserDefined;
  });
  parts.model = std::make_unique<SentencePieceModel>(file, controls, before, where);
  return parts;
}

}  // namespace showo
