using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Gpu.Tests.Recording;

/// <summary>When a step is recorded, replayed and recorded again.</summary>
[Collection(SharedDevice.Collection)]
public sealed class RecordedStepTests : IDisposable
{
    private const int HeadDim = 8;

    private static readonly AttentionSpec Spec = new(1, 1, HeadDim, 0.5f);

    private readonly RecordingDevice device = new();
    private readonly ReplayKey key = new(new object(), 1, "test");

    public void Dispose() => device.Dispose();

    [OpenClFact]
    public void A_step_is_plain_then_recorded_then_replayed()
    {
        using GpuBackend b = Backend();
        int calls = 0;
        for (int i = 1; i <= 5; i++)
        {
            using Matrix x = b.Upload([i, 2 * i], 1, 2), y = b.Replay(key, x, 0, (input, _) =>
            {
                calls++;
                using Matrix twice = b.JoinRows([input, input]);
                return b.SoftCap(twice, 1000);
            });
            Assert.Equal(Plain(b, i), Fetch(b, y));
            Assert.Equal((Math.Min(i, 2), i >= 2 ? 1 : 0, Math.Max(0, i - 1)), (calls, device.Recordings, device.Replays));
        }

        static float[] Plain(GpuBackend b, int i)
        {
            using Matrix x = b.Upload([i, 2 * i, i, 2 * i], 2, 2), y = b.SoftCap(x, 1000);
            return Fetch(b, y);
        }
    }

    /// <summary>
    /// What a recording writes to is nobody else's: a result is not changed by what comes between replays, nor the other way round.
    /// </summary>
    [OpenClFact]
    public void Memory_of_a_recording_is_not_handed_out()
    {
        using GpuBackend b = Backend();
        var kept = new List<Matrix>();
        for (int i = 1; i <= 6; i++)
        {
            using Matrix x = b.Upload([i, i], 1, 2);
            kept.Add(b.Replay(key, x, 0, (input, _) =>
            {
                using Matrix a = b.SoftCap(input, 1e6f), c = b.SoftCap(a, 1e6f);
                return b.JoinRows([a, c]);
            }));
            for (int n = 0; n < 10; n++) kept.Add(b.Upload([-1, -1, -1, -1], 2, 2)); // of the same size
        }

        float[][] values = [.. kept.Select(y => Fetch(b, y))];
        for (int i = 0; i < kept.Count; i++)
        {
            if (i % 11 != 0) Assert.Equal([-1, -1, -1, -1], values[i]);
            else Assert.All(values[i], value => Assert.Equal(i / 11 + 1, value, 1e-4f));
        }

        foreach (Matrix matrix in kept) matrix.Dispose();
        Assert.Equal((1, 5), (device.Recordings, device.Replays));
    }

    [OpenClFact]
    public void A_recording_is_made_anew_when_the_caches_have_moved()
    {
        using GpuBackend b = Backend();
        using KvCache cache = Filled(b, 12);
        var batch = new SequenceBatch();
        batch.Add(1, 0, cache);
        for (int i = 0; i < 3; i++) Step(b, batch);
        Assert.Equal((1, 2), (device.Recordings, device.Replays));
        using KvCache large = b.CreateKvCache(4, 1024, 4096); // more than there is: all move
        for (int i = 0; i < 3; i++) Step(b, batch);
        Assert.Equal((2, 4), (device.Recordings, device.Replays));
    }

    /// <summary>The key is the same, the sequence may become longer than the recorded one: more pieces of keys, more angles.</summary>
    [OpenClFact]
    public void A_recording_is_made_anew_for_larger_caches_and_serves_smaller_ones()
    {
        using GpuBackend b = Backend();
        using KvCache small = Filled(b, 12), large = Filled(b, 300), middle = Filled(b, 200);
        var batch = new SequenceBatch();
        foreach ((KvCache cache, int recordings) in new[] { (small, 1), (large, 2), (middle, 2), (small, 2), (large, 2) })
        {
            batch.Clear();
            batch.Add(1, 0, cache);
            for (int i = 0; i < 3; i++) Step(b, batch);
            Assert.Equal(recordings, device.Recordings);
        }
    }

