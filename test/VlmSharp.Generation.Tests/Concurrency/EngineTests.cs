using System.Collections.Concurrent;
using VlmSharp.Compute;
using VlmSharp.Generation;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>Many callers at once. Each gets the answer that it gets alone, in the order of arrival, within the memory limit.</summary>
public sealed class EngineTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_of_sixty_four_callers_gets_the_answer_that_it_gets_alone(bool isQueued)
    {
        using var stepped = new SteppedModel(isQueued);
        GenerationOptions[] options = [.. Enumerable.Range(0, 64).Select(Mixed)];
        GenerationResult[] alone = [.. options.Select((o, i) => stepped.Model.Generate(Mixed(i, SteppedModel.Request(i)), o))];
        Task<GenerationResult>[] asked = [.. options.Select((o, i) => stepped.Model.GenerateAsync(Mixed(i, SteppedModel.Request(i)), o))];
        GenerationResult[] together = await Task.WhenAll(asked).WaitAsync(SteppedModel.Patience);
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(alone[i].TokenIds, together[i].TokenIds);
            Assert.Equal(alone[i].Text, together[i].Text);
            Assert.Equal(alone[i].Finish, together[i].Finish);
        }

        await stepped.UntilIdle();
    }

    [Fact]
    public async Task Each_of_up_to_twelve_callers_with_seeds_gets_the_draws_that_it_gets_alone()
    {
        using var stepped = new SteppedModel();
        for (int count = 2; count <= 12; count += 5)
        {
            GenerationOptions[] options =
            [
                .. Enumerable.Range(0, count)
                    .Select(i => new GenerationOptions { Temperature = 1.5f, Seed = i, MaxNewTokens = 10 + i, IgnoreEndOfSequence = true })
            ];
            GenerationResult[] alone = [.. options.Select((o, i) => stepped.Model.Generate(SteppedModel.Request(3 * i), o))];
            GenerationResult[] together = await Task.WhenAll(
                options.Select((o, i) => stepped.Model.GenerateAsync(SteppedModel.Request(3 * i), o))).WaitAsync(SteppedModel.Patience);
            Assert.Equal(alone.Select(r => r.TokenIds), together.Select(r => r.TokenIds));
        }
    }

    [Fact]
    public async Task Callers_share_steps()
    {
        using var stepped = new SteppedModel();
        stepped.Backend.Hold();
        var rows = new ConcurrentBag<int>();
        stepped.Backend.BeforeStep = batch => rows.Add(batch.Slices.Length);
        Task<GenerationResult>[] asked =
            [.. Enumerable.Range(0, 8).Select(i => stepped.Model.GenerateAsync(SteppedModel.Request(i), SteppedModel.Tokens(10)))];
        await SteppedModel.Until(() => stepped.Engine.Running + stepped.Engine.Waiting == 8, "all have come");
        stepped.Backend.Release();
        await Task.WhenAll(asked).WaitAsync(SteppedModel.Patience);
        Assert.Equal(8, rows.Max());
        Assert.InRange(stepped.Backend.Steps, 10, 12);
    }

    [Fact]
    public async Task As_many_requests_run_as_fit_the_limit_in_the_order_of_arrival()
    {
        using var stepped = new SteppedModel();
        GenerationRequest[] requests = [.. Enumerable.Range(1, 9).Select(SteppedModel.Long)];
        int[] lengths = [.. requests.Select(r => stepped.Model.Prepare(r).Ids.Length)];
        Assert.Equal(lengths.Order().Distinct(), lengths); // each prompt has its own length, which identifies it
        GenerationOptions options = SteppedModel.Tokens(8);
        long limit = stepped.Engine.MaxKvCacheBytes = 2 * stepped.KvCacheBytes(requests[^1], options);
        Assert.True(3 * stepped.KvCacheBytes(requests[0], options) > limit);
        var began = new List<int>();
        int most = 0;
        long bytes = 0;
        stepped.Backend.BeforeStep = batch =>
        {
            most = Math.Max(most, Math.Max(batch.Slices.Length, stepped.Engine.Running));
            bytes = Math.Max(bytes, stepped.Engine.KvCacheBytes);
            foreach (SequenceSlice slice in batch.Slices)
                if (slice.Past == 0) began.Add(slice.RowCount);
        };
        stepped.Backend.Hold();
        var answers = new List<Task<GenerationResult>>();
        for (int i = 0; i < requests.Length; i++)
            answers.Add((await stepped.Model.SubmitAsync(requests[i], options with { MaxNewTokens = i == 0 ? 4 : 8 })).Result);
        await SteppedModel.Until(() => stepped.Engine.Running > 0, "the first runs");
        Assert.Equal(9, stepped.Engine.Running + stepped.Engine.Waiting);
        stepped.Backend.Release();
        await Task.WhenAll(answers).WaitAsync(SteppedModel.Patience);
        Assert.Equal(2, most);
        Assert.InRange(bytes, limit / 2, limit);
        Assert.Equal(lengths, began);
    }

    [Fact]
    public async Task A_big_request_is_not_overtaken_by_small_ones()
    {
        using var stepped = new SteppedModel();
        GenerationRequest request = SteppedModel.Request(0);
        GenerationOptions small = SteppedModel.Tokens(2), big = SteppedModel.Tokens(200);
        stepped.Engine.MaxKvCacheBytes = stepped.KvCacheBytes(request, big) + 1;
        using var stop = new CancellationTokenSource();
        Task[] others = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await stepped.Model.GenerateAsync(request, small);
        }))];
        await SteppedModel.Until(() => stepped.Backend.Steps > 10, "the small ones are at it");
        GenerationResult answer = await stepped.Model.GenerateAsync(request, big).WaitAsync(SteppedModel.Patience);
        Assert.Equal(200, answer.TokenIds.Count);
        await stop.CancelAsync();
        await Task.WhenAll(others).WaitAsync(SteppedModel.Patience);
    }

    [Fact]
    public async Task A_request_over_the_limit_is_refused_with_numbers()
    {
        using var stepped = new SteppedModel();
        long needed = stepped.KvCacheBytes(SteppedModel.Request(0), new GenerationOptions { Beams = 3 });
        stepped.Engine.MaxKvCacheBytes = needed - 1;
        RequestException error = await Assert.ThrowsAsync<RequestException>(
            () => stepped.Model.GenerateAsync(SteppedModel.Request(0), new GenerationOptions { Beams = 3 }));
        Assert.Contains($"{needed} bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{needed - 1}", error.Message, StringComparison.Ordinal);
        stepped.Engine.MaxKvCacheBytes = needed;
        Assert.NotEmpty((await stepped.Model.GenerateAsync(SteppedModel.Request(0), new GenerationOptions { Beams = 3 })).TokenIds);
        Assert.Throws<ArgumentOutOfRangeException>(() => stepped.Engine.MaxKvCacheBytes = 0);
    }

    /// <summary>Beams, constraints, rules on history and a trace sink together with greedy requests.</summary>
    [Fact]
    public async Task Requests_of_every_kind_share_the_engine()
    {
        using var stepped = new SteppedModel();
        var heard = new CountingSink();
        (GenerationRequest Request, GenerationOptions Options)[] asked =
        [
            (SteppedModel.Request(0), SteppedModel.Tokens(30)),
            (SteppedModel.Request(1), new() { Beams = 4 }),
            (SteppedModel.Request(2) with { Constraint = new Alternating() }, SteppedModel.Tokens(20)),
            (SteppedModel.Request(3) with { Constraint = new Alternating() }, new() { Beams = 2, MaxNewTokens = 6 }),
            (SteppedModel.Request(4) with { Trace = heard }, SteppedModel.Tokens(12)),
            (SteppedModel.Request(5), new() { NoRepeatNgramSize = 2, MinNewTokens = 8, MaxNewTokens = 16 }),
            (SteppedModel.Request(6), SteppedModel.Tokens(25) with { TopLogProbabilities = 4 }),
        ];
        GenerationResult[] alone = [.. asked.Select(a => stepped.Model.Generate(a.Request, a.Options))];
        int hearings = heard.Count;
        heard.Count = 0;
        GenerationResult[] together =
            await Task.WhenAll(asked.Select(a => stepped.Model.GenerateAsync(a.Request, a.Options))).WaitAsync(SteppedModel.Patience);
        Assert.Equal(alone.Select(r => r.TokenIds), together.Select(r => r.TokenIds));
        Assert.Equal(hearings, heard.Count); // it hears its own steps and no others
        await stepped.UntilIdle();
    }

    /// <summary>A request with a trace sink gets its turn even if every step holds prompts of other callers.</summary>
    [Fact]
    public async Task A_request_with_a_trace_is_not_starved_by_prompts()
    {
        using var stepped = new SteppedModel();
        using var stop = new CancellationTokenSource();
        Task[] others = [.. Enumerable.Range(0, 6).Select(i => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await stepped.Model.GenerateAsync(SteppedModel.Request(i), SteppedModel.Tokens(1));
        }))];
        await SteppedModel.Until(() => stepped.Backend.Steps > 10, "the others are at it");
        GenerationResult answer = await stepped.Model.GenerateAsync(
            SteppedModel.Request(4) with { Trace = new CountingSink() }, SteppedModel.Tokens(20)).WaitAsync(SteppedModel.Patience);
        Assert.Equal(20, answer.TokenIds.Count);
        await stop.CancelAsync();
        await Task.WhenAll(others).WaitAsync(SteppedModel.Patience);
    }

    [Fact]
    public async Task An_engine_that_was_idle_is_used_again()
    {
        using var stepped = new SteppedModel();
        string? first = (await stepped.Model.GenerateAsync(SteppedModel.Request(0))).Text;
        await stepped.UntilIdle();
        await Task.Delay(1500); // its thread ends after a second
        Assert.Equal(first, (await stepped.Model.GenerateAsync(SteppedModel.Request(0)).WaitAsync(SteppedModel.Patience)).Text);
    }

    private static GenerationOptions Mixed(int i) => (i % 8) switch
    {
        1 => new() { Beams = 2 },
        2 => new() { RepetitionPenalty = 1.2f, MaxNewTokens = 12 },
        3 => new() { TopLogProbabilities = 2 },
        4 => new() { Temperature = 1, TopK = 1, Seed = i }, // draws that have one possible outcome, in steps of any size
        5 => new() { StopStrings = ["a"] },
        _ => new() { MaxNewTokens = 1 + i },
    };

    private static GenerationRequest Mixed(int i, GenerationRequest request) =>
        i % 8 == 6 ? request with { Constraint = new Alternating() } : request;

    /// <summary>Even tokens after odd ones.</summary>
    private sealed class Alternating : ITokenConstraint
    {
        private static readonly int[] Even = [.. Enumerable.Range(0, 500).Select(i => 2 * i)],
            Odd = [.. Enumerable.Range(0, 500).Select(i => (2 * i) + 1)];

        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => newTokens.Length % 2 == 0 ? Even : Odd;
    }

    private sealed class CountingSink : ITraceSink
    {
        public int Count { get; set; }

        public void Record(string name, Matrix value) => Count++;
    }
}
