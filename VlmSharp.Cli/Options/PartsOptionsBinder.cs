using System.CommandLine;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Options;

/// <summary>How a long list of items is divided between processes, and into groups that generate together.</summary>
internal sealed class PartsOptionsBinder
{
    /// <summary>Up to this number of sequences, the CPU backend's results do not depend on the number.</summary>
    private const int MostTogether = 12;

    private const int DefaultTogether = 8;

    private readonly Option<int?> shards = NumberOption.Create<int>(
        "--shards", "N", "Parts that the work is divided into (default: what the scheduler says, or 1).");

    private readonly Option<int?> shard = NumberOption.Create<int>(
        "--shard", "I", "Which part this is, from 0 (default: what the scheduler says).");

    private readonly Option<int?> together;

    /// <param name="unchanged">The help's words for what does not depend on how many items generate together.</param>
    public PartsOptionsBinder(string unchanged) => together = NumberOption.Create<int>(
        "--batch-size", "N", $"Items that generate together, 1 to {MostTogether}; {unchanged} (default: {DefaultTogether}).");

    /// <summary>The options, in the order of the help.</summary>
    public IEnumerable<Option> All => [shards, shard, together];

    /// <summary>The part of the work that this process does.</summary>
    /// <exception cref="UsageException">The numbers contradict each other.</exception>
    public ShardPlan Plan(ParseResult parsed) =>
        ShardPlan.From(parsed.GetValue(shard), parsed.GetValue(shards), Environment.GetEnvironmentVariable);

    /// <summary>How many items generate together.</summary>
    /// <exception cref="UsageException">The number is out of range.</exception>
    public int Together(ParseResult parsed, GenerationOptions options)
    {
        int size = NumberOption.InRange(parsed, together, 1, MostTogether) ?? DefaultTogether;
        return Math.Max(1, Math.Min(size, MostTogether / options.Beams)); // each beam is a row of a step
    }
}
