using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Generation;

namespace VlmSharp.Server.Tests.Scheduling;

/// <summary>
/// Many requests of all kinds run at once and a fifth of them is canceled. Each answer equals the answer of the request alone, and nothing
/// is left behind.
/// </summary>
public sealed class ConcurrencyTests
{
    [Theory, InlineData(60)]
    public async Task Answers_do_not_depend_on_their_neighbors(int requests)
    {
        RunningServer server = await RunningServer.StartAsync(o => o);
        try
        {
            GenerationRequest[] questions = DemoQuestions.Load();
            string[] alone = [.. questions.Select(q => server.Model.Generate(q).Text!)];
            var files = Questions();
            var faults = new ConcurrentQueue<string>();
            int answered = 0, givenUp = 0;
            await Task.WhenAll(Enumerable.Range(0, requests).Select(async number =>
            {
                int question = number * 7 % questions.Length;
                if (number % 5 == 0) // canceled, each at a different moment
                {
                    using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(number % 7 * 30));
                    try
                    {
                        using HttpResponseMessage response =
                            await server.PostAsync("/v1/chat/completions", Body(files[question], stream: number % 2 == 0), giveUp.Token);
                        await response.Content.ReadAsStringAsync(giveUp.Token);
                    }
                    catch (Exception e)
                        when (giveUp.IsCancellationRequested && e is OperationCanceledException or HttpRequestException or IOException)
                    {
                        Interlocked.Increment(ref givenUp);
                    }

                    return;
                }

                string text = await AnswerAsync(server, files[question], number % 3);
                if (text != alone[question]) faults.Enqueue($"{files[question].Prompt}: '{text}', alone '{alone[question]}'");
                Interlocked.Increment(ref answered);
            }));
            Assert.Empty(faults);
            Assert.Equal(requests - (requests + 4) / 5, answered);
            Assert.True(givenUp > 0, "Nothing was given up.");
            await RunningServer.UntilAsync(() => server.Model.Engine is { Running: 0, Waiting: 0, KvCacheBytes: 0 });
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static List<(string Uri, string Prompt)> Questions()
    {
        string samples = Path.Combine(GoldenFiles.DemoModel, "..", "samples");
        return [.. JsonNode.Parse(File.ReadAllText(Path.Combine(samples, "answers.json")))!.AsArray().Select(c =>
            (
                $"data:image/png;base64,"
                    + Convert.ToBase64String(File.ReadAllBytes(Path.Combine(samples, c!["image"]!.GetValue<string>()))),
                c["prompt"]!.GetValue<string>()))];
    }

    private static JsonObject Body((string Uri, string Prompt) question, bool stream) =>
        new() { ["messages"] = new JsonArray(RunningServer.User(question.Prompt, question.Uri)), ["stream"] = stream };

    private static async Task<string> AnswerAsync(RunningServer server, (string Uri, string Prompt) question, int kind)
    {
        switch (kind)
        {
            case 0:
                return (await server.ChatAsync(Body(question, stream: false)))["choices"]![0]!["message"]!["content"]!.GetValue<string>();
            case 1:
                List<string> events = await server.StreamAsync("/v1/chat/completions", Body(question, stream: true));
                return string.Concat(events[..^1].Select(e => JsonNode.Parse(e)!["choices"]![0]!["delta"]!["content"]?.GetValue<string>()));
            default:
                using (HttpResponseMessage response =
                    await server.PostAsync("/v1/caption", new JsonObject { ["image"] = question.Uri, ["prompt"] = question.Prompt }))
                    return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["text"]!.GetValue<string>();
        }
    }
}
