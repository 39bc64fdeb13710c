using System.Security.Cryptography;
using System.Text;
using VlmSharp.Cli.Batch;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Evaluations;

/// <summary>The items of an evaluation as work of a batch: first all items unchanged, then all items again in each variant.</summary>
/// <param name="items">All items; item i of the work is item i of them, and those of a variant follow in the same order.</param>
/// <param name="variants">Variants of the items; empty to ask only the unchanged items.</param>
internal sealed class EvaluationWork(IReadOnlyList<EvaluationItem> items, IReadOnlyList<Variant> variants)
{
    /// <summary>All items of the first round, unchanged.</summary>
    public IReadOnlyList<EvaluationItem> Items => items;

    /// <summary>The variants after the first round.</summary>
    public IReadOnlyList<Variant> Variants => variants;

    /// <summary>Number of pieces of work.</summary>
    public long Count => (long)items.Count * (1 + variants.Count);

    /// <summary>SHA-256 of the prompts and the picture names; the location of the pictures does not count.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (EvaluationItem item in items)
            hash.AppendData(Encoding.UTF8.GetBytes(
                $"{item.Id}\n{string.Join('\n', item.Images.Select(Path.GetFileName))}\n{item.Prompt}\n\n"));
        foreach (Variant variant in variants) hash.AppendData(Encoding.UTF8.GetBytes($"{variant.Name} {variant.Level}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Some of the work, in order.</summary>
    /// <param name="first">Index of the first piece.</param>
    /// <param name="step">Distance to the next piece.</param>
    public IEnumerable<WorkItem> From(long first, long step)
    {
        for (long index = first; index < Count; index += step)
        {
            (EvaluationItem item, Variant? variant) = At(index);
            long seed = index; // depends only on the item, not on its shard
            string id = variant is null ? item.Id : $"{variant.Name} {variant.Level}: {item.Id}";
            yield return new WorkItem(index, id, item.Images)
            {
                IsIdNumber = variant is null && RecordJson.IsNumber(id),
                Change = variant?.Picture is { } change ? picture => change(picture, seed) : null,
            };
        }
    }

    /// <summary>What a piece of work asks the model.</summary>
    public BatchTask Ask(WorkItem work)
    {
        (EvaluationItem item, Variant? variant) = At(work.Index);
        string prompt = variant?.Prompt is { } rewrite ? rewrite(item.Prompt) : item.Prompt;
        if (item.Things is { } things && prompt == item.Prompt)
        {
            VisionTask task = VisionTask.Detect(things) with { AnyLabel = item.AnyLabel };
            if (task.Prompt == prompt) return new BatchTask(task, prompt);
        }

        return new BatchTask(null, prompt) { WithSize = item.Truth is not null };
    }

    private (EvaluationItem Item, Variant? Variant) At(long index)
    {
        (long round, long place) = Math.DivRem(index, items.Count);
        return (items[(int)place], round == 0 ? null : variants[(int)round - 1]);
    }
}
