using VlmSharp.Conformance;
using VlmSharp.Generation;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>Requests that join and leave a session at any step.</summary>
public sealed class SessionAddTests
{
    /// <summary>
    /// At most twelve rows. Without a prompt in the same step the numbers are equal to the last bit; otherwise within 1e-5.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_that_joins_at_any_step_gets_the_answer_that_it_gets_alone(bool isQueued)
    {
        using var stepped = new SteppedModel(isQueued);
        GenerationOptions options = SteppedModel.Tokens(24);
        GenerationResult[] alone = [.. Enumerable.Range(0, 6).Select(i => stepped.Model.Generate(SteppedModel.Request(7 * i), options))];
        foreach (int every in new[] { 1, 3, 10 })
        {
            using GenerationSession session = stepped.Model.Start([SteppedModel.Request(0), SteppedModel.Request(7)], options);
            for (int step = 0; !session.IsFinished || session.Count < 6; step++)
            {
                if (step % every == 0 && session.Count < 6)
                    Assert.Equal(session.Count, session.Add(SteppedModel.Request(7 * session.Count)));
                session.Step();
            }

            for (int i = 0; i < 6; i++)
            {
                Assert.Equal(alone[i].TokenIds, session.Result(i).TokenIds);
                TensorAssert.Close(
                    [.. alone[i].LogProbabilities], [.. session.Result(i).LogProbabilities], 1e-4, $"request {i}, one every {every} steps");
            }
        }
    }

    [Fact]
    public void A_request_may_bring_options_of_its_own()
    {
        using var stepped = new SteppedModel();
        GenerationOptions[] options =
        [
            SteppedModel.Tokens(10),
            new() { Beams = 3 },
            new() { Temperature = 2, Seed = 5, MaxNewTokens = 9 },
            new() { RepetitionPenalty = 1.5f },
            new() { TopLogProbabilities = 3 },
        ];
        using GenerationSession session = stepped.Model.Start([]);
        Assert.True(session.IsFinished);
        for (int i = 0; i < options.Length; i++)
        {
            session.Add(SteppedModel.Request(i), options[i]);
            session.Step();
        }

        while (!session.IsFinished) session.Step();
        for (int i = 0; i < options.Length; i++)
        {
            GenerationResult alone = stepped.Model.Generate(SteppedModel.Request(i), options[i]);
            Assert.Equal(alone.TokenIds, session.Result(i).TokenIds);
            Assert.Equal(alone.Finish, session.Result(i).Finish);
            Assert.Equal(
                alone.TopLogProbabilities?.SelectMany(t => t.Select(c => c.Id)),
                session.Result(i).TopLogProbabilities?.SelectMany(t => t.Select(c => c.Id)));
        }

        Assert.Throws<RequestException>(() => session.Add(SteppedModel.Request(0), new GenerationOptions { MaxNewTokens = 0 }));
        Assert.Equal(options.Length, session.Count);
    }

    /// <summary>
    /// Also on a backend that queues, where a request that leaves still has rows in the running step. A beam search has several.
    /// </summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 4)]
    [InlineData(true, 4)]
    public void A_request_that_is_canceled_at_any_step_does_not_change_the_others(bool isQueued, int beams)
    {
        using var stepped = new SteppedModel(isQueued);
        GenerationOptions options = SteppedModel.Tokens(12);
        GenerationResult[] alone = [.. Enumerable.Range(0, 4).Select(i => stepped.Model.Generate(SteppedModel.Request(i), options))];
        for (int steps = 0; steps < 8; steps++)
        {
            using GenerationSession session = stepped.Model.Start([SteppedModel.Request(0)], options);
            session.Step();
            int leaving = session.Add(SteppedModel.Request(9), options with { Beams = beams });
            for (int i = 1; i < 4; i++) session.Add(SteppedModel.Request(i));
            for (int i = 0; i < steps; i++) session.Step();
            session.Cancel(leaving);
            session.Cancel(leaving); // a second call changes nothing
            while (!session.IsFinished)
                foreach (GeneratedToken token in session.Step()) Assert.NotEqual(leaving, token.Sequence);
            Assert.Equal(FinishReason.Canceled, session.Result(leaving).Finish);
            Assert.Equal(alone.Select(r => r.TokenIds), new[] { 0, 2, 3, 4 }.Select(i => session.Result(i).TokenIds));
        }
    }

    [Fact]
    public void Numbers_of_removed_requests_are_reused()
    {
        using var stepped = new SteppedModel(isQueued: true);
        GenerationOptions options = SteppedModel.Tokens(12);
        using GenerationSession session = stepped.Model.Start([], options);
        Assert.Equal(0, session.Add(SteppedModel.Request(0)));
        Assert.Equal(1, session.Add(SteppedModel.Request(1)));
        for (int i = 0; i < 3; i++) session.Step(); // on this backend one more step is running
        session.Remove(0);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Result(0));
        Assert.Equal(0, session.Add(SteppedModel.Request(2)));
        while (!session.IsFinished) session.Step();
        Assert.Equal(stepped.Model.Generate(SteppedModel.Request(2), options).TokenIds, session.Result(0).TokenIds);
        Assert.Equal(stepped.Model.Generate(SteppedModel.Request(1), options).TokenIds, session.Result(1).TokenIds);
    }
}
