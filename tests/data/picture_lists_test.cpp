// Class folders, LLaVA's conversations, JSON captions and scenes composed as they are needed.
#include <chrono>
#include <set>

#include "showo/data/emoji_world.h"
#include "showo/data/json_objects.h"
#include "tests/data/small_world.h"
#include "tests/data/support.h"

namespace showo {
namespace {

StreamOptions decoding_lists() {
  StreamOptions options;
  options.decode = true;
  return options;
}

SourceConfig with_images(const std::string& format, const std::string& path) {
  auto source = config(format, path);
  source.images = fixture("images");
  return source;
}

TEST(Imagenet, CaptionsPicturesByTheirClassesFirstName) {
  auto source = config("imagenet", fixture("imagenet/train"));
  source.names = fixture("imagenet/LOC_synset_mapping.txt");
  const auto samples = first_samples(source, 5, decoding_lists());
  EXPECT_EQ(samples[0].key, "n01440764/n01440764_0.JPEG");
  EXPECT_EQ(samples[0].caption, "tench");
  EXPECT_EQ(samples[2].caption, "goldfish");
  EXPECT_EQ(samples[4].caption, "great white shark");
  EXPECT_EQ(samples[4].picture.height, 16);
}

TEST(Imagenet, DrawsAnyOfTheNamesIfAskedTheSameWhenResumed) {
  auto source = config("imagenet", fixture("imagenet/train"));
  source.names = fixture("imagenet/LOC_synset_mapping.txt");
  source.any_name = true;
  SampleStream stream(source, 1);
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    const StreamPosition before = stream.position();
    const Sample sample = stream.next();
    names.insert(sample.caption);
    EXPECT_EQ(SampleStream(source, 1, before).next().caption, sample.caption);
  }
  EXPECT_EQ(names.size(), 2u + 2u + 5u);
}

TEST(Imagenet, NamesClassesByTheirFoldersWithoutAFile) {
  const auto samples = first_samples(config("imagenet", fixture("folders")), 2, decoding_lists());
  EXPECT_EQ(samples[0].caption, "fire engine");
  EXPECT_EQ(samples[1].caption, "traffic light");
}

class ListFiles : public Scratch {};

TEST_F(ListFiles, OfClassNamesThatAreWrongAreErrors) {
  auto source = config("imagenet", fixture("imagenet/train"));
  source.names = write("names.txt", "n01440764 tench\nn01443537\n");
  EXPECT_NE(complaint([&] { open_source(source); }).find("line 'n01443537'"), std::string::npos);
  source.names = write("names.txt", "n01440764 tench\n");
  EXPECT_NE(complaint([&] { open_source(source); }).find("no line for the folder 'n01443537'"),
            std::string::npos);
  EXPECT_THROW(open_source(config("imagenet", fixture("llava.json"))), Error);
  EXPECT_THROW(open_source(config("imagenet", folder_.string())), Error) << "no pictures";
}

TEST(Llava, GivesTurnsWithoutTheImageTokenAndLeavesOutEntriesWithoutPictures) {
  const auto samples =
      first_samples(with_images("llava", fixture("llava.json")), 4, decoding_lists());
  EXPECT_EQ(samples[0].key, "red.jpg");
  ASSERT_EQ(samples[0].turns.size(), 2u);
  EXPECT_EQ(samples[0].turns[0].question, "Which colour is the card?");
  EXPECT_EQ(samples[0].turns[0].answer, "Red.");
  EXPECT_EQ(samples[0].turns[1].answer, "A rectangle {wide} \"flat\".");
  EXPECT_EQ(samples[1].turns[0].question, "Describe the card.");
  EXPECT_EQ(samples[2].key, "blue.jpg");
  EXPECT_EQ(samples[3].key, "red.jpg") << "an epoch is the three entries with pictures";
  EXPECT_GT(samples[0].picture.pixel(3, 3)[0], 150);
}

TEST_F(ListFiles, OfConversationsMayBeAboutSeveralPictures) {
  const std::string talk =
      R"("conversations": [{"from": "human", "value": "<image>\n<image>\nWhich is red?"},
      {"from": "gpt", "value": "The first."}])";
  const auto source = with_images(
      "llava", write("tune.json", R"([{"image": ["red.jpg", "blue.jpg"], )" + talk +
                                      R"(}, {"image": ["green.jpg", "gone.jpg"], )" + talk + "}]"));
  auto lenient = source;
  lenient.max_corrupt = 10;
  for (const Sample& sample :
       first_samples(lenient, 2, decoding_lists())) {  // the second is left out
    EXPECT_EQ(sample.key, "red.jpg");
    ASSERT_EQ(sample.others.size(), 1u);
    EXPECT_EQ(sample.turns[0].question, "Which is red?");
    const auto pictures = pictures_of(sample);
    EXPECT_GT(pictures[0].pixel(3, 3)[0], 150);
    EXPECT_GT(pictures[1].pixel(3, 3)[2], 150);
    EXPECT_LT(pictures[1].pixel(3, 3)[0], 100);
  }
  StreamOptions captions = decoding_lists();
  captions.texts = Texts::kNone;
  EXPECT_TRUE(first_samples(lenient, 1, captions)[0].others.empty());
  auto strict = source;
  strict.max_corrupt = 0;
  EXPECT_NE(complaint([&] { first_samples(strict, 1); }).find("gone.jpg"), std::string::npos);
  const auto wrong =
      with_images("llava", write("wrong.json", R"([{"image": ["red.jpg", 3], )" + talk + "}]"));
  EXPECT_NE(complaint([&] { first_samples(wrong, 1); }).find("'image': expected text"),
            std::string::npos);
}

