using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Training.Data;

/// <summary>
/// The batches of a run. The examples are visited in rounds, each shuffled or in the file's order. Batches are cut from this one long
/// sequence, so they cross the end of the data: three examples in batches of two give [0, 1], [2, 0], [1, 2]. The example of a visit
/// depends only on the seed and the visit's number: a stream continues exactly where another stopped, and n ranks together see what one
/// process sees.
/// </summary>
public sealed class ExampleStream
{
    private readonly TrainingData data;
    private readonly ExampleEncoder encoder;
    private readonly ImagePreprocessor preprocessor;
    private readonly StreamOptions options;
    private readonly long visits;

    private readonly record struct Visit(long Number, int Index, TrainingExample Example);

    private readonly record struct Made(PreparedExample? Example, DataFault? Fault);

    /// <summary>Creates a stream.</summary>
    /// <param name="data">The examples; not disposed.</param>
    /// <param name="encoder">Turns texts into tokens.</param>
    /// <param name="preprocessor">Turns pictures into numbers.</param>
    /// <param name="options">How often, in which order and how fast.</param>
    /// <exception cref="ArgumentException">The options contradict each other, or there is no example.</exception>
    public ExampleStream(TrainingData data, ExampleEncoder encoder, ImagePreprocessor preprocessor, StreamOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(preprocessor);
        ArgumentNullException.ThrowIfNull(options);
        Check(data, options);
        (this.data, this.encoder, this.preprocessor, this.options) = (data, encoder, preprocessor, options);
        visits = options.Batches is { } batches ? checked(batches * options.BatchSize) : (long)options.Epochs!.Value * data.Count;
    }

    /// <summary>The number of batches from beginning to end; the last one may be smaller if epochs are counted.</summary>
    public long BatchCount => (visits + options.BatchSize - 1) / options.BatchSize;

    /// <summary>The batches, prepared ahead on other threads. May be enumerated several times, each from its own position.</summary>
    /// <param name="from">Where to begin: the beginning, or the <see cref="TrainingBatch.Next"/> of a batch.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The batches; to be consumed by one thread.</returns>
    /// <exception cref="ArgumentException">The position is not between two batches of this stream.</exception>
    /// <exception cref="TrainingDataException">During enumeration: an example cannot be used and bad ones are not skipped.</exception>
    public IEnumerable<TrainingBatch> Read(StreamPosition from = default, CancellationToken cancellationToken = default)
    {
        if (from.Visits < 0 || (from.Visits % options.BatchSize != 0 && from.Visits != visits))
            throw new ArgumentException($"A stream in batches of {options.BatchSize} does not go on at example {from.Visits}: it was saved "
                + "with another batch size.", nameof(from));
        return ReadFrom(from.Visits, cancellationToken);
    }

    private IEnumerable<TrainingBatch> ReadFrom(long first, CancellationToken cancellationToken)
    {
        long pictureBytes = 3L * sizeof(float) * preprocessor.Config.Size * preprocessor.Config.Size;
        int pictures = (int)Math.Clamp(options.QueuedBytes / pictureBytes, 1, int.MaxValue);
        var ahead = new LookAhead(options.Threads, options.QueuedExamples, pictures);
        using IEnumerator<Made> made =
            ahead.Run(Visits(first), visit => visit.Example.Images.Count, Make, cancellationToken).GetEnumerator();
        for (long start = first; start < visits; start += options.BatchSize)
        {
            (long begin, long end) = Part(start);
            var examples = new List<PreparedExample>((int)(end - begin));
            var skipped = new List<DataFault>();
            for (long visit = begin; visit < end; visit++)
            {
                if (!made.MoveNext()) throw new InvalidOperationException("The stream ended before its last batch.");
                if (made.Current.Fault is { } fault) skipped.Add(fault);
                else examples.Add(made.Current.Example!);
            }

            var next = new StreamPosition(Math.Min(start + options.BatchSize, visits));
            yield return new TrainingBatch(start / options.BatchSize, examples, next, skipped);
        }
    }

    /// <summary>This rank's visits of the batch that begins at a visit: rank r of n has the share from r / n to (r + 1) / n.</summary>
    private (long Begin, long End) Part(long start)
    {
        long size = Math.Min(options.BatchSize, visits - start);
        return (start + size * options.Rank / options.Ranks, start + size * (options.Rank + 1) / options.Ranks);
    }

    private IEnumerable<Visit> Visits(long first)
    {
        var order = new ExampleOrder(data.Count, options.Seed, options.Shuffle);
        for (long start = first; start < visits; start += options.BatchSize)
        {
            (long begin, long end) = Part(start);
            for (long visit = begin; visit < end; visit++)
            {
                int index = order.ExampleOf(visit);
                yield return new Visit(visit, index, data[index]);
            }
        }
    }

    private Made Make(Visit visit)
    {
        TrainingExample example = visit.Example;
        try
        {
            long epoch = visit.Number / data.Count;
            string suffix = example.Suffixes[ExampleOrder.AnswerOf(epoch, visit.Index, example.Suffixes.Count, options.Seed)];
            EncodedExample tokens = encoder.Encode(example, suffix);
            float[][] pixels = [.. example.Images.Select(path => preprocessor.Process(PictureFile.Load(path)))];
            return new Made(new PreparedExample(example, suffix, tokens, pixels), null);
        }
        catch (Exception e) when (e is ImageFormatException or TrainingDataException)
        {
            string place = $"{example.Where}: ";
            string message = e.Message.StartsWith(place, StringComparison.Ordinal) ? e.Message : place + e.Message;
            return options.SkipBad ? new Made(null, new DataFault(example.Where, message[place.Length..].TrimEnd('.')))
                : throw new TrainingDataException(message, e);
        }
    }

    private static void Check(TrainingData data, StreamOptions options)
    {
        if (data.Count == 0) throw new ArgumentException("There is no example.", nameof(data));
        if (options.BatchSize < 1) throw new ArgumentException($"A batch of {options.BatchSize} examples cannot be.", nameof(options));
        if ((options.Epochs is null) == (options.Batches is null))
            throw new ArgumentException("Give either epochs or batches.", nameof(options));
        if (options.Epochs < 1 || options.Batches < 1)
            throw new ArgumentException("A stream has at least one epoch or batch.", nameof(options));
        if (options.Ranks < 1 || options.Rank < 0 || options.Rank >= options.Ranks)
            throw new ArgumentException($"There is no rank {options.Rank} of {options.Ranks}.", nameof(options));
        if (options.Ranks > options.BatchSize)
            throw new ArgumentException(
                $"A batch of {options.BatchSize} examples cannot be split over {options.Ranks} ranks.", nameof(options));
        if (options.Threads < 1 || options.QueuedExamples < 1 || options.QueuedBytes < 1)
            throw new ArgumentException("At least one thread, one example and one byte must be allowed.", nameof(options));
    }
}
