#include "showo/text/sentencepiece_file.h"

#include <bit>
#include <cmath>

#include "showo/core/error.h"
#include "showo/text/charsmap.h"
#include "showo/text/protobuf.h"
#include "showo/text/utf8_runs.h"

namespace showo {
namespace {

enum ModelField { kPieces = 1, kTrainer = 2, kNormalizer = 3 };

// The library trusts its file: what could lead it astray is refused here.
SentencePieceFile::Piece read_piece(std::string_view bytes, size_t id, const std::string& where) {
  SentencePieceFile::Piece piece;
  ProtobufFields fields(bytes, where);
  for (ProtobufFields::Field field; fields.next(field);) {
    if (field.number == 1) piece.text = field.bytes;
    if (field.number == 2 &&
        !std::isfinite(std::bit_cast<float>(static_cast<uint32_t>(field.value)))) {
      fail("{}: piece {} has no finite score", where, id);
    }
    if (field.number == 3) {
      if (field.value < SentencePieceFile::kNormal || field.value > SentencePieceFile::kByte) {
        fail("{}: piece {} is of type {}, expected 1 to 6", where, id, field.value);
      }
      piece.type = static_cast<SentencePieceFile::Type>(field.value);
    }
  }
  bool valid = !piece.text.empty() && piece.text.find('\0') == std::string::npos;
  for_each_run(piece.text, [&](std::string_view, bool run_valid) { valid &= run_valid; });
  if (!valid) fail("{}: piece {} is no text", where, id);
  return piece;
}

void read_trainer(std::string_view bytes, const std::string& where, SentencePieceFile& file) {
  ProtobufFields fields(bytes, where);
  for (ProtobufFields::Field field; fields.next(field);) {
    if (field.number == 24 && field.value) {
      fail("{}: trainer_spec: treat_whitespace_as_suffix is not supported", where);
    }
    if (field.number == 46) file.bos = field.bytes;
    if (field.number == 47) file.eos = field.bytes;
  }
}

void read_normalizer(std::string_view bytes, const std::string& where, SentencePieceFile& file) {
  ProtobufFields fields(bytes, where);
  for (ProtobufFields::Field field; fields.next(field);) {
    if (field.number == 2 && !field.bytes.empty()) check_charsmap(field.bytes, where);
    if (field.number == 3) file.adds_space = field.value != 0;
    if (field.number == 4) file.removes_spaces = field.value != 0;
    if (field.number == 5 && !field.value) {
      fail("{}: normalizer_spec: escape_whitespaces false is not supported", where);
    }
  }
}

}  // namespace

SentencePieceFile read_sentencepiece_file(const fs::path& path) {
  const std::string where = path.string();
  SentencePieceFile file;
  file.bytes = read_file(path, 256 << 20);
  ProtobufFields fields(file.bytes, where);
  for (ProtobufFields::Field field; fields.next(field);) {
    if (field.number == kPieces) {
      file.pieces.push_back(read_piece(field.bytes, file.pieces.size(), where));
    }
    if (field.number == kTrainer) read_trainer(field.bytes, where, file);
    if (field.number == kNormalizer) read_normalizer(field.bytes, where, file);
  }
  if (file.pieces.empty()) fail("{}: not a sentencepiece model: it has no pieces", where);
  return file;
}

// Of a number that stands several times the last counts, and messages are merged: what is to be
// otherwise is appended.
std::string SentencePieceFile::model(const std::set<int64_t>& controls, bool adds_space) const {
  constexpr std::string_view kIsControl("\x18\x03", 2), kAddsNoSpace("\x18\x00", 2);
  std::string result;
  int64_t id = 0;
  ProtobufFields fields(bytes, "");
  for (ProtobufFields::Field field; fields.next(field);) {
    if (field.number == kPieces && controls.contains(id++)) {
      append_field(kPieces, std::string(field.bytes).append(kIsControl), result);
    } else if (field.number <= kNormalizer) {  // the rest are tests of the model as it was
      result += field.whole;
    }
  }
  if (!adds_space) append_field(kNormalizer, kAddsNoSpace, result);
  return result;
}

}  // namespace showo
