namespace VlmSharp.Training.Data;

/// <summary>How often, in which order and how fast examples come.</summary>
public sealed record StreamOptions
{
    /// <summary>Examples of a batch, over all ranks.</summary>
    public required int BatchSize { get; init; }

    /// <summary>How many times each example comes; with <see cref="Batches"/> null it must be given.</summary>
    public int? Epochs { get; init; }

    /// <summary>How many batches come; batches cross the end of the data.</summary>
    public long? Batches { get; init; }

    /// <summary>Shuffled anew for each time through, or in the order of the file.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Decides orders and which of several answers is taken; equal seeds give equal streams.</summary>
    public long Seed { get; init; }

    /// <summary>Which part of each batch comes, from 0.</summary>
    public int Rank { get; init; }

    /// <summary>Into how many parts batches are split: a process each.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>
    /// Whether examples that cannot be used (a picture that is damaged) are left out and counted; if not, they are an error.
    /// </summary>
    public bool SkipBad { get; init; }

    /// <summary>Threads that read pictures ahead.</summary>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Most examples that wait, read ahead.</summary>
    public int QueuedExamples { get; init; } = 64;

    /// <summary>Most bytes that the pictures of waiting examples take, at the model's size; one example may always wait.</summary>
    public long QueuedBytes { get; init; } = 256L << 20;
}
