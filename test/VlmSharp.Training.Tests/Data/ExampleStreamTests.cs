using VlmSharp.Preprocessing;
using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

public sealed class ExampleStreamTests : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Batches_cross_the_end_of_the_file()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(3));
        Assert.Equal(["q0 q1", "q2 q0", "q1 q2"], Texts(data, new StreamOptions { BatchSize = 2, Batches = 3, Shuffle = false }));
    }

    [Fact]
    public void Epochs_end_with_what_is_left()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(3));
        var options = new StreamOptions { BatchSize = 2, Epochs = 1, Shuffle = false };
        Assert.Equal(["q0 q1", "q2"], Texts(data, options));
        ExampleStream stream = Stream(data, options);
        Assert.Equal(2, stream.BatchCount);
        TrainingBatch last = stream.Read().Last();
        Assert.Equal(3, last.Next.Visits);
        Assert.Empty(stream.Read(last.Next));
    }

    [Fact]
    public void Each_epoch_has_every_example_once_in_its_own_order()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(20));
        string[] visits = [.. string.Join(' ', Texts(data, new StreamOptions { BatchSize = 7, Epochs = 3, Seed = 5 })).Split(' ')];
        Assert.Equal(60, visits.Length);
        string[][] epochs = [.. visits.Chunk(20)];
        Assert.All(epochs, epoch => Assert.Equal(20, epoch.Distinct().Count()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
        Assert.NotEqual(epochs[0], Enumerable.Range(0, 20).Select(i => $"q{i}"));
    }

    [Fact]
    public void Equal_seeds_give_equal_streams_and_others_do_not()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(20));
        string[] Of(long seed) => Texts(data, new StreamOptions { BatchSize = 4, Batches = 8, Seed = seed });
        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
        Assert.NotEqual(Of(1), Of(1 + (1L << 32)));
    }

    [Fact]
    public void The_shuffle_favors_no_place()
    {
        // 24 orders of four, each expected 500 times in 12,000 epochs; six standard deviations are 131.
        var order = new ExampleOrder(4, seed: 99, shuffle: true);
        var counts = Enumerable.Range(0, 12_000)
            .GroupBy(epoch => string.Concat(Enumerable.Range(0, 4).Select(i => order.ExampleOf(4L * epoch + i))))
            .ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(24, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 369, 631));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_stream_resumes_exactly_at_every_position(bool shuffle)
    {
        using TrainingData data = TrainingData.Open(folder.Lines(7));
        var options = new StreamOptions { BatchSize = 3, Batches = 9, Shuffle = shuffle, Seed = 3 };
        TrainingBatch[] all = [.. Stream(data, options).Read()];
        for (int i = 0; i < all.Length; i++)
        {
            // The position is saved as a number and read by a new stream.
            var position = new StreamPosition(all[i].Next.Visits);
            TrainingBatch[] rest = [.. Stream(data, options).Read(position)];
            Assert.Equal(all[(i + 1)..].Select(Text), rest.Select(Text));
            Assert.Equal(all[(i + 1)..].Select(batch => batch.Number), rest.Select(batch => batch.Number));
            Assert.Equal(all[(i + 1)..].SelectMany(Pixels), rest.SelectMany(Pixels));
        }
    }

    [Fact]
    public void A_position_between_batches_is_refused()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(3));
        Assert.Throws<ArgumentException>(() => Stream(data, new StreamOptions { BatchSize = 2, Batches = 3 }).Read(new StreamPosition(3)));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void All_ranks_together_see_what_one_process_sees(int ranks)
    {
        using TrainingData data = TrainingData.Open(folder.Lines(7));
        var options = new StreamOptions { BatchSize = 4, Epochs = 3, Seed = 8 };
        TrainingBatch[] one = [.. Stream(data, options).Read()];
        TrainingBatch[][] parts =
            [.. Enumerable.Range(0, ranks).Select(rank => Stream(data, options with { Rank = rank, Ranks = ranks }).Read().ToArray())];
        Assert.All(parts, part => Assert.Equal(one.Length, part.Length));
        for (int i = 0; i < one.Length; i++)
        {
            Assert.Equal(
                one[i].Examples.Select(e => e.Source.Prefix), parts.SelectMany(part => part[i].Examples).Select(e => e.Source.Prefix));
            Assert.All(parts, part => Assert.Equal(one[i].Next, part[i].Next));
        }
    }

    [Fact]
    public void Pictures_and_tokens_equal_those_of_inference()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(2));
        TrainingBatch batch = Stream(data, new StreamOptions { BatchSize = 2, Batches = 1, Shuffle = false }).Read().Single();
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(
                new ImagePreprocessor(Settings).Process(Imaging.ImageFile.Load(folder.At($"{i}.png"))), batch.Examples[i].Pixels.Single());
            Assert.Equal(ExampleEncoderTests.Encoder("pg1").Encode(batch.Examples[i].Source, $"a{i}").Ids, batch.Examples[i].Tokens.Ids);
        }

        Assert.Equal(batch.Examples.Sum(e => e.Tokens.TargetCount), batch.Targets);
    }

    [Fact]
    public void A_damaged_picture_ends_the_stream_at_its_place()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(6, damaged: 4));
        var texts = new List<string>();
        var error = Assert.Throws<TrainingDataException>(() =>
        {
            foreach (TrainingBatch batch in Stream(data, new StreamOptions { BatchSize = 2, Epochs = 1, Shuffle = false }).Read())
                texts.Add(Text(batch));
        });
        Assert.Equal(["q0 q1", "q2 q3"], texts);
        Assert.Contains("train.jsonl:5: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("4.png", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Skipped_examples_are_counted_and_shift_nothing()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(6, damaged: [2, 3]));
        File.Delete(folder.At("5.png"));
        TrainingBatch[] batches =
            [.. Stream(data, new StreamOptions { BatchSize = 2, Epochs = 1, Shuffle = false, SkipBad = true }).Read()];
        Assert.Equal(["q0 q1", "", "q4"], batches.Select(Text));
        Assert.Equal([0, 2, 1], batches.Select(batch => batch.Skipped.Count));
        Assert.EndsWith("train.jsonl:6", batches[2].Skipped[0].Where, StringComparison.Ordinal);
        Assert.Contains("5.png does not exist", batches[2].Skipped[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_answer_is_used_once_before_any_is_repeated()
    {
        folder.Picture("a.png");
        folder.Picture("b.png");
        string path = folder.Write("train.jsonl", """
            {"image": "a.png", "prefix": "p", "suffix": ["1", "2", "3", "4", "5"]}
            {"image": "b.png", "prefix": "q", "suffix": "only"}
            """);
        using TrainingData data = TrainingData.Open(path);
        var options = new StreamOptions { BatchSize = 2, Epochs = 20, Seed = 4 };
        string[] taken =
            [.. Stream(data, options).Read().SelectMany(batch => batch.Examples).Where(e => e.Source.Prefix == "p").Select(e => e.Suffix)];
        Assert.Equal(20, taken.Length);
        string[][] rounds = [.. taken.Chunk(5)];
        Assert.All(rounds, round => Assert.Equal(["1", "2", "3", "4", "5"], round.Order()));
        Assert.NotEqual(rounds[0], rounds[1]);
        Assert.Equal(taken,
            Stream(data, options).Read().SelectMany(batch => batch.Examples).Where(e => e.Source.Prefix == "p").Select(e => e.Suffix));
    }

    [Fact]
    public void A_stream_can_be_left_and_canceled()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(5));
        var options = new StreamOptions { BatchSize = 2, Batches = 1_000_000, QueuedExamples = 3, Threads = 2, QueuedBytes = 1 };
        Assert.Equal(4, Stream(data, options).Read().Take(4).Count()); // leaving the stream waits for what was read ahead
        using var cancel = new CancellationTokenSource();
        int taken = 0;
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (TrainingBatch _ in Stream(data, options).Read(cancellationToken: cancel.Token))
                if (++taken == 3) cancel.Cancel();
        });
        Assert.Equal(3, taken);
    }

    [Fact]
    public void The_queue_is_bounded_by_number_and_by_weight()
    {
        foreach ((int items, int weight, int heaviness, int most) in new[] { (3, 1000, 1, 3), (1000, 6, 2, 3), (1000, 1, 5, 1) })
        {
            int begun = 0, taken = 0, worst = 0;
            var ahead = new LookAhead(threads: 2, items, weight);
            foreach (int item in ahead.Run(
                Enumerable.Range(0, 50), _ => heaviness, i => { Interlocked.Increment(ref begun); return i; }, CancellationToken.None))
            {
                Assert.Equal(taken++, item);
                Thread.Sleep(1);
                worst = Math.Max(worst, Volatile.Read(ref begun) - taken);
            }

            // One more batch may be made while the queue is full, but not over the weight limit.
            Assert.InRange(worst, 1, most + (weight < 1000 ? 0 : 2));
        }
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        using TrainingData data = TrainingData.Open(folder.Lines(2));
        var good = new StreamOptions { BatchSize = 2, Epochs = 1 };
        Assert.All(
            new[]
            {
                good with { BatchSize = 0 }, good with { Batches = 1 }, good with { Epochs = null }, good with { Epochs = 0 },
                good with { Ranks = 3 }, good with { Rank = 1 }, good with { Threads = 0 }
            },
            options => Assert.Throws<ArgumentException>(() => Stream(data, options)));
    }

    private static readonly PreprocessorConfig Settings = new() { Size = 56 };

    private static ExampleStream Stream(TrainingData data, StreamOptions options) =>
        new(data, ExampleEncoderTests.Encoder("pg1"), new ImagePreprocessor(Settings), options);

    private static string[] Texts(TrainingData data, StreamOptions options) => [.. Stream(data, options).Read().Select(Text)];

    private static string Text(TrainingBatch batch) => string.Join(' ', batch.Examples.Select(e => e.Source.Prefix));

    private static IEnumerable<float> Pixels(TrainingBatch batch) => batch.Examples.SelectMany(e => e.Pixels).SelectMany(p => p);
}
