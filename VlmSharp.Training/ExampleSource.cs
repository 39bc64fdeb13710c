using System.Globalization;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;

namespace VlmSharp.Training;

/// <summary>The examples of a stream as the batches of a training.</summary>
/// <param name="data">Gives the fingerprint; the stream reads the examples.</param>
/// <param name="stream">Their order; used and not disposed of.</param>
public sealed class ExampleSource(TrainingData data, ExampleStream stream) : IBatchSource<IReadOnlyList<TrainingSequence>>, IDisposable
{
    private IEnumerator<TrainingBatch>? batches;
    private CancellationTokenSource? reading; // of the enumerator, which outlives a call
    private StreamPosition position;

    /// <inheritdoc/>
    public string Fingerprint => data.Fingerprint;

    /// <inheritdoc/>
    public string Position => position.Visits.ToString(CultureInfo.InvariantCulture);

    /// <summary>Examples that could not be used, so far.</summary>
    public long Skipped { get; private set; }

    /// <summary>Tokens that did not fit the text length, so far.</summary>
    public long Cut { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Next(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        reading ??= new CancellationTokenSource();
        batches ??= stream.Read(position, reading.Token).GetEnumerator();
        using CancellationTokenRegistration watch =
            cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), reading);
        if (!batches.MoveNext()) throw new InvalidOperationException("The stream has ended.");
        TrainingBatch batch = batches.Current;
        position = batch.Next;
        Skipped += batch.Skipped.Count;
        Cut += batch.Cut;
        return [.. batch.Examples.Select(ToSequence)];
    }

    /// <inheritdoc/>
    public void Seek(string position)
    {
        if (!long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out long visits))
            throw new RequestException($"'{position}' is not a place in training data.");
        Dispose();
        this.position = new StreamPosition(visits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        batches?.Dispose();
        reading?.Dispose();
        (batches, reading) = (null, null);
    }

    /// <summary>An example in the model's terms.</summary>
    public static TrainingSequence ToSequence(PreparedExample example)
    {
        ArgumentNullException.ThrowIfNull(example);
        return new TrainingSequence(example.Tokens.Ids, example.Tokens.PrefixLength, example.Pixels);
    }
}
