using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>Counts the transfers between host and backend.</summary>
internal class CountingBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private bool isInReplay;

    public Counts Counts { get; set; }

    /// <summary>The keys of the calls of <see cref="Replay"/>.</summary>
    public List<ReplayKey> Replays { get; } = [];

    /// <summary>The transfers inside the bodies that were given to <see cref="Replay"/>.</summary>
    public int CrossingsInReplay { get; private set; }

    public override Matrix Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        Counts = Cross() with { Uploads = Counts.Uploads + 1, UploadedFloats = Counts.UploadedFloats + values.Length };
        return base.Upload(values, rows, columns);
    }

    public override Indices Upload(ReadOnlySpan<int> values)
    {
        Counts = Cross() with { Uploads = Counts.Uploads + 1 };
        return base.Upload(values);
    }

    public override void Download(Matrix x, Span<float> destination)
    {
        Counts = Cross() with { Downloads = Counts.Downloads + 1, DownloadedWords = Counts.DownloadedWords + x.Length };
        base.Download(x, destination);
    }

    public override StepTable Prepare(SequenceBatch batch)
    {
        Counts = Cross() with { Prepares = Counts.Prepares + 1 };
        return base.Prepare(batch);
    }

    public override Matrix Run<TOperator>(in TOperator op)
    {
        Counts = Counts with { Operators = Counts.Operators + 1 };
        return base.Run(op);
    }

    public override Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        Replays.Add(key);
        isInReplay = true;
        Matrix y = base.Replay(key, input, state, body);
        isInReplay = false;
        return y;
    }

    private Counts Cross()
    {
        if (isInReplay) CrossingsInReplay++;
        return Counts;
    }
}

/// <summary>The transfers between host and backend, and the operators that ran.</summary>
/// <param name="Downloads">Round trips: downloads, which wait for the backend.</param>
/// <param name="Uploads">Uploads of numbers and of indices.</param>
/// <param name="Prepares">Uploads of the tables of a step.</param>
/// <param name="Operators">Operators that ran.</param>
/// <param name="DownloadedWords">Numbers that were copied to the host.</param>
/// <param name="UploadedFloats">Numbers of matrices that were copied from the host.</param>
internal readonly record struct Counts(int Downloads, int Uploads, int Prepares, int Operators, long DownloadedWords, long UploadedFloats);

/// <summary>Questions for the demo model.</summary>
internal static class DemoRequests
{
    public static GenerationRequest Ask(string picture, string prompt, ITokenConstraint? constraint = null) => new()
    {
        Images = [ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", picture))],
        Prompt = prompt,
        Constraint = constraint,
    };
}
