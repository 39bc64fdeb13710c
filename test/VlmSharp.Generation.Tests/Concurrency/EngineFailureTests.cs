using VlmSharp.Compute;
using VlmSharp.Generation;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>
/// An exception of a caller's own code in a shared step ends only that caller's request. An exception of the step ends all requests that
/// share it. In both cases the engine goes on.
/// </summary>
public sealed class EngineFailureTests
{
    /// <summary>
    /// Alone, where only the allowed tokens are scored; with other constrained requests; with free ones. 0 means in the prefill.
    /// </summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(4, 1)]
    [InlineData(0, 3)]
    [InlineData(4, 3)]
    public async Task A_constraint_that_throws_fails_its_request_alone(int at, int beams)
    {
        foreach (int company in new[] { 0, 1, 2 })
        {
            using var stepped = new SteppedModel();
            ITokenConstraint? also = company == 1 ? new Throwing(int.MaxValue) : null;
            GenerationRequest[] neighbors =
                company == 0 ? [] : [.. Enumerable.Range(1, 4).Select(i => SteppedModel.Request(i) with { Constraint = also })];
            GenerationOptions options = SteppedModel.Tokens(12);
            GenerationResult[] alone = [.. neighbors.Select(n => stepped.Model.Generate(n, options))];
            stepped.Backend.Hold();
            Task<GenerationResult> failing =
                stepped.Model.GenerateAsync(SteppedModel.Request(0) with { Constraint = new Throwing(at) }, options with { Beams = beams });
            Task<GenerationResult>[] asked = [.. neighbors.Select(n => stepped.Model.GenerateAsync(n, options))];
            await SteppedModel.Until(() => stepped.Engine.Running + stepped.Engine.Waiting == neighbors.Length + 1, "all have come");
            stepped.Backend.Release();
            Assert.Equal("no", (await Assert.ThrowsAsync<FormatException>(() => failing.WaitAsync(SteppedModel.Patience))).Message);
            Assert.Equal(
                alone.Select(r => r.TokenIds), (await Task.WhenAll(asked).WaitAsync(SteppedModel.Patience)).Select(r => r.TokenIds));
            await stepped.UntilIdle();
        }
    }

    [Fact]
    public void In_a_private_session_the_tokens_of_the_others_come_first_and_then_each_error()
    {
        using var stepped = new SteppedModel();
        GenerationOptions options = SteppedModel.Tokens(12);
        GenerationRequest failing = SteppedModel.Request(0) with { Constraint = new Throwing(2) };
        using GenerationSession session =
            stepped.Model.Start([failing, SteppedModel.Request(1), failing with { Constraint = new Throwing(2) }], options);
        var read = new List<int>();
        for (int i = 0; i < 3; i++) Read();
        Assert.Equal(3, read.Count); // the third came in the step in which the others failed
        for (int i = 0; i < 2; i++) Assert.Throws<FormatException>(() => session.Step());
        while (!session.IsFinished) Read();
        Assert.Equal([FinishReason.Canceled, FinishReason.Length, FinishReason.Canceled], session.Results().Select(r => r.Finish));
        Assert.Equal(stepped.Model.Generate(SteppedModel.Request(1), options).TokenIds, session.Result(1).TokenIds);
        Assert.Equal(session.Result(1).TokenIds, read);

        void Read()
        {
            foreach (GeneratedToken token in session.Step())
                if (token.Sequence == 1) read.Add(token.Id);
        }
    }

    [Fact]
    public void A_session_is_not_finished_before_it_has_thrown_every_error()
    {
        using var stepped = new SteppedModel();
        GenerationRequest failing = SteppedModel.Request(0) with { Constraint = new Throwing(2) };
        using GenerationSession session =
            stepped.Model.Start([failing, failing with { Constraint = new Throwing(2) }], SteppedModel.Tokens(12));
        for (int i = 0; i < 2; i++) Assert.Equal(2, session.Step().Length);
        for (int i = 0; i < 2; i++)
        {
            Assert.False(session.IsFinished);
            Assert.Throws<FormatException>(() => session.Step());
        }

        Assert.True(session.IsFinished);
    }

