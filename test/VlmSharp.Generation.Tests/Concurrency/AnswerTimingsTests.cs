namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>The times that an answer reports about itself.</summary>
public sealed class AnswerTimingsTests
{
    [Fact]
    public async Task The_stages_of_an_answer_add_up_to_its_time()
    {
        using var stepped = new SteppedModel();
        PendingAnswer answer = await stepped.Model.SubmitAsync(SteppedModel.Request(0), SteppedModel.Tokens(10));
        await answer.Result.WaitAsync(SteppedModel.Patience);
        AnswerTimings timings = answer.Timings;
        Assert.All(
            (TimeSpan[])[timings.Waiting, timings.Vision, timings.Prefill, timings.Decode],
            time => Assert.True(time > TimeSpan.Zero, timings.ToString()));
        TimeSpan whole = timings.Waiting + timings.Vision + timings.Prefill + timings.Decode;
        Assert.InRange((answer.Elapsed - whole).Duration(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1)); // each is rounded to 0.1 us
        Assert.InRange((answer.TimeToFirstToken!.Value - (whole - timings.Decode)).Duration(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));
        Assert.Equal(timings, answer.Timings);
    }

    [Fact]
    public async Task A_cached_picture_needs_no_encoder()
    {
        using var stepped = new SteppedModel();
        PendingAnswer first = await stepped.Model.SubmitAsync(SteppedModel.Request(0), SteppedModel.Tokens(2));
        await first.Result.WaitAsync(SteppedModel.Patience);
        PendingAnswer second = await stepped.Model.SubmitAsync(SteppedModel.Request(0), SteppedModel.Tokens(2));
        await second.Result.WaitAsync(SteppedModel.Patience);
        Assert.Equal((0, 1), (first.Timings.CachedPictures, second.Timings.CachedPictures));
        Assert.Equal(TimeSpan.Zero, second.Timings.Vision);
    }

    [Fact]
    public async Task The_largest_step_counts_all_sequences_that_shared_it()
    {
        using var stepped = new SteppedModel();
        stepped.Backend.Hold();
        PendingAnswer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(i => stepped.Model.SubmitAsync(SteppedModel.Request(i), SteppedModel.Tokens(20))));
        await SteppedModel.Until(() => stepped.Engine.Running + stepped.Engine.Waiting == 4, "all have come");
        Assert.All(answers, answer => Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (answer.Timings.Vision, answer.Timings.Decode)));
        stepped.Backend.Allow(1000);
        foreach (PendingAnswer answer in answers) await answer.Result.WaitAsync(SteppedModel.Patience);
        Assert.All(answers, answer => Assert.Equal(4, answer.Timings.LargestStep));
    }

    [Fact]
    public async Task A_request_that_waits_for_room_reports_how_long()
    {
        using var stepped = new SteppedModel();
        GenerationRequest request = SteppedModel.Request(0);
        stepped.Engine.MaxKvCacheBytes = stepped.KvCacheBytes(request, SteppedModel.Tokens(10)); // room for one request at a time
        stepped.Backend.Hold();
        PendingAnswer first = await stepped.Model.SubmitAsync(request, SteppedModel.Tokens(10));
        await SteppedModel.Until(() => stepped.Engine.Running == 1, "the first one runs");
        PendingAnswer second = await stepped.Model.SubmitAsync(request, SteppedModel.Tokens(10));
        TimeSpan began = first.Timings.Waiting, soFar = second.Timings.Waiting;
        await SteppedModel.Until(() => second.Timings.Waiting > soFar, "the second one goes on waiting");
        Assert.Equal((began, TimeSpan.Zero), (first.Timings.Waiting, second.Timings.Prefill));
        soFar = second.Timings.Waiting;
        stepped.Backend.Allow(1000);
        await second.Result.WaitAsync(SteppedModel.Patience);
        Assert.True(second.Timings.Waiting >= soFar);
        Assert.Equal(1, second.Timings.LargestStep);
    }
}
