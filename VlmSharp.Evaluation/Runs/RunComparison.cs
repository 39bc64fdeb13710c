using VlmSharp.Evaluation.Statistics;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>An item that two runs answered differently.</summary>
internal sealed record ChangedItem(AnsweredItem First, AnsweredItem Second, double Before, double After);

/// <summary>Two runs on the same items: how their figures differ, and which items changed.</summary>
/// <param name="Benchmark">The benchmark of both.</param>
/// <param name="Items">The number of items that both have.</param>
/// <param name="OnlyFirst">The number of items only in the first run; they are left out.</param>
/// <param name="OnlySecond">The number of items only in the second run; they are left out.</param>
/// <param name="Figures">The figures of both, and their difference with its interval (Efron and Tibshirani 1993).</param>
/// <param name="Changed">Items whose text differs, those with the largest loss of score first.</param>
internal sealed record RunComparison(
    Benchmark Benchmark, int Items, int OnlyFirst, int OnlySecond,
    IReadOnlyList<(Figure First, Figure Second, PairedDifference Difference)> Figures, IReadOnlyList<ChangedItem> Changed)
{
    /// <summary>Compares the records of two runs.</summary>
    /// <exception cref="TrainingDataException">A file cannot be read, or the runs have nothing in common.</exception>
    public static RunComparison Of(string firstPath, string secondPath)
    {
        (Benchmark benchmark, OrderedDictionary<string, AnsweredItem> a) = Read(firstPath);
        (Benchmark other, OrderedDictionary<string, AnsweredItem> b) = Read(secondPath);
        if (benchmark != other)
            throw new TrainingDataException(
                $"{firstPath} is of {benchmark.Name}, {secondPath} of {other.Name}: give two runs of the same benchmark.");
        string[] both = [.. a.Keys.Where(b.ContainsKey)];
        if (both.Length == 0)
            throw new TrainingDataException($"{firstPath} and {secondPath} have no item in common: are they of the same split?");
        AnsweredItem[] first = [.. both.Select(id => a[id])], second = [.. both.Select(id => b[id])];
        RunScores x = RunScoring.Score(benchmark, first), y = RunScoring.Score(benchmark, second);
        IReadOnlyList<PairedDifference> differences = Bootstrap.Paired(x.Units.Count, x.Of, y.Of);
        return new RunComparison(
            benchmark, both.Length, a.Count - both.Length, b.Count - both.Length,
            [.. x.Figures(intervals: false).Zip(y.Figures(intervals: false), differences)],
            [
                .. Enumerable.Range(0, both.Length).Where(i => first[i].Answer.Text != second[i].Answer.Text)
                    .Select(i => new ChangedItem(first[i], second[i], x.Items[i].Main, y.Items[i].Main)).OrderBy(c => c.After - c.Before),
            ]);
    }

    private static (Benchmark Benchmark, OrderedDictionary<string, AnsweredItem> Items) Read(string path)
    {
        var items = new OrderedDictionary<string, AnsweredItem>(StringComparer.Ordinal);
        Benchmark? benchmark = null;
        using var file = new JsonlFile(path);
        foreach ((JsonlFile.Line line, ReadOnlyMemory<byte> bytes) in file.Lines())
        {
            try
            {
                (Benchmark own, AnsweredItem item) = JsonFields.Parse(bytes, RecordJson.Read);
                benchmark ??= own;
                if (own != benchmark) throw new FormatException($"it is of {own.Name}, the lines before of {benchmark.Name}");
                if (!items.TryAdd(item.Item.Id, item))
                    throw new FormatException($"the id {MessageText.Quote(item.Item.Id)} is there twice");
            }
            catch (FormatException e)
            {
                throw new TrainingDataException(new DataFault($"{path}:{line.Number}", e.Message).ToString(), e);
            }
        }

        return (benchmark ?? throw new TrainingDataException($"{path} is empty: give the records.jsonl of a run."), items);
    }
}
