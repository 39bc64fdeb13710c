namespace VlmSharp.Training.Data;

/// <summary>One thing to learn: pictures, what is asked about them, and what is to be answered.</summary>
public sealed record TrainingExample
{
    /// <summary>The picture files, at least one; relative paths of the data file are joined to its folder.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>What is asked, such as <c>caption en</c>; may be empty.</summary>
    public required string Prefix { get; init; }

    /// <summary>The answers, at least one. If there are several (captions by five people), each visit learns one.</summary>
    public required IReadOnlyList<string> Suffixes { get; init; }

    /// <summary>What the data file calls it, or null.</summary>
    public string? Id { get; init; }

    /// <summary>The file that it comes from; for a folder the file of its text, or its picture.</summary>
    public required string File { get; init; }

    /// <summary>The line in <see cref="File"/>, from 1; 0 where the format has no lines.</summary>
    public int Line { get; init; }

    /// <summary>Width and height of the picture as the data file has them, in pixels; null where it says nothing.</summary>
    public (int Width, int Height)? StatedSize { get; init; }

    /// <summary>Where it stands, for messages: <c>train.jsonl:12</c>, or <c>captions.json (image 42)</c>.</summary>
    public string Where => Line > 0 ? $"{File}:{Line}" : Id is null ? File : $"{File} ({MessageText.Quote(Id)})";
}
