using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Tests.Files;

/// <summary>The files of the benchmarks: their accepted forms, and the errors for bad files.</summary>
public sealed class OfficialFilesTests : IDisposable
{
    private const string Captions = """[{"image_id": 1, "caption": "a cat"}, {"image_id": "b", "caption": ""}]""";
    private const string References =
        """{"annotations": [{"image_id": "b", "caption": "x"}, {"image_id": 1, "caption": "a"}, {"image_id": 1.0, "caption": "c"}]}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(References)]
    [InlineData("""[{"image_id": "b", "caption": "x"}, {"image_id": "1", "caption": "a"}, {"image_id": 1, "caption": "c"}]""")]
    [InlineData(
        "\uFEFF"
            + """{"info": {"a": [[]]}, "images": [{"id": 9}], "annotations": [{"id": 4, "image_id": "b", "caption": "x"},"""
                + """ {"image_id": 1e0, "caption": "a"}, {"image_id": 1, "caption": "c"}], "licenses": null}""")]
    public void Captions_and_references_are_matched_by_id(string references)
    {
        Pairing<CaptionCase> pairs = CaptionFiles.Pair(Write("p", Captions), Write("r", references), allowPartial: false);
        Assert.Equal([("b", "", "x"), ("1", "a cat", "a|c")], pairs.Cases.Select(c => (c.Id, c.Candidate, string.Join('|', c.References))));
        Assert.Empty(pairs.LeftOut);
    }

    [Fact]
    public void Answers_questions_and_annotations_are_matched_by_id()
    {
        string answers = Write("p", """[{"question_id": 12, "answer": "yes", "more": 1}, {"question_id": "13", "answer": "2"}]""");
        string annotations = Write("r", """
            {"annotations": [
              {"question_id": 13, "question_type": "how many", "answer_type": "number", "multiple_choice_answer": "3",
               "answers": [{"answer": "2", "answer_confidence": "yes", "answer_id": 1}, {"answer": "3"}]},
              {"question_id": "12", "answers": ["yes", "no"]}]}
            """);
        string questions = Write(
            "q",
            """{"questions": [{"question_id": 12, "image_id": 1, "question": "why?"}, {"question_id": 13, "question": "how many?"},"""
                + """ {"question_id": 14, "question": "?"}]}""");
        AnswerCase[] cases = [.. AnswerFiles.Pair(answers, annotations, questions, allowPartial: false).Cases];
        Assert.Equal(["13", "12"], cases.Select(c => c.Id));
        Assert.Equal(
            ("2", "2|3", "number", "how many", "how many?"),
            (cases[0].Answer, string.Join('|', cases[0].References), cases[0].AnswerType, cases[0].QuestionType, cases[0].Question));
        Assert.Equal(
            ("yes", "yes|no", null, null, "why?"),
            (cases[1].Answer, string.Join('|', cases[1].References), cases[1].AnswerType, cases[1].QuestionType, cases[1].Question));
    }

    [Theory]
    [InlineData("""{"data": [{"questionId": 1, "answers": ["a", "b"]}]}""", "a|b", null)]
    [InlineData("""[{"question_id": 1, "direct_answers": ["a"]}]""", "a", null)]
    [InlineData("""[{"question_id": 1, "answer": 3, "issimple": true}]""", "3", "simple")]
    [InlineData("""[{"question_id": 1, "answer": 3, "issimple": false}]""", "3", "complex")]
    [InlineData("""[{"question_id": 1, "label": "yes"}]""", "yes", null)]
    [InlineData("""{"annotations": [{"question_id": 1, "multiple_choice_answer": "x"}]}""", "x", null)]
    public void References_have_the_forms_of_many_benchmarks(string references, string answers, string? type)
    {
        AnswerReference found = Assert.Single(AnswerFiles.ReadReferences(Write("r", references))).Value;
        Assert.Equal((answers, type), (string.Join('|', found.Answers), found.AnswerType));
    }

    [Theory]
    [InlineData("", "not well-formed JSON")]
    [InlineData("{}", "is not a JSON list: results are a list of objects")]
    [InlineData("[1]", "it has no \"image_id\"")]
    [InlineData("""[{"image_id": 1}]""", "([0]): it has no \"caption\"")]
    [InlineData("""[{"image_id": 1, "caption": 5}]""", "\"caption\" is not a text")]
    [InlineData("""[{"image_id": [1], "caption": "a"}]""", "\"image_id\" is neither a text nor a number")]
    [InlineData("""[{"image_id": null, "caption": "a"}]""", "it has no \"image_id\"")]
    [InlineData("""[{"image_id": 1, "image_id": 2, "caption": "a"}]""", "not valid JSON")]
    [InlineData("""[{"image_id": 1, "caption": "\ud800"}]""", "not valid Unicode")]
    [InlineData("""[{"image_id": 1, "caption": "a"}""", "not well-formed JSON")]
    [InlineData("""[{"image_id": 1, "caption": "a"}] []""", "not well-formed JSON: '[' is invalid after a single JSON value")]
    public void Bad_results_are_refused_with_a_sentence(string text, string message) =>
        Refused(message, () => CaptionFiles.ReadPredictions(Write("p", text)));

    [Theory]
    [InlineData("{}", "has no list \"annotations\"")]
    [InlineData("""{"annotations": {}}""", "")]
    [InlineData("5", "not a JSON object")]
    [InlineData("""{"annotations": [], "annotations": []}""", "twice")]
    public void Bad_references_are_refused_or_empty(string text, string message)
    {
        string path = Write("r", text);
        if (message.Length > 0) Refused(message, () => CaptionFiles.ReadReferences(path));
        else Refused("are they of the same split?", () => CaptionFiles.Pair(Write("p", Captions), path, allowPartial: true));
    }

    [Theory]
    [InlineData("""{"annotations": [{"question_id": 1}]}""", "it has no \"answers\"")]
    [InlineData("""{"annotations": [{"question_id": 1, "answers": []}]}""", "not a list of 1 to 256 answers")]
    [InlineData("""{"annotations": [{"question_id": 1, "answers": [{"answer": 5}]}]}""", "\"answer\" is not a text")]
    [InlineData("""{"annotations": [{"question_id": 1, "answers": [true]}]}""", "neither a text nor a number")]
    [InlineData(
        """{"annotations": [{"question_id": 1, "answers": ["a"]}, {"question_id": 1, "answers": ["a"]}]}""",
        "question '1' is answered twice")]
    [InlineData("""[{"question_id": 1, "answer": 1, "issimple": 1}]""", "\"issimple\" is neither true nor false")]
    public void Bad_annotations_are_refused_with_a_sentence(string text, string message) =>
        Refused(message, () => AnswerFiles.ReadReferences(Write("r", text)));

    [Fact]
    public void Hostile_files_are_refused()
    {
        Refused("maximum configured depth", () => CaptionFiles.ReadPredictions(Write("p", new string('[', 100_000))));
        Refused("maximum configured depth", () =>
            CaptionFiles.ReadPredictions(Write(
                "p",
                """[{"image_id": 1, "caption": "a", "x": """ + string.Concat(
                    Enumerable.Repeat("{\"a\":", 63)) + "1" + new string('}', 63) + "}]")));
        Refused("has 10001 characters", () =>
            CaptionFiles.ReadPredictions(Write("p", $$"""[{"image_id": 1, "caption": "{{new string('a', 10_001)}}"}]""")));
        string many = string.Join(',', Enumerable.Repeat("""{"image_id": 1, "caption": "a"}""", 257));
        Refused("more than 256 captions", () => CaptionFiles.ReadReferences(Write("r", $"[{many}]")));
        string digits = new('9', 400);
        Assert.Equal(digits, CaptionFiles.ReadPredictions(Write("p", $$"""[{"image_id": {{digits}}, "caption": "a"}]""")).Single().Id);
    }

    [Fact]
    public void Files_that_do_not_match_are_reported()
    {
        string predictions = Write(
            "p.json",
            """[{"image_id": 1, "caption": "a"}, {"image_id": 1, "caption": "b"}, {"image_id": 3, "caption": "c"}, {"image_id": "x\ny","""
                + """ "caption": "c"}]""");
        string references = Write(
            "r.json",
            """{"annotations": [{"image_id": 1, "caption": "x"}, {"image_id": 2, "caption": "x"}, {"image_id": 22, "caption": "x"}]}""");
        string message = Refused("do not fit together", () => CaptionFiles.Pair(predictions, references, allowPartial: false));
        Assert.Contains($"2 pictures without a prediction in {predictions} (2, 22)", message, StringComparison.Ordinal);
        Assert.Contains($"1 picture with more than one prediction in {predictions} (1)", message, StringComparison.Ordinal);
        Assert.Contains($"2 pictures predicted that {references} does not have (3, x\\u000ay)", message, StringComparison.Ordinal);
        Pairing<CaptionCase> pairs = CaptionFiles.Pair(predictions, references, allowPartial: true);
        Assert.Equal(("1", "a"), (Assert.Single(pairs.Cases).Id, pairs.Cases[0].Candidate)); // the first of two
        Assert.Equal(3, pairs.LeftOut.Count);
    }

    [Fact]
    public void Questions_of_another_split_are_detected()
    {
        string answers = Write("p", """[{"question_id": 12, "answer": "yes"}]"""),
            annotations = Write("r", """[{"question_id": 12, "answers": ["yes"]}]""");
        string questions = Write("q", """{"questions": [{"question_id": 13, "question": "how many?"}]}""");
        Refused("answers question '12', which", () => AnswerFiles.Pair(answers, annotations, questions, allowPartial: false));
        Assert.Null(Assert.Single(AnswerFiles.Pair(answers, annotations, questions, allowPartial: true).Cases).Question);
    }

    [Fact]
    public void Counts_of_words_are_written_and_read()
    {
        string references = Write("r", References);
        DocumentFrequencies counted = DocumentFrequencyFile.Read(references, CaptionTokenization.Ptb);
        Assert.Equal((2L, 1L, 0L), (counted.Pictures, counted.Of("a"), counted.Of("z")));
        using (FileStream stream = File.Create(folder.At("df.json"))) DocumentFrequencyFile.Write(counted, stream);
        DocumentFrequencies read = DocumentFrequencyFile.Read(folder.At("df.json"), CaptionTokenization.None);
        Assert.Equal(counted.Pictures, read.Pictures);
        Assert.Equal(counted.Counts.OrderBy(pair => pair.Key), read.Counts.OrderBy(pair => pair.Key));
    }

    [Theory]
    [InlineData("""{"document_frequencies": {"a": 1}}""", "has no \"pictures\"")]
    [InlineData("""{"pictures": 1, "document_frequencies": {"a": 2}}""", "or an n-gram in more pictures than that")]
    [InlineData("""{"pictures": -1, "document_frequencies": {}}""", "no whole number from 0")]
    [InlineData("""{"pictures": 3, "document_frequencies": {"a": 1.5}}""", "no whole number from 0")]
    [InlineData("""{"pictures": 3, "document_frequencies": {"a": """, "not well-formed")]
    [InlineData("[]", "has no caption")]
    public void Bad_counts_are_refused(string text, string message) =>
        Refused(message, () => DocumentFrequencyFile.Read(Write("df", text), CaptionTokenization.Ptb));

    private static string Refused(string message, Action read)
    {
        string found = Assert.Throws<TrainingDataException>(read).Message;
        Assert.Contains(message, found, StringComparison.Ordinal);
        Assert.DoesNotContain(found, char.IsControl);
        return found;
    }

    private string Write(string name, string text) => folder.Write(name, Encoding.UTF8.GetBytes(text));
}