    /// <summary>Plain for a large cache, recorded for a small one: the recording has room for the small one alone.</summary>
    [OpenClFact]
    public void A_recording_has_the_room_of_the_time_when_it_was_made()
    {
        using GpuBackend b = Backend();
        using KvCache small = Filled(b, 12), large = Filled(b, 300);
        var batch = new SequenceBatch();
        foreach (KvCache cache in new[] { large, small, small, large, large, large })
        {
            batch.Clear();
            batch.Add(1, 0, cache);
            Step(b, batch);
        }

        Assert.Equal(2, device.Recordings);
    }

    [OpenClFact]
    public void A_recording_is_made_anew_when_its_rules_were_dropped()
    {
        using GpuBackend b = Backend();
        var batch = new SequenceBatch();
        batch.Add(1, 0);
        var rules = new ChoiceRules([new TokenRule { IsSampling = true, TopK = 1, Seed = 5 }]);
        using Matrix logits = b.Upload([1, 5, 2, 0], 1, 4);
        for (int i = 0; i < 3; i++) Replayed();
        Assert.Equal((1, 2), (device.Recordings, device.Replays));
        for (int i = 0; i < 70; i++)
        {
            var other = new ChoiceRules([new TokenRule { Seed = 100 + i, IsSampling = true }]);
            b.Choose(logits, b.Prepare(batch), other).Dispose();
        }

        for (int i = 0; i < 3; i++) Replayed();
        Assert.Equal((2, 4), (device.Recordings, device.Replays));

        void Replayed()
        {
            StepTable step = b.Prepare(batch);
            using Matrix y = b.Replay(key, logits, 0, (input, _) => b.Choose(input, step, rules));
            Assert.Equal(1, new ChosenToken(Fetch(b, y)).Id);
        }
    }

    [OpenClFact]
    public void Only_the_last_few_recordings_are_kept()
    {
        using GpuBackend b = Backend();
        using Matrix x = b.Upload([1], 1, 1);
        for (int i = 0; i < 20; i++)
            for (int n = 0; n < 2; n++) b.Replay(new ReplayKey(this, 1, i), x, 0, (input, _) => b.SoftCap(input, 1)).Dispose();
        Assert.Equal(20, device.Recordings);
        Assert.InRange(device.Alive, 1, 8);
    }

    private GpuBackend Backend() => new(device, "recording", "a device that records", useTensorCores: false);

    private static KvCache Filled(GpuBackend b, int capacity)
    {
        KvCache cache = b.CreateKvCache(1, HeadDim, capacity);
        var batch = new SequenceBatch();
        batch.Add(capacity - 1, 0, cache);
        float[] numbers = [.. Enumerable.Range(0, (capacity - 1) * HeadDim).Select(i => MathF.Sin(i))];
        using Matrix rows = b.Upload(numbers, capacity - 1, HeadDim);
        b.AppendKeyValues(rows, rows, b.Prepare(batch), 0);
        batch.Advance();
        return cache;
    }

    /// <summary>Rotary angles and attention of one new token, replayed, and again as they are.</summary>
    private void Step(GpuBackend b, SequenceBatch batch)
    {
        StepTable step = b.Prepare(batch);
        float[] numbers = [.. Enumerable.Range(0, HeadDim).Select(i => MathF.Cos(3 * i))];
        using Matrix x = b.Upload(numbers, 1, HeadDim), y = b.Replay(key, x, 0, (input, _) => Body(input)), plain = Body(x);
        Assert.Equal(Fetch(b, plain), Fetch(b, y));

        Matrix Body(Matrix input)
        {
            using Matrix angles = b.RotaryAngles(step, HeadDim, 10000, 1), turned = b.Rope(input, angles);
            return b.CachedAttention(turned, step, 0, Spec);
        }
    }

    private static float[] Fetch(GpuBackend b, Matrix x)
    {
        float[] values = new float[x.Length];
        b.Download(x, values);
        return values;
    }
}
