using System.Diagnostics;
using VlmSharp.Generation;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>The answers of one request, on their way.</summary>
internal sealed class Asked
{
    private readonly ApiCall call;
    private readonly TimeSpan before; // from the request's coming to its being asked
    private readonly int imageTokens;

    private Asked(ApiCall call, IReadOnlyList<PendingAnswer> answers, TimeSpan before, int imageTokens) =>
        (this.call, Answers, this.before, this.imageTokens) = (call, answers, before, imageTokens);

    /// <summary>One for each generation that was asked for.</summary>
    public IReadOnlyList<PendingAnswer> Answers { get; }

    /// <summary>Waits for places and asks the model. The places are released when all answers are complete, or the call ends.</summary>
    /// <param name="call">The HTTP request that is answered; its record notes the waiting.</param>
    /// <param name="requests">What to generate; all have the same pictures.</param>
    /// <param name="options">How to generate.</param>
    public static async Task<Asked> BeginAsync(ApiCall call, IReadOnlyList<GenerationRequest> requests, GenerationOptions options)
    {
        foreach (GenerationRequest request in requests.Take(1)) call.Served.Model.Check(request, options); // before it waits for nothing
        Place place = await call.EnterAsync(requests.Count);
        var answers = new List<PendingAnswer>();
        try
        {
            TimeSpan before = Stopwatch.GetElapsedTime(call.Record.Start);
            foreach (GenerationRequest request in requests) answers.Add(await call.Served.Model.SubmitAsync(request, options, call.Token));
            _ = Task.WhenAll(answers.Select(a => a.Result)).ContinueWith(
                _ => place.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return new Asked(call, answers, before, requests[0].Images.Count * call.Served.TokensPerPicture);
        }
        catch
        {
            foreach (PendingAnswer answer in answers) answer.Cancel();
            place.Dispose();
            throw;
        }
    }

    /// <summary>Waits for all answers, and records their cost.</summary>
    public async Task<GenerationResult[]> ResultsAsync()
    {
        GenerationResult[] results = await Task.WhenAll(Answers.Select(a => a.Result));
        Note(results);
        return results;
    }

    /// <summary>Records the cost of the answers.</summary>
    public void Note(IReadOnlyList<GenerationResult> results)
    {
        RequestRecord record = call.Record;
        lock (record.Pictures) // the requests of a batch note theirs in one record
        {
            record.TextTokens += results[0].PromptTokens - imageTokens;
            record.ImageTokens += imageTokens;
            record.CompletionTokens += results.Sum(r => r.TokenIds.Count);
            record.FinishReason = Finish(results[^1]);
            record.TimeToFirstToken ??= TimeToFirstToken;
            foreach (PendingAnswer answer in Answers) record.Add(answer);
            record.Answer = results[^1].Text;
        }
    }

    /// <summary>From the request's coming to its first token; null before that.</summary>
    public TimeSpan? TimeToFirstToken => Answers.Min(a => a.TimeToFirstToken) is { } first ? before + first : null;

    /// <summary>What the answers are charged.</summary>
    public Usage UsageOf(IReadOnlyList<GenerationResult> results) =>
        new(results[0].PromptTokens - imageTokens, imageTokens, results.Sum(r => r.TokenIds.Count));

    /// <summary>Why an answer ended, in OpenAI's word.</summary>
    public static string Finish(GenerationResult result) => result.Finish == FinishReason.Stop ? "stop" : "length";
}