TEST_F(ListFiles, OfConversationsThatAreWrongAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"image": "red.jpg"}])", "entry 0: 'conversations': expected a list"},
      {R"([{"image": 3, "conversations": []}])", "entry 0: 'image': expected text, found number"},
      {R"([{"image": "red.jpg", "conversations": []}])", "no question with an answer"},
      {R"([{"image": "red.jpg", "conversations": [{"from": "bot", "value": ""}]}])",
       "conversations[0]: 'from': expected human or gpt, found 'bot'"},
      {R"([{"image": "red.jpg", "conversations": [{"from": "human"}]}])",
       "conversations[0]: 'value': expected text, found nothing"},
      {R"([{"image": "red.jpg", "conversations": [{"from": "human", "value": "a"},
          {"from": "human", "value": "b"}]}])",
       "conversations[1]: expected gpt, found another turn of human"},
      {R"([{"image": "red.jpg", "conversations": [}])", "entry 0: not valid JSON"},
      {R"([{"image": "red.jpg")", "after entry 0: expected an object that ends"},
      {R"([{"image": "red.jpg"} {"a": 1}])", "after entry 1: expected ',' or ']'"},
      {R"([{"image": "red.jpg"}] more)", "after entry 1: expected the end of the file"},
      {"[3]", "after entry 0: expected an object"},
      {"text", "expected a JSON list of objects"},
      {"", "the file is empty"},
      {"[]", "holds no samples"}};
  for (const auto& [text, expected] : cases) {
    const auto source = with_images("llava", write("tune.json", text));
    const std::string said = complaint([&] { first_samples(source, 1); });
    EXPECT_NE(said.find("tune.json"), std::string::npos) << text << " → " << said;
    EXPECT_NE(said.find(expected), std::string::npos) << text << " → " << said;
  }
}

