using System.Text;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>The benchmarks' files of captions, one of two damaged: refused with a sentence, or scored.</summary>
internal sealed class CaptionFilesTarget : FuzzTarget
{
    private const string Results = """[{"image_id": 1, "caption": "A cat's mat, 5¢."}, {"image_id": "b", "caption": "two dogs"}]""";

    private const string References = """
        {"info": {"year": 1}, "images": [{"id": 1}], "annotations": [
         {"image_id": 1, "id": 4, "caption": "the cat isn't on a mat"}, {"image_id": "b", "caption": "Dogs!"},
         {"image_id": 1, "caption": "a U.S. cat"}]}
        """;

    private const string Counts = """{"pictures": 2, "document_frequencies": {"a": 1, "a cat": 2}}""";

    public override string Name => "caption-files";

    public override Type Rejection => typeof(TrainingDataException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    // memory for words and for the counts of n-grams of four lengths
    public override long MostAllocation(int inputBytes) => 4096L * inputBytes + (8 << 20);

    protected override IEnumerable<Seed> MakeSeeds() =>
        ((string[])[Results, References, Counts]).Select((text, i) => new Seed($"file {i}", Encoding.UTF8.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        bool isList = bytes.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'[', ..],
            isCounts = bytes.AsSpan().IndexOf("\"pictures\""u8) is >= 0 and < 10;
        string given = Write(bytes),
            results = Write(Encoding.UTF8.GetBytes(Results), "results"),
            references = Write(Encoding.UTF8.GetBytes(References), "references");
        Pairing<CaptionCase> pairs =
            CaptionFiles.Pair(isList ? given : results, isList || isCounts ? references : given, allowPartial: true);
        Assert.All(pairs.LeftOut, phrase => Assert.DoesNotContain(phrase, char.IsControl));
        DocumentFrequencies? corpus = isCounts ? DocumentFrequencyFile.Read(given, CaptionTokenization.Ptb) : null;
        CaptionEvaluation scores = CaptionEvaluation.Of(pairs.Cases, CaptionTokenization.Ptb, corpus);
        Assert.All([.. scores.Bleu, scores.RougeL, scores.Cider / 10], score => Assert.InRange(score, 0, 1 + 1e-9));
        return true;
    }
}

/// <summary>The benchmarks' files of answers, one of three damaged.</summary>
internal sealed class AnswerFilesTarget : FuzzTarget
{
    private const string Results = """[{"question_id": 1, "answer": "Yes, it's 5%."}, {"question_id": "b", "answer": "two"}]""";

    private const string References = """
        {"data_subtype": "val", "annotations": [
         {"question_id": 1, "question_type": "is the", "answer_type": "yes/no",
          "answers": [{"answer": "yes", "answer_id": 1}, {"answer": "1,000"}]},
         {"question_id": "b", "answer": 2, "issimple": true}]}
        """;

    private const string Questions =
        """{"questions": [{"question_id": 1, "image_id": 9, "question": "is the?"}, {"question_id": "b", "question": "how many?"}]}""";

    public override string Name => "answer-files";

    public override Type Rejection => typeof(TrainingDataException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    public override long MostAllocation(int inputBytes) => 2048L * inputBytes + (4 << 20);

    protected override IEnumerable<Seed> MakeSeeds() =>
        ((string[])[Results, References, Questions]).Select((text, i) => new Seed($"file {i}", Encoding.UTF8.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        bool isList = bytes.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'[', ..],
            isQuestions = bytes.AsSpan().IndexOf("\"questions\""u8) is >= 0 and < 10;
        string given = Write(bytes),
            results = Write(Encoding.UTF8.GetBytes(Results), "results"),
            references = Write(Encoding.UTF8.GetBytes(References), "references");
        Pairing<AnswerCase> pairs = AnswerFiles.Pair(
            isList ? given : results, isList || isQuestions ? references : given, isQuestions ? given : null, allowPartial: true);
        foreach (AnswerMetric metric in Enum.GetValues<AnswerMetric>())
            Assert.InRange(AnswerEvaluation.Of(pairs.Cases, new AnswerOptions { Metric = metric }).OverallPercent, 0, 100);
        return true;
    }
}
