using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.Batch;

/// <summary>One of the inputs of a work list: a folder, a picture, or a list.</summary>
/// <param name="Folder">What its relative paths are relative to.</param>
/// <param name="Lines">Its lines, each time from the first.</param>
internal sealed record WorkSource(string Folder, Func<IEnumerable<string>> Lines)
{
    /// <summary>Whether its lines are pictures' names as they are; else they may be objects, or have blanks around them.</summary>
    public bool ArePictures { get; init; }

    /// <summary>Something that changes with a picture's bytes, such as how many there are; null of a list.</summary>
    public Func<string, long>? SizeOf { get; init; }

    /// <summary>The pipe that its one picture comes through; null for files, which can be opened again.</summary>
    public PipedInput? Given { get; init; }

    /// <summary>A source of one picture.</summary>
    /// <param name="name">The picture's name, as its record calls it.</param>
    public static WorkSource Picture(string name) => new("", () => [name]) { ArePictures = true };

    /// <summary>An item of this source.</summary>
    /// <param name="line">Its line.</param>
    /// <param name="index">Its number among all items.</param>
    public WorkItem Item(string line, long index) =>
        ArePictures ? WorkItem.Picture(line, index, Folder) with { Given = Given } : WorkItem.Parse(line, index, Folder);
}
