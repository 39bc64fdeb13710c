namespace VlmSharp.Training.Data;

/// <summary>A part of a data file that cannot be used.</summary>
/// <param name="Where">File and line, such as <c>train.jsonl:12</c>.</param>
/// <param name="What">What is wrong with it.</param>
public sealed record DataFault(string Where, string What)
{
    /// <summary>Both in one sentence.</summary>
    /// <returns>Such as <c>train.jsonl:12: it has no "suffix".</c></returns>
    public override string ToString() => $"{Where}: {What}.";
}
