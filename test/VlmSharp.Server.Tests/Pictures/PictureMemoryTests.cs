using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using VlmSharp.Imaging;
using VlmSharp.Server.Chat;
using VlmSharp.Server.Native;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>What the pictures of a request take of the memory until it is answered, by route; steps are held meanwhile.</summary>
public sealed class PictureMemoryTests : IAsyncLifetime
{
    private static readonly RequestLimits Limits = new()
    {
        Timeout = TimeSpan.FromMinutes(2),
        MaxBodyBytes = 1 << 20,
        MaxBufferedBytes = 1 << 22,
        MaxPromptCharacters = 1000,
        MaxBatchRequests = 3,
        MaxChoices = 1,
        MaxPictures = 2,
    };

    private readonly BufferBudget bodies = new(Limits.MaxBufferedBytes);
    private readonly Admission admission = new(places: 4, queue: 4);
    private RunningServer server = null!;
    private int before;

    public async Task InitializeAsync()
    {
        server = await RunningServer.StartAsync(options => options);
        before = server.Backend.Steps;
        server.Backend.Hold();
    }

    public Task DisposeAsync() => server.DisposeAsync();

    private static string Native => $$"""{"image":"{{RunningServer.SampleUri}}"}""";

    [Fact]
    public async Task Whole_pictures_count_until_they_are_explained_and_wait_for_one_another()
    {
        int whole = ImageFile.Decode(RunningServer.Sample).Pixels.Length;
        var source = new PictureSource(new PictureOptions { MaxBytesHeld = RunningServer.Sample.Length + whole });
        using var reader = new PictureReader(source, 1);
        var route = new ExplainRoute(reader);
        Task<string> first = AnswerAsync(route.HandleAsync, Native);
        await RunningServer.UntilAsync(() => server.Backend.Steps > before);
        Assert.Equal((whole, bodies.Capacity), (source.BytesHeld, bodies.Free));
        Task<string>[] others = [AnswerAsync(route.HandleAsync, Native), AnswerAsync(route.HandleAsync, Native)];
        await RunningServer.UntilAsync(() => source.Memory.Waiting == others.Length);
        server.Backend.LetGo();
        foreach (string page in await Task.WhenAll([first, .. others]))
            Assert.EndsWith("</html>", page.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(0, source.BytesHeld);
    }

    /// <summary>Others take its memory at once, before whatever still refers to the job has ended.</summary>
    [Fact]
    public async Task A_job_that_has_ended_refers_to_no_picture()
    {
        using var reader = new PictureReader(new PictureSource(new PictureOptions()), 1);
        await AnswerAsync(
            async call =>
            {
                NativeRequest request = await NativeReader.ReadAsync(call, kind: null);
                NativeJob job = await NativeJob.PrepareAsync(call, request, reader, isWhole: true);
                Assert.Single(job.Asking.Images);
                job.Dispose();
                Assert.Empty(job.Asking.Images);
            },
            Native);
    }

    public static TheoryData<string> Routes => ["chat", "caption", "stream"];

    /// <summary>However small their files are.</summary>
    [Theory, MemberData(nameof(Routes))]
    public async Task Pictures_at_the_model_s_size_count_until_they_are_answered(string route)
    {
        string tiny = $"data:;base64,{Convert.ToBase64String("P6 1 1 255 abc"u8)}";
        long each = 3L * server.Model.Preprocessor.Config.Size * server.Model.Preprocessor.Config.Size;
        using var reader = new PictureReader(new PictureSource(new PictureOptions()), 3 * each);
        (Func<ApiCall, Task> handle, JsonObject body) = route == "chat"
            ? (new ChatRoute(reader).HandleAsync,
                new JsonObject { ["messages"] = new JsonArray(RunningServer.User("caption en", tiny, tiny)) })
            : ((Func<ApiCall, Task>)new TaskRoute(TaskKind.Caption, reader).HandleAsync,
                new JsonObject { ["image"] = new JsonArray(tiny, tiny), ["stream"] = route == "stream", ["max_tokens"] = 2 });
        Task<string> first = AnswerAsync(handle, body.ToJsonString());
        await RunningServer.UntilAsync(() => server.Backend.Steps > before);
        Assert.Equal((each, bodies.Capacity), (reader.Memory.Free, bodies.Free));
        Task<string> second = AnswerAsync(handle, body.ToJsonString());
        await RunningServer.UntilAsync(() => reader.Memory.Waiting == 1);
        server.Backend.LetGo();
        Assert.All(await Task.WhenAll(first, second), answer => Assert.NotEmpty(answer));
        Assert.Equal(reader.Memory.Capacity, reader.Memory.Free);
    }

    [Fact]
    public async Task The_requests_of_a_batch_wait_for_one_another_too()
    {
        using var reader = new PictureReader(new PictureSource(new PictureOptions()), 1); // a single one takes all
        string item = Native.Replace("{", """{"task":"caption",""", StringComparison.Ordinal);
        Task<string> all = AnswerAsync(new BatchRoute(reader).HandleAsync, $$"""{"requests":[{{item}},{{item}},{{item}}]}""");
        await RunningServer.UntilAsync(() => server.Backend.Steps > before && reader.Memory.Waiting == 2);
        server.Backend.LetGo();
        Assert.All(
            JsonNode.Parse(await all)!["results"]!.AsArray(),
            result => Assert.Equal("a car above a key", result!["text"]!.GetValue<string>()));
        Assert.Equal(reader.Memory.Capacity, reader.Memory.Free);
    }

    private async Task<string> AnswerAsync(Func<ApiCall, Task> handle, string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        using var answer = new MemoryStream();
        var http = new DefaultHttpContext();
        http.Features.Set(new RequestRecord { Id = "x" });
        (http.Request.ContentType, http.Request.ContentLength) = ("application/json", body.Length);
        (http.Request.Body, http.Response.Body) = (new MemoryStream(body), answer);
        using (var call = new ApiCall(http, new ServedModel(server.Model, "demo"), Limits, admission.Arrive("a"), bodies, default))
            await handle(call);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
