using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Batch;

/// <summary>The end of a run, or of a shard, that has all its records.</summary>
internal static class BatchEnd
{
    /// <summary>The exit code. If every item failed it is an error, whatever rate is allowed, and the message says so.</summary>
    /// <param name="records">Number of records.</param>
    /// <param name="errors">Number of error records among them.</param>
    public static async Task<int> CodeAsync(long records, long errors)
    {
        if (records == 0 || errors < records) return ExitCodes.Success;
        string which = records == 1 ? "the one item" : $"all {records} items";
        await Console.Error.WriteLineAsync($"vlmsharp: {which} failed; the records say why.");
        return ExitCodes.TooManyErrors;
    }
}
