// Lists of prompts in their published forms, and the tables that some of them are.
#include "showo/benchmarks/prompt_list.h"

#include "showo/benchmarks/csv.h"
#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

using Texts = std::vector<std::string>;

class PromptLists : public testing::Test {
 protected:
  Texts read(const fs::path& path) {
    problems_ = {};
    names_.clear();
    Texts texts;
    for (const auto& prompt : read_prompts(path, problems_)) {
      texts.push_back(prompt.text);
      names_.push_back(prompt.name);
    }
    return texts;
  }
  ScratchFolder scratch_;
  Problems problems_;
  Texts names_;
};

TEST_F(PromptLists, AreReadInEveryForm) {
  const Texts all = {"a cat, \"wide\" awake", "ein Hund über\nzwei Zeilen"};
  const Texts lines = {"a cat, \"wide\" awake", "a dog"};
  EXPECT_EQ(read(scratch_.write("a.txt", "a cat, \"wide\" awake\r\n\n  a dog\n")), lines);
  EXPECT_EQ(names_, (Texts{"00000", "00001"}));
  EXPECT_EQ(read(scratch_.write("a.csv",
                                "\xef\xbb\xbfimage_id,text\r\n7,\"a cat, \"\"wide\"\" "
                                "awake\"\r\n3,\"ein Hund über\nzwei Zeilen\"\r\n")),
            all);
  EXPECT_EQ(read(scratch_.write("a.jsonl",
                                "{\"prompt\": \"a cat, \\\"wide\\\" awake\", \"id\": 3}\n"
                                "\"ein Hund über\\nzwei Zeilen\"\n")),
            all);
  EXPECT_EQ(read(scratch_.write("a.json", R"([{"caption": "a"}, "b"])")), (Texts{"a", "b"}));
  scratch_.write("folder/b.txt", "second\n");
  scratch_.write("folder/10.txt", "first");
  scratch_.write("folder/notes.md", "none");
  EXPECT_EQ(read(scratch_.path() / "folder"), (Texts{"first", "second"}));
  EXPECT_EQ(names_, (Texts{"10", "b"}));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(PromptLists, NameDoubledAndEmptyPrompts) {
  EXPECT_EQ(read(scratch_.write("a.csv", "text\na\n\"\"\nb\n a\n")).size(), 3U);
  EXPECT_EQ(names_, (Texts{"00000", "00002", "00003"}));
  const Json problems = problems_.to_json();
  EXPECT_EQ(problems["empty"]["count"], 1);
  const std::string doubled = problems["doubled"]["first"][0];
  EXPECT_NE(doubled.find("a.csv: line 5: as "), std::string::npos) << doubled;
}

TEST_F(PromptLists, NameWhatIsWrong) {
  const auto complaint = [&](const std::string& name, const std::string& text) {
    const auto file = scratch_.write(name, text);
    return error_of([&] { read(file); });
  };
  EXPECT_NE(complaint("a.txt", "\n \n").find("a.txt: no prompts"), std::string::npos);
  EXPECT_NE(complaint("a.csv", "id,words\n1,a\n").find("a.csv: expected prompt, caption or text"),
            std::string::npos);
  EXPECT_NE(
      complaint("a.csv", "text,id\na,1\nb\n").find("a.csv: line 3: expected 2 fields, found 1"),
      std::string::npos);
  EXPECT_NE(complaint("a.csv", "text,text\n").find("column 'text' stands twice"),
            std::string::npos);
  EXPECT_NE(complaint("a.csv", "text\n\"a\nb\n").find("a.csv: line 2: a quote does not end"),
            std::string::npos);
  EXPECT_NE(complaint("a.csv", "").find("a.csv: expected a row of names"), std::string::npos);
  EXPECT_NE(complaint("a.jsonl", "{\"id\": 3}\n").find("a.jsonl: line 1: expected prompt"),
            std::string::npos);
  EXPECT_NE(complaint("a.jsonl", "{\"prompt\": 3}\n").find("a.jsonl: line 1"), std::string::npos);
  EXPECT_NE(error_of([&] { read(scratch_.path() / "none.txt"); }).find("none.txt"),
            std::string::npos);
}

TEST_F(PromptLists, SurviveAnyDamage) {
  for (const auto& [name, text] :
       {std::pair("a.csv", "id,text\n1,\"a, \"\"b\"\"\"\n2,c\n3,\"d\ne\"\n"),
        {"a.jsonl", "{\"prompt\": \"a\"}\n{\"text\": \"b\"}\n"}}) {
    const auto file = scratch_.write(name, text);
    expect_only_errors(file, [&] { return read(file); });
  }
}

TEST(CsvTable, KnowsWhereRowsBegin) {
  const ScratchFolder scratch;
  const CsvTable table(scratch.write("t.csv", "a,b\n\"1\n2\",x\n\n3,\"y\"z\n"));
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.at(0, "a"), "1\n2");
  EXPECT_EQ(table.at(1, "b"), "yz");
  EXPECT_TRUE(table.where(0).ends_with("t.csv: line 2"));
  EXPECT_TRUE(table.where(1).ends_with("t.csv: line 5"));
  EXPECT_NE(error_of([&] { table.at(0, "c"); }).find("t.csv: column 'c' is missing"),
            std::string::npos);
}

}  // namespace
}  // namespace showo
