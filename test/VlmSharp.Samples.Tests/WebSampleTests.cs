using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.AI;
using VlmSharp.Conformance;

namespace VlmSharp.Samples.Tests;

/// <summary>The web program of the pages: pictures of any declared type are captioned, and a client hears of its own faults.</summary>
[Collection(nameof(Console))]
public sealed class WebSampleTests
{
    public static TheoryData<string> Environments => ["Production", "Development"];

    [Theory, MemberData(nameof(Environments))]
    public async Task It_captions_a_picture_of_any_declared_type(string environment)
    {
        await using RunningSample sample = await RunningSample.StartAsync(Code(), "--environment", environment);
        byte[] cake = File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        foreach (string? type in new[] { "image/png", "image/jpg", "application/octet-stream", "text/plain", null })
            Assert.Equal((HttpStatusCode.OK, "a cake"), await PostAsync(sample, Form("photo", cake, type)));
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task A_client_s_fault_is_answered_with_400_413_or_415_and_a_sentence(string environment)
    {
        await using RunningSample sample = await RunningSample.StartAsync(Code(), "--environment", environment);
        byte[] cake = File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        await AssertProblemAsync(sample, Form("photo", cake[..5000], "image/png"), 400, "damaged PNG|truncated PNG");
        await AssertProblemAsync(sample, Form("photo", [], "image/png"), 400, "is empty");
        await AssertProblemAsync(sample, Form("photo", "hello, world"u8.ToArray(), "image/png"), 415, "not a picture");
        await AssertProblemAsync(sample, Form("photo", Heic(), "application/octet-stream"), 415, "HEI");
        await AssertProblemAsync(sample, Form("photo", HugeBmp(), "image/bmp"), 413, "40000 x 40000");
        await AssertProblemAsync(sample, Form("file", cake, "image/png"), 400, null);
        await AssertProblemAsync(sample, new StringContent("{}", new MediaTypeHeaderValue("application/json")), 415, null);
        await AssertProblemAsync(sample, Form("photo", new byte[31_000_000], "image/png"), 413, null);
        Assert.Equal((HttpStatusCode.OK, "a cake"), await PostAsync(sample, Form("photo", cake, "image/png")));
    }

    [Fact]
    public async Task A_server_s_fault_is_500_and_names_no_folder()
    {
        string code = Code().Replace(GoldenFiles.DemoModel, Path.Combine(GoldenFiles.DemoModel, "missing"), StringComparison.Ordinal);
        await using RunningSample sample = await RunningSample.StartAsync(code, "--environment", "Production");
        byte[] cake = File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        using HttpResponseMessage response = await sample.Client.PostAsync("/caption", Form("photo", cake, "image/png"));
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(500, (int)response.StatusCode);
        Assert.Contains("\"status\":500", body, StringComparison.Ordinal);
        Assert.DoesNotContain("missing", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lack_of_memory_is_503_and_a_client_that_leaves_ends_its_answer()
    {
        using var client = new WaitingClient();
        AppContext.SetData(nameof(WaitingClient), client);
        string code = Code().Replace(
            "var app = builder.Build();",
            $"builder.Services.AddSingleton((IChatClient)AppContext.GetData(\"{nameof(WaitingClient)}\")!);\nvar app = builder.Build();",
            StringComparison.Ordinal);
        await using RunningSample sample = await RunningSample.StartAsync(code, "--environment", "Production");
        byte[] cake = File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> answer = sample.Client.PostAsync("/caption", Form("photo", cake, "image/png"), leave.Token);
        await client.Asked.Task;
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await client.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));

        client.Fault = new ImageFormatException("no room", new InsufficientMemoryException());
        await AssertProblemAsync(sample, Form("photo", cake, "image/png"), 503, null);
    }

    private static string Code() => SamplePage.Web
        .Replace("\"paligemma-3b-mix-224\"", $"@\"{GoldenFiles.DemoModel}\"", StringComparison.Ordinal);

    private static async Task<(HttpStatusCode, string)> PostAsync(RunningSample sample, HttpContent content)
    {
        using HttpResponseMessage response = await sample.Client.PostAsync("/caption", content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The status, as that of a problem (RFC 9457) whose detail matches.</summary>
    private static async Task AssertProblemAsync(RunningSample sample, HttpContent content, int status, string? detail)
    {
        // A body that is refused by its length need not be sent.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/caption") { Content = content, Headers = { ExpectContinue = true } };
        using HttpResponseMessage response = await sample.Client.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} instead of {status}: {body}");
        using JsonDocument problem = JsonDocument.Parse(body);
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        if (detail is not null) Assert.Matches(detail, problem.RootElement.GetProperty("detail").GetString());
    }

    private static MultipartFormDataContent Form(string name, byte[] bytes, string? type)
    {
        var part = new ByteArrayContent(bytes);
        if (type is not null) part.Headers.ContentType = new MediaTypeHeaderValue(type);
        return new MultipartFormDataContent { { part, name, "photo.bin" } };
    }

    // The box that an HEIC file begins with.
    private static byte[] Heic() => [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8, .. new byte[64]];

    // A header of 54 bytes that says 40,000 x 40,000 pixels of 24 bits.
    private static byte[] HugeBmp()
    {
        byte[] bytes = new byte[200];
        "BM"u8.CopyTo(bytes);
        BitConverter.TryWriteBytes(bytes.AsSpan(10), 54);
        BitConverter.TryWriteBytes(bytes.AsSpan(14), 40);
        BitConverter.TryWriteBytes(bytes.AsSpan(18), 40_000);
        BitConverter.TryWriteBytes(bytes.AsSpan(22), 40_000);
        BitConverter.TryWriteBytes(bytes.AsSpan(26), (short)1);
        BitConverter.TryWriteBytes(bytes.AsSpan(28), (short)24);
        return bytes;
    }

    /// <summary>Answers with a fault, or not until the request is canceled.</summary>
    private sealed class WaitingClient : IChatClient
    {
        public Exception? Fault { get; set; }

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (Fault is not null) throw Fault;
            Asked.SetResult();
            using CancellationTokenRegistration watch = cancellationToken.Register(() => Ended.TrySetResult());
            await Ended.Task;
            throw new OperationCanceledException(cancellationToken);
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() => Ended.TrySetResult(); // the server does not wait for it
    }
}
