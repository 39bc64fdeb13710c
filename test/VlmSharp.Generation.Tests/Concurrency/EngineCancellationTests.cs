using VlmSharp.Compute;
using VlmSharp.Generation;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>A canceled request ends at once, whatever the engine is doing, and its place is free within a step.</summary>
public sealed class EngineCancellationTests
{
    [Fact]
    public async Task A_request_that_is_canceled_before_it_arrives_never_begins()
    {
        using var stepped = new SteppedModel();
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => stepped.Model.GenerateAsync(SteppedModel.Request(0), null, source.Token));
        PreparedPrompt prompt = stepped.Model.Prepare(SteppedModel.Request(0));
        // canceled after the cancellation token was first checked
        PendingAnswer late = stepped.Engine.Submit(prompt, new GenerationOptions(), null, source.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late.Result);
        await stepped.UntilIdle();
        Assert.Equal(0, stepped.Backend.Steps);
    }

    /// <summary>Cancels while the step of another request runs and does not end.</summary>
    [Fact]
    public async Task A_waiting_request_is_canceled_at_once_and_leaves_with_the_next_step()
    {
        using var stepped = new SteppedModel();
        GenerationOptions options = SteppedModel.Tokens(20);
        stepped.Engine.MaxKvCacheBytes = stepped.KvCacheBytes(SteppedModel.Request(0), options);
        stepped.Backend.Hold();
        PendingAnswer first = await stepped.Model.SubmitAsync(SteppedModel.Request(0), options);
        await SteppedModel.Until(() => stepped.Engine.Running == 1, "the first runs");
        using var source = new CancellationTokenSource();
        PendingAnswer[] waiting =
        [
            await stepped.Model.SubmitAsync(SteppedModel.Request(0), options, source.Token),
            await stepped.Model.SubmitAsync(SteppedModel.Request(0), options)
        ];
        Assert.Equal(2, stepped.Engine.Waiting);
        await source.CancelAsync();
        Assert.True(waiting[0].Result.IsCanceled);
        stepped.Backend.Allow(2); // the step that is held, and the next one
        await SteppedModel.Until(() => stepped.Backend.Steps == 2, "two steps");
        Assert.Equal(1, stepped.Engine.Waiting); // the first one still runs, so no other could begin
        stepped.Backend.Release();
        Assert.Equal(20, (await waiting[1].Result.WaitAsync(SteppedModel.Patience)).TokenIds.Count);
        Assert.Equal(20, (await first.Result).TokenIds.Count);
        await stepped.UntilIdle();
    }

    /// <summary>0 cancels during the prefill; other numbers cancel in that decode step.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(5, false)]
    [InlineData(0, true)]
    [InlineData(5, true)]
    public async Task A_running_request_is_canceled_at_once_and_leaves_with_the_next_step(int step, bool isQueued)
    {
        using var stepped = new SteppedModel(isQueued);
        GenerationOptions options = SteppedModel.Tokens(40);
        GenerationResult alone = stepped.Model.Generate(SteppedModel.Request(1), options);
        int before = stepped.Backend.Steps, rows = 0;
        stepped.Backend.BeforeStep = batch => rows = batch.Slices.Length;
        stepped.Backend.Hold();
        using var source = new CancellationTokenSource();
        PendingAnswer leaving = await stepped.Model.SubmitAsync(SteppedModel.Request(0), options, source.Token);
        await SteppedModel.Until(() => stepped.Engine.Running == 1, "it runs");
        PendingAnswer staying = await stepped.Model.SubmitAsync(SteppedModel.Request(1), options);
        stepped.Backend.Allow(step);
        await SteppedModel.Until(() => stepped.Backend.Steps == before + step, "the steps before");
        await source.CancelAsync();
        Assert.True(leaving.Result.IsCanceled);
        stepped.Backend.Allow(isQueued ? 3 : 2); // the step that is held, perhaps one that is queued after it, and the next one
        await SteppedModel.Until(() => stepped.Backend.Steps == before + step + (isQueued ? 3 : 2), "the next step");
        Assert.Equal((1, 1), (stepped.Engine.Running, rows));
        Assert.Equal(stepped.KvCacheBytes(SteppedModel.Request(1), options), stepped.Engine.KvCacheBytes);
        stepped.Backend.Release();
        Assert.Equal(alone.TokenIds, (await staying.Result.WaitAsync(SteppedModel.Patience)).TokenIds);
        await stepped.UntilIdle();
    }

    [Fact]
    public async Task Canceling_after_the_end_changes_nothing()
    {
        using var stepped = new SteppedModel();
        using var source = new CancellationTokenSource();
        PendingAnswer answer = await stepped.Model.SubmitAsync(SteppedModel.Request(0), null, source.Token);
        GenerationResult result = await answer.Result.WaitAsync(SteppedModel.Patience);
        await stepped.UntilIdle();
        TimeSpan elapsed = answer.Elapsed;
        await source.CancelAsync();
        answer.Cancel();
        Assert.Same(result, await answer.Result);
        Assert.Equal(elapsed, answer.Elapsed);
        Assert.InRange(answer.TimeToFirstToken!.Value, TimeSpan.Zero, elapsed);
        // the tokens that arrived can still be read
        Assert.Equal(result.TokenIds, (await answer.ReadAsync().ToListAsync()).Select(t => t.Id));
    }

    [Fact]
    public async Task A_caller_that_stops_reading_cancels_its_request()
    {
        using var stepped = new SteppedModel();
        int seen = 0;
        await foreach (GeneratedToken _ in stepped.Model.StreamAsync(SteppedModel.Request(0), SteppedModel.Tokens(400)))
            if (++seen == 3) break;
        await stepped.UntilIdle();
        Assert.InRange(stepped.Backend.Steps, 3, 399);
    }

    /// <summary>Losing one cache in each of the later rounds would make forty. A few more sizes may occur by chance.</summary>
    [Fact]
    public async Task Caches_of_canceled_requests_are_reused()
    {
        using var stepped = new SteppedModel();
        // an answer takes two seconds, so it is canceled before it is complete even on a busy machine
        stepped.Backend.BeforeStep = _ => Thread.Sleep(5);
        GenerationOptions options = SteppedModel.Tokens(400);
        long each = stepped.KvCacheBytes(SteppedModel.Request(0), options), warm = 0;
        for (int round = 0; round < 60; round++)
        {
            PendingAnswer[] answers =
                await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => stepped.Model.SubmitAsync(SteppedModel.Request(0), options)));
            int steps = stepped.Backend.Steps + (round % 7);
            await SteppedModel.Until(() => stepped.Engine.Running == 4 && stepped.Backend.Steps > steps, "they run");
            foreach (PendingAnswer answer in answers) answer.Cancel();
            await stepped.UntilIdle();
            if (round == 20) warm = stepped.AllocatedBytes;
        }

        Assert.True(stepped.AllocatedBytes - warm < 8 * each, $"{warm} bytes, then {stepped.AllocatedBytes}; a cache has {each}");
    }

    /// <summary>A long-lived cancellation token, such as that of a server's shutdown, must not keep ended requests alive.</summary>
    [Fact]
    public async Task A_long_lived_token_does_not_keep_ended_requests_alive()
    {
        using var stepped = new SteppedModel();
        using var source = new CancellationTokenSource();
        WeakReference[] ended = [await AskAsync(breaks: false), await AskAsync(breaks: true)];
        await stepped.UntilIdle();
        await SteppedModel.Until(
            () =>
            {
                GC.Collect();
                return ended.All(e => !e.IsAlive);
            },
            "nothing holds the requests");
        GC.KeepAlive(source);

        async Task<WeakReference> AskAsync(bool breaks)
        {
            PendingAnswer answer = await stepped.Model.SubmitAsync(SteppedModel.Request(0), SteppedModel.Tokens(50), source.Token);
            await foreach (GeneratedToken _ in answer.ReadAsync())
                if (breaks) break;
            return new WeakReference(answer);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Waiting_callers_get_an_error_when_the_model_is_disposed_of(bool isQueued)
    {
        for (int steps = 0; steps < 6; steps += 2)
        {
            var stepped = new SteppedModel(isQueued);
            GenerationOptions options = SteppedModel.Tokens(300);
            // room for half of the requests: the others wait
            stepped.Engine.MaxKvCacheBytes = 8 * stepped.KvCacheBytes(SteppedModel.Request(0), options);
            Task[] asked;
            lock (stepped.Model.Context.Gate) // no step can run, so no request ends before all have arrived
            {
                asked =
                [
                    .. Enumerable.Range(0, 16)
                        .Select(i => i % 2 == 0 ? stepped.Model.GenerateAsync(SteppedModel.Request(i), options) : Read(stepped.Model, i))
                ];
                SpinWait.SpinUntil(() => stepped.Engine.Running + stepped.Engine.Waiting == 16, SteppedModel.Patience);
            }

            await SteppedModel.Until(
                () => stepped.Engine.Running + stepped.Engine.Waiting == 16 && stepped.Backend.Steps >= steps, "all have come");
            stepped.Dispose(); // disposes of the backend too
            foreach (Task task in asked)
            {
                ObjectDisposedException error =
                    await Assert.ThrowsAsync<ObjectDisposedException>(() => task.WaitAsync(SteppedModel.Patience));
                Assert.Contains("was disposed of", error.Message, StringComparison.Ordinal);
            }

            await Assert.ThrowsAsync<ObjectDisposedException>(() => stepped.Model.GenerateAsync(SteppedModel.Request(0)));
            Assert.Equal((0, 0, 0L), (stepped.Engine.Running, stepped.Engine.Waiting, stepped.Engine.KvCacheBytes));
            stepped.Model.Dispose(); // a second call changes nothing

            async Task Read(VisionLanguageModel model, int index)
            {
                await foreach (GeneratedToken _ in model.StreamAsync(SteppedModel.Request(index), options)) { }
            }
        }
    }

    /// <summary>The backend is disposed of right after the model, while the idle engine's thread is about to end.</summary>
    [Fact]
    public async Task Disposing_waits_for_a_thread_that_is_ending()
    {
        for (int i = 0; i < 3; i++)
        {
            var stepped = new SteppedModel();
            await stepped.Model.GenerateAsync(SteppedModel.Request(0));
            await Task.Delay(990 + (5 * i));
            stepped.Dispose();
        }
    }

    [Fact]
    public async Task A_continuation_of_an_answer_may_dispose_of_the_model()
    {
        var stepped = new SteppedModel();
        bool isShared = false;
        stepped.Backend.BeforeStep = batch => isShared |= batch.Slices.Length == 2;
        stepped.Backend.Hold(); // slow steps: the long answer must not be complete before the short one
        Task other = stepped.Model.GenerateAsync(SteppedModel.Request(1), SteppedModel.Tokens(400));
        Task first = stepped.Model.GenerateAsync(SteppedModel.Request(0), SteppedModel.Tokens(2)).ContinueWith(
            _ => stepped.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await SteppedModel.Until(() => stepped.Engine.Running + stepped.Engine.Waiting == 2, "both have come");
        await SteppedModel.Until(
            () =>
            {
                stepped.Backend.Allow(1);
                Thread.Sleep(10);
                return first.IsCompleted;
            },
            "the short answer is there");
        await first;
        Assert.True(isShared);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => other.WaitAsync(SteppedModel.Patience));
    }
}