// Taking them out one by one would move half a terabyte.
TEST_F(ListFiles, OfManyImageTokensAreReadInTimeByTheirSize) {
  std::string value;
  for (int i = 0; i < 400'000; ++i) value += "<image>";
  const Json entry = {{"image", "red.jpg"},
                      {"conversations",
                       {{{"from", "human"}, {"value", value + "\nWhat <im<image>age>is it?"}},
                        {{"from", "gpt"}, {"value", "Red."}}}}};
  const auto source = with_images("llava", write("tune.json", Json::array({entry}).dump()));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(first_samples(source, 1)[0].turns[0].question, "What is it?");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(ListFiles, OfEntriesOfUnlikelySizeNameThem) {
  const std::string path =
      write("a.jsonl", "{\"image\": \"" + std::string(64 << 20, 'x') + "\"}\n{\"image\": \"b\"}\n");
  const JsonObjects objects(path);
  EXPECT_EQ(complaint([&] { objects.at(0); }), path + ": entry 0: more than 67108864 bytes");
  EXPECT_EQ(objects.at(1)["image"], "b");
}

// Root may read every folder.
TEST_F(ListFiles, InFoldersThatCannotBeReadNameThem) {
  const std::string loop = (folder_ / "loop").string(), closed = (folder_ / "closed").string();
  fs::create_symlink(loop, loop);
  make_folder(closed);
  fs::permissions(closed, fs::perms::none);
  for (const auto& path : {loop, std::string(5000, 'x'), closed}) {
    if (path == closed && ::geteuid() == 0) continue;
    for (const char* format : {"llava", "imagenet", "lines", "webdataset"}) {
      const std::string said = complaint([&] { open_source(config(format, path)); });
      EXPECT_NE(said.find(path.substr(0, 1000)), std::string::npos) << format << ": " << said;
    }
  }
  fs::permissions(closed, fs::perms::all);
}

TEST_F(ListFiles, WhosePicturesAreMissingAreSkippedAndNamed) {
  auto source = with_images("llava", fixture("llava.json"));
  source.images = folder_.string();
  const std::string said = complaint([&] { first_samples(source, 1); });
  EXPECT_NE(said.find((folder_ / "blue.jpg").string()), std::string::npos) << said;
}

TEST_F(ListFiles, AreCutIntoTheirObjectsWhateverTheirStringsHold) {
  const char* values[] = {"", "{", "}", "\"", "\\", "\\\"", "a\\\\", "[{]}\\\"{", "\n\t"};
  Json list = Json::array();
  for (const char* value : values) list.push_back({{"v", value}, {"deep", {{"er", {value, 1}}}}});
  for (const int indent : {-1, 2}) {
    const JsonObjects objects(write("list.json", list.dump(indent)));
    ASSERT_EQ(objects.size(), list.size());
    for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(objects.at(i), list[i]);
  }
}

TEST(Captions, ReadListsLinesAndMaps) {
  for (const char* name : {"captions.json", "captions.jsonl"}) {
    const auto samples = first_samples(with_images("captions", fixture(name)), 3, decoding_lists());
    EXPECT_EQ(samples[0].caption, "a red card");
    EXPECT_TRUE(samples[1].caption == "a green card" || samples[1].caption == "green all over");
    EXPECT_GT(samples[2].picture.pixel(3, 3)[0], 150) << name;
  }
  const auto samples = first_samples(with_images("captions", fixture("captions_by_picture.json")),
                                     2, decoding_lists());
  EXPECT_EQ(samples[0].caption, "this is blue");
  EXPECT_GT(samples[0].picture.pixel(3, 3)[2], 150);
}

TEST(EmojiSource, IsTheWorldsTrainingScenesInAnyOrder) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("showo-scenes-{}", ::getpid());
  auto options = emoji::small_world();
  options.kinds = 10;
  options.scenes = 6;
  make_folder(folder);
  write_file_atomically(folder / "options.json", config_to_json(options).dump());
  emoji::EmojiWorld world(options);
  const auto source = config("emoji", (folder / "options.json").string());
  const auto samples = first_samples(source, 7, decoding_lists());
  fs::remove_all(folder);
  for (int i = 0; i < 7; ++i)
    EXPECT_EQ(samples[i].image_bytes, world.sample(emoji::Split::kTrain, i % 6).image_bytes);
  EXPECT_EQ(samples[0].picture.width, 64);
}

TEST_F(ListFiles, OfTheEmojiWorldsClassesHaveOneThingAndItsName) {
  auto options = emoji::small_world();
  options.kinds = 10;
  options.scenes = 40;
  auto source = config("emoji", write("options.json", config_to_json(options).dump()));
  source.classes = true;
  emoji::EmojiWorld world(options);
  size_t found = 0;
  for (int64_t i = 0; i < options.scenes; ++i) {
    const emoji::Scene scene = world.scene(emoji::Split::kTrain, i);
    if (scene.objects.size() != 1) continue;
    const Sample sample = first_samples(source, static_cast<int64_t>(++found)).back();
    EXPECT_EQ(sample.caption, world.kinds()[scene.objects[0].kind].name);
    EXPECT_EQ(sample.image_bytes, world.sample(emoji::Split::kTrain, i).image_bytes);
    EXPECT_TRUE(sample.turns.empty());
  }
  EXPECT_GT(found, 5u);
  EXPECT_EQ(open_source(source)->parts(), static_cast<int64_t>(found));
  source.format = "captions";
  EXPECT_NE(complaint([&] { open_source(source); }).find("'classes' has no meaning here"),
            std::string::npos);
}

}  // namespace
}  // namespace showo
