using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>Several servers behind nginx work like one server, because they share no state.</summary>
public sealed class BalancerTests
{
    private const string Chat = "/v1/chat/completions", Caption = "/v1/caption";

    [ToolFact("nginx")]
    public async Task Tokens_are_passed_on_as_they_come()
    {
        await using Balancer balancer = await Balancer.StartAsync();
        foreach (RunningServer replica in balancer.Replicas) replica.Backend.HoldAfter(steps: 8);
        using HttpResponseMessage response =
            await SendAsync(balancer, Chat, RunningServer.Chat("caption en", ("ignore_eos", true), ("max_tokens", 60), ("stream", true)));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        // The model is held now, far from the end of its answer, and the first words have arrived.
        string early = "";
        while (early.Length == 0) early = Content(await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(1, balancer.Replicas.Sum(replica => replica.Model.Engine.Running));
        foreach (RunningServer replica in balancer.Replicas) replica.Backend.LetGo();
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [ToolFact("nginx")]
    public async Task Both_servers_give_the_same_answer_and_take_turns()
    {
        await using Balancer balancer = await Balancer.StartAsync();
        var answers = new HashSet<string>();
        for (int i = 0; i < 10; i++) answers.Add(await CaptionAsync(balancer));
        Assert.Single(answers);
        await UntilAnsweredAsync(balancer, 10);
        for (int i = 0; i < 2; i++) Assert.InRange(await balancer.AnsweredAsync(i, Caption), 3, 7);
    }

    [ToolFact("nginx")]
    public async Task A_draining_server_finishes_its_requests_and_gets_no_new_ones()
    {
        await using Balancer balancer = await Balancer.StartAsync();
        foreach (RunningServer replica in balancer.Replicas) replica.Backend.HoldAfter(steps: 1); // in the middle of an answer
        Task<string> first = CaptionAsync(balancer);
        await RunningServer.UntilAsync(() => balancer.Replicas.Sum(Inside) == 1);
        Task<string> second = CaptionAsync(balancer); // goes to the server with fewer connections
        await RunningServer.UntilAsync(() => balancer.Replicas.All(replica => Inside(replica) == 1));

        RunningServer leaving = balancer.Replicas[0];
        Task stopping = leaving.Server.StopAsync();
        balancer.Replicas[1].Backend.LetGo();
        for (int i = 0; i < 8; i++) await CaptionAsync(balancer); // only the draining server may refuse one; the balancer never does
        Assert.Equal((1, 0), (Inside(leaving), await balancer.AnsweredAsync(0, Caption)));
        leaving.Backend.LetGo();
        Assert.Equal(await first, await second);
        await stopping;

        for (int i = 0; i < 4; i++) await CaptionAsync(balancer); // nothing listens at that address any more
        await RunningServer.UntilAsync(() => balancer.AnsweredAsync(1, Caption).GetAwaiter().GetResult() == 1 + 8 + 4);
    }

    [ToolFact("nginx")]
    public async Task The_id_of_a_request_is_passed_on_and_a_missing_one_is_made()
    {
        await using Balancer balancer = await Balancer.StartAsync();
        using var request =
            new HttpRequestMessage(HttpMethod.Get, new Uri(balancer.Address, "/v1/models")) { Headers = { { "x-request-id", "mine-1" } } };
        using HttpResponseMessage known = await balancer.Client.SendAsync(request);
        Assert.Equal("mine-1", Assert.Single(known.Headers.GetValues("x-request-id")));
        using HttpResponseMessage made = await balancer.Client.GetAsync(new Uri(balancer.Address, "/v1/models"));
        // made by nginx: those of a server begin with req_
        Assert.Matches("^[0-9a-f]{32}$", Assert.Single(made.Headers.GetValues("x-request-id")));
        using HttpResponseMessage metrics = await balancer.Client.GetAsync(new Uri(balancer.Address, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, metrics.StatusCode);
    }

    [ToolFact("nginx")]
    public async Task A_body_that_is_too_large_is_refused_with_the_error_of_the_server()
    {
        await using Balancer balancer = await Balancer.StartAsync();
        using var body =
            new ByteArrayContent(new byte[30_500_000]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        await RunningServer.ErrorAsync(await balancer.Client.PostAsync(new Uri(balancer.Address, Caption), body), 413);
    }

    /// <summary>The requests that run or wait in a server's model.</summary>
    private static int Inside(RunningServer replica) => replica.Model.Engine.Running + replica.Model.Engine.Waiting;

    private static Task UntilAnsweredAsync(Balancer balancer, int count) =>
        // a server counts a response when it has ended
        RunningServer.UntilAsync(
            () => Enumerable.Range(0, 2).Sum(i => balancer.AnsweredAsync(i, Caption).GetAwaiter().GetResult()) == count);

    private static async Task<string> CaptionAsync(Balancer balancer)
    {
        using HttpResponseMessage response = await SendAsync(balancer, Caption, new JsonObject { ["image"] = RunningServer.SampleUri });
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["text"]!.GetValue<string>();
    }

    private static Task<HttpResponseMessage> SendAsync(Balancer balancer, string path, JsonObject body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(balancer.Address, path))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json")
        };
        return balancer.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The words in a line of a stream; none if the line holds no text.</summary>
    private static string Content(string? line)
    {
        Assert.NotNull(line);
        Assert.NotEqual("data: [DONE]", line);
        return line.Length == 0 ? "" : (string?)JsonNode.Parse(line["data: ".Length..])!["choices"]?[0]?["delta"]?["content"] ?? "";
    }
}