    [Theory]
    [InlineData("vision.layer.0")]
    [InlineData("text.layer.1")]
    [InlineData("step.logits")]
    public async Task A_listener_that_throws_fails_its_request_alone(string stage)
    {
        using var stepped = new SteppedModel();
        GenerationOptions options = SteppedModel.Tokens(12);
        GenerationResult alone = stepped.Model.Generate(SteppedModel.Request(1), options);
        Task<GenerationResult> other = stepped.Model.GenerateAsync(SteppedModel.Request(1), options);
        Task<GenerationResult> failing =
            stepped.Model.GenerateAsync(SteppedModel.Request(0) with { Trace = new ThrowingSink(stage) }, options);
        await Assert.ThrowsAsync<FormatException>(() => failing.WaitAsync(SteppedModel.Patience));
        Assert.Equal(alone.TokenIds, (await other.WaitAsync(SteppedModel.Patience)).TokenIds);
        await stepped.UntilIdle();
    }

    [Fact]
    public async Task A_step_that_throws_ends_those_who_share_it_and_the_engine_goes_on()
    {
        using var stepped = new SteppedModel();
        GenerationOptions options = SteppedModel.Tokens(12);
        GenerationResult alone = stepped.Model.Generate(SteppedModel.Request(1), options);
        stepped.Engine.MaxKvCacheBytes = (2 * stepped.KvCacheBytes(SteppedModel.Long(3), options)) + 1;
        stepped.Backend.Hold();
        Task<GenerationResult>[] asked =
            [.. Enumerable.Range(0, 3).Select(i => stepped.Model.GenerateAsync(SteppedModel.Request(1), options))];
        await SteppedModel.Until(() => stepped.Engine.Running + stepped.Engine.Waiting == 3, "all have come");
        int steps = 0;
        stepped.Backend.BeforeStep = batch =>
        {
            if (batch.Slices.Length == 2 && ++steps == 3) throw new InsufficientMemoryException("no room");
        };
        stepped.Backend.Release();
        int failed = 0;
        foreach (Task<GenerationResult> task in asked)
        {
            try
            {
                Assert.Equal(alone.TokenIds, (await task.WaitAsync(SteppedModel.Patience)).TokenIds);
            }
            catch (InsufficientMemoryException)
            {
                failed++;
            }
        }

        Assert.Equal(2, failed); // the third waited and was answered in a new session
        Assert.Equal(
            alone.TokenIds,
            (await stepped.Model.GenerateAsync(SteppedModel.Request(1), options).WaitAsync(SteppedModel.Patience)).TokenIds);
        await stepped.UntilIdle();
    }

    /// <summary>That would free memory that the step reads. The request fails with an error that says so, and the model goes on.</summary>
    [Fact]
    public async Task Disposing_of_the_model_in_a_step_is_refused()
    {
        using var stepped = new SteppedModel();
        GenerationRequest request = SteppedModel.Request(0) with { Constraint = new Disposing(stepped.Model) };
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => stepped.Model.GenerateAsync(request).WaitAsync(SteppedModel.Patience));
        Assert.Contains("from within one of its steps", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => stepped.Model.Generate(request));
        Assert.Equal("a cake", (await stepped.Model.GenerateAsync(SteppedModel.Request(0))).Text);
    }

    private sealed class Disposing(VisionLanguageModel model) : ITokenConstraint
    {
        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens)
        {
            model.Dispose();
            return [];
        }
    }

    private sealed class Throwing(int at) : ITokenConstraint
    {
        private static readonly int[] Some = [.. Enumerable.Range(100, 900)];

        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) =>
            newTokens.Length == at ? throw new FormatException("no") : Some;
    }

    private sealed class ThrowingSink(string stage) : ITraceSink
    {
        private int count;

        public void Record(string name, Matrix value)
        {
            if (name == stage && (stage.StartsWith("vision", StringComparison.Ordinal) || ++count == 3)) throw new FormatException("no");
        }
    }
}
