// One picture – or several – with what is said about it, or a plain text: the unit every data
// source yields.
#pragma once

#include <string>
#include <vector>

#include "showo/image/image.h"

namespace showo {

struct Turn {
  std::string question, answer;
  // Of the emoji world's: what, colour, count, position, style or exists; empty elsewhere.
  std::string type;
  bool follows = false;  // it refers to the turn before, and is asked after it
};

/// A picture of a story and the text that tells it, which comes before it; or one of several
/// pictures that are asked about, without a text.
struct SampleFrame {
  std::string text;
  std::string image_bytes = {}, image_file = {};  // as a sample's
  Image picture = {};
};

struct Sample {
  std::string key;
  std::string image_bytes;  // an encoded picture: PNG, JPEG or WebP; empty for plain text
  std::string caption;      // or the plain text
  std::vector<Turn> turns;
  std::string metadata;         // JSON text, source by source
  std::string image_file = {};  // where image_bytes are read from when the sample is delivered
  std::string origin = {};      // the file it comes from, for messages
  Image picture = {};           // the decoded picture, of streams that decode
  std::string text_error = {};  // why it has no text, though it should; a picture may be enough
  std::vector<SampleFrame> frames = {};  // of a story
  std::vector<SampleFrame> others =
      {};  // pictures behind the first, which the turns are about as well

  /// For messages: the file and the key.
  std::string title() const;
};

/// The sample's picture: the decoded one, or image_bytes decoded now. Throws Error naming the
/// sample when it has none or a corrupt one.
Image picture_of(const Sample& sample);
/// The same of a frame of the sample of that `title`.
Image picture_of(const SampleFrame& frame, const std::string& title);
/// All that its turns are about, the first first. Throws as picture_of.
std::vector<Image> pictures_of(const Sample& sample);

}  // namespace showo
