using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

/// <summary>The four forms of lines, and the errors for bad lines.</summary>
public sealed class RowFormatTests : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(
        DataFormat.PrefixSuffix,
        "detect cat ; dog",
        "<loc0001><loc0002><loc0003><loc0004> cat",
        """{"image": "a.jpg", "prefix": "detect cat ; dog", "suffix": "<loc0001><loc0002><loc0003><loc0004> cat"}""")]
    [InlineData(DataFormat.PrefixSuffix, "", "only an answer", """{"image": "a.jpg", "suffix": "only an answer", "text": "not this"}""")]
    [InlineData(DataFormat.ImageText, "caption en", "a cat", """{"image": "a.jpg", "text": "a cat", "license": 4}""")]
    [InlineData(DataFormat.QuestionAnswer, "answer en how many?", "2", """{"image": "a.jpg", "question": "how many?", "answer": "2"}""")]
    [InlineData(
        DataFormat.Messages,
        "how many?",
        "two",
        """{"images": ["a.jpg"], "messages": [{"role": "user", "content": "<image>\nhow many?"}, {"role": "assistant","""
            + """ "content": "two"}]}""")]
    [InlineData(
        DataFormat.Messages,
        "how many?",
        "two",
        """{"images": ["a.jpg"], "messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "how many?"}]},"""
            + """ {"role": "assistant", "content": [{"type": "text", "text": "two"}]}]}""")]
    public void A_line_is_detected_and_read(DataFormat format, string prefix, string suffix, string line)
    {
        string path = folder.Write("train.jsonl", "\uFEFF\n  " + line + "\r\n\n");
        using TrainingData data = TrainingData.Open(path);
        Assert.Equal((format, 1), (data.Format, data.Count));
        TrainingExample example = data[0];
        Assert.Equal([folder.At("a.jpg")], example.Images);
        Assert.Equal((prefix, suffix), (example.Prefix, Assert.Single(example.Suffixes)));
        Assert.Equal((path, 2, $"{path}:2"), (example.File, example.Line, example.Where));
    }

    [Fact]
    public void Several_pictures_answers_and_ids_are_read()
    {
        TrainingExample example = Assert.Single(
            DataFolder.Read(folder.Write("x.jsonl", """{"id": 7, "images": ["a.png", "/b.png"], "prefix": "p", "suffix": ["1", "2"]}""")));
        Assert.Equal([folder.At("a.png"), "/b.png"], example.Images);
        Assert.Equal(["1", "2"], example.Suffixes);
        Assert.Equal("7", example.Id);
    }

    [Fact]
    public void The_question_can_be_chosen_if_lines_have_none()
    {
        string questions = folder.Write("q.jsonl", """{"image": "a.png", "question": "why?", "answers": ["b", "c"]}"""),
            texts = folder.Write("t.jsonl", """{"image": "a.png", "text": "x"}""");
        Assert.Equal(
            "why?", DataFolder.Read(questions, new DataOptions { Prefix = "{question}", Format = DataFormat.QuestionAnswer })[0].Prefix);
        Assert.Equal("caption de", DataFolder.Read(texts, new DataOptions { Prefix = "caption de" })[0].Prefix);
    }

    [Theory]
    [InlineData("it is not valid JSON", "nonsense")]
    [InlineData("it is not valid JSON", """{"image": "a.png", "suffix": "x", "suffix": "y"}""")]
    [InlineData("it is not a JSON object", "[1]")]
    [InlineData("it names no picture", """{"prefix": "p", "suffix": "s"}""")]
    [InlineData("it names no picture", """{"images": [], "suffix": "s"}""")]
    [InlineData("it has no \"suffix\"", """{"image": "a.png", "prefix": "p"}""")]
    [InlineData("it has no \"suffix\"", """{"image": "a.png", "suffix": null}""")]
    [InlineData("\"suffix\" is an empty list", """{"image": "a.png", "suffix": []}""")]
    [InlineData("\"suffix\" is neither a text nor a list of texts", """{"image": "a.png", "suffix": 3}""")]
    [InlineData("\"suffix\" has an entry that is not a text", """{"image": "a.png", "suffix": ["x", 3]}""")]
    [InlineData("\"suffix\" has 300 entries, more than 256", "MANY")]
    [InlineData("\"prefix\" is not a text", """{"image": "a.png", "prefix": ["p"], "suffix": "s"}""")]
    [InlineData("is an address; VlmSharp downloads nothing", """{"image": "https://example.org/a.png", "suffix": "s"}""")]
    [InlineData("the picture's name is empty", """{"image": "", "suffix": "s"}""")]
    [InlineData("has a character in it that no file has", """{"image": "a\u0000", "suffix": "s"}""")]
    [InlineData("not valid Unicode", """{"image": "a.png", "suffix": "\ud800"}""")]
    [InlineData("\"id\" is neither a text nor a number", """{"image": "a.png", "suffix": "s", "id": {}}""")]
    public void A_bad_line_is_named(string what, string line)
    {
        if (line == "MANY") line = $$"""{"image": "a.png", "suffix": [{{string.Join(',', Enumerable.Repeat("\"x\"", 300))}}]}""";
        string good = """{"image": "a.png", "prefix": "p", "suffix": "s"}""",
            path = folder.Write("train.jsonl", $"{good}\n{line}\n{good}\n");
        var error = Assert.Throws<TrainingDataException>(() => TrainingData.Open(path));
        Assert.StartsWith($"{path}:2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        using TrainingData data = TrainingData.Open(path, new DataOptions { SkipBad = true });
        Assert.Equal((2, 1L), (data.Count, data.FaultCount));
        Assert.Equal([1, 3], new[] { data[0].Line, data[1].Line });
        Assert.Equal($"{path}:2", data.Faults.Single().Where);
    }

    [Theory]
    [InlineData(
        "3 messages", """[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]""")]
    [InlineData("the role 'system' where user belongs", """[{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}]""")]
    [InlineData("no \"content\"", """[{"role": "user"}, {"role": "assistant", "content": "b"}]""")]
    [InlineData("no list \"messages\"", "3")]
    [InlineData("neither a text nor a list", """[{"role": "user", "content": 3}, {"role": "assistant", "content": "b"}]""")]
    public void Bad_messages_are_named(string what, string messages)
    {
        string path = folder.Write("train.jsonl", $$"""{"images": ["a.png"], "messages": {{messages}}}""");
        Assert.Contains(
            what,
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { Format = DataFormat.Messages })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_a_bad_line()
    {
        byte[] line = [.. """{"image": "a.png", "suffix": "x"""u8, 0xFF, .. "\"}"u8];
        File.WriteAllBytes(folder.At("bad.jsonl"), line);
        Assert.Contains(
            "bad.jsonl:1: ",
            Assert.Throws<TrainingDataException>(
                () => TrainingData.Open(folder.At("bad.jsonl"), new DataOptions { Format = DataFormat.PrefixSuffix })).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("does not exist", null)]
    [InlineData("is in no known form", "{\"image\": \"a.png\", \"caption\": \"x\"}\n{\"image\": \"b.png\", \"caption\": \"x\"}\n")]
    [InlineData("is in no known form", "{}")]
    [InlineData("is a text that begins with 'hello', and no training data: give a file with one JSON object a line", "hello\nworld\n")]
    [InlineData("is a binary file", "\u0001\0\0")]
    [InlineData("is not a JSON object", "[]")]
    [InlineData("is an empty file", "")]
    [InlineData("is not well-formed JSON", "{\"annotations\": [")]
    public void Files_without_data_are_refused(string what, string? text)
    {
        string path = text is null ? folder.At("none.jsonl") : folder.Write("x.jsonl", text);
        Assert.Contains(what, Assert.Throws<TrainingDataException>(() => TrainingData.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_end_is_refused()
    {
        string path = folder.Write("x.jsonl", """{"image": "a.png", "suffix": "s"}""" + "\n" + new string('x', (4 << 20) + 1));
        var error = Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { SkipBad = true }));
        Assert.Contains(":2: the line is longer than ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_a_file_of_only_bad_lines_shows_the_first()
    {
        string path = folder.Write("x.jsonl", """{"image": "a.png", "suffix": 3}""");
        Assert.Contains(
            "has no example that can be used. The first bad line: ",
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { SkipBad = true })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_format_that_does_not_match_the_file_is_refused()
    {
        string path = folder.Write("x.jsonl", """{"image": "a.png", "suffix": "s"}""");
        Assert.Contains(
            "it has no \"text\"",
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { Format = DataFormat.ImageText })).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "is a file, which cannot be",
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { Format = DataFormat.TextFolder })).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "is a folder, which cannot be",
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(folder.Path, new DataOptions { Format = DataFormat.Vqa })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_depends_only_on_the_examples()
    {
        string Of(string text)
        {
            using TrainingData data = TrainingData.Open(folder.Write("x.jsonl", text));
            return data.Fingerprint;
        }

        string one = Of("""{"image": "a.png", "prefix": "p", "suffix": "s"}""");
        Assert.Equal(one, Of("\n" + """{"suffix":"s","prefix":"p","image":"a.png","more":1}"""));
        Assert.NotEqual(one, Of("""{"image": "a.png", "prefix": "ps", "suffix": ""}"""));
        Assert.NotEqual(one, Of("""{"image": "b.png", "prefix": "p", "suffix": "s"}"""));
        using var other = new DataFolder();
        using TrainingData moved = TrainingData.Open(other.Write("y.jsonl", """{"image": "a.png", "prefix": "p", "suffix": "s"}"""));
        Assert.Equal(one, moved.Fingerprint);
        Assert.Equal(64, one.Length);
    }

    [Fact]
    public void A_file_that_changes_is_noticed()
    {
        string path = folder.Write("x.jsonl", """{"image": "a.png", "suffix": "s"}""" + "\n" + """{"image": "b.png", "suffix": "t"}""");
        using TrainingData data = TrainingData.Open(path);
        File.WriteAllText(path, new string('x', 34) + "\n{}");
        Assert.Throws<TrainingDataException>(() => data[0]);
        Assert.Throws<TrainingDataException>(() => data[1]);
    }

    [Fact]
    public void Lines_across_the_buffer_are_whole()
    {
        string[] suffixes = [.. Enumerable.Range(0, 400).Select(i => new string((char)('a' + i % 26), i * 13 % 5000))];
        string path =
            folder.Write("x.jsonl", string.Join('\n', suffixes.Select(suffix => $$"""{"image": "a.png", "suffix": "{{suffix}}"}""")));
        Assert.Equal(suffixes, DataFolder.Read(path).Select(example => example.Suffixes.Single()));
    }
}
