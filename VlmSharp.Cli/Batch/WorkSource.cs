using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.Batch;

/// <summary>One input of a work list: a folder, a picture, or a list.</summary>
/// <param name="Folder">The base folder of its relative paths.</param>
/// <param name="Lines">Returns its lines, each time from the first.</param>
internal sealed record WorkSource(string Folder, Func<IEnumerable<string>> Lines)
{
    /// <summary>Whether its lines are exact picture names; otherwise they may be objects or have surrounding spaces.</summary>
    public bool ArePictures { get; init; }

    /// <summary>A value that changes with a picture's bytes, such as its size; null for a list.</summary>
    public Func<string, long>? SizeOf { get; init; }

    /// <summary>The pipe that its one picture comes through; null for files, which can be opened again.</summary>
    public PipedInput? Given { get; init; }

    /// <summary>A source of one picture.</summary>
    /// <param name="name">The picture's name in its record.</param>
    public static WorkSource Picture(string name) => new("", () => [name]) { ArePictures = true };

    /// <summary>An item of this source.</summary>
    /// <param name="line">The path of a picture, or a line of JSON.</param>
    /// <param name="index">Its index among all items.</param>
    public WorkItem Item(string line, long index) =>
        ArePictures ? WorkItem.Picture(line, index, Folder) with { Given = Given } : WorkItem.Parse(line, index, Folder);
}
