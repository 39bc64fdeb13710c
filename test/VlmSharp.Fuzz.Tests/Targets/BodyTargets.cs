using System.Text;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Generation;
using VlmSharp.Server.Chat;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Native;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>
/// Bodies of requests to the server. An accepted body is within every limit. A refused one is a client error that names a member but not
/// its contents.
/// </summary>
internal abstract class BodyTarget : FuzzTarget
{
    private const int MostPictureBytes = 1 << 16;

    /// <summary>A picture of two pixels.</summary>
    protected static readonly string Picture = $"data:image/x-portable-pixmap;base64,{Convert.ToBase64String("P6 2 1 255 abcdef"u8)}";

    protected static readonly RequestLimits Limits = new()
    {
        Timeout = TimeSpan.FromMinutes(1),
        MaxBodyBytes = 1 << 20,
        MaxBufferedBytes = 1 << 20,
        MaxPromptCharacters = 2048,
        MaxBatchRequests = 8,
        MaxChoices = 4,
        MaxPictures = 4,
    };

    public override Type Rejection => typeof(ApiException);

    protected override Func<byte[], Random, byte[], byte[]>? Structured => MutateJson;

    // Only names of members and places in the body are kept, and no unneeded text.
    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (1 << 18);

    public override bool Use(byte[] bytes)
    {
        try
        {
            Read(bytes);
            return true;
        }
        catch (ApiException e)
        {
            Assert.InRange(e.Status, 400, 499);
            throw;
        }
        catch (RequestException)
        {
            return false; // errors of Core become status 400
        }
    }

    /// <summary>Reads a body and everything in it.</summary>
    protected abstract void Read(byte[] body);

    /// <summary>Uses a request of the native routes.</summary>
    protected static void Use(NativeRequest request)
    {
        Assert.InRange((request.Prompt ?? request.Question ?? "").Length, 0, Limits.MaxPromptCharacters);
        Use(request.Sampling.Build(64));
        foreach (GivenPicture picture in request.Pictures) Use(picture);
        VisionTask task = request.Task();
        Assert.InRange(task.MaxNewTokens, 1, 1 << 20);
    }

    protected static void Use(GivenPicture picture)
    {
        if (picture.Address() is { } address) Assert.InRange(address.Length, 0, 8192);
        else Assert.InRange(picture.Bytes(MostPictureBytes).Length, 0, (int)Limits.MaxBodyBytes);
    }

    protected static void Use(GenerationOptions options)
    {
        Assert.InRange(options.MaxNewTokens, 1, 1 << 20);
        Assert.InRange(options.StopStrings.Count, 0, Limits.MaxStops);
        Assert.InRange(options.TopLogProbabilities, 0, Limits.MaxTopLogProbabilities);
        Assert.True(options.Temperature is null or (>= 0 and <= 2));
        Assert.True(options.TopP is null or (>= 0 and <= 1));
    }
}

/// <summary>Chat requests.</summary>
internal sealed class ChatBodyTarget : BodyTarget
{
    public override string Name => "chat-bodies";

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        """{"model":"demo","messages":[{"role":"system","content":"be brief"},{"role":"user","content":["""
            + $$$"""{"type":"image_url","image_url":{"url":"{{{Picture}}}","detail":"low"}},"""
            + """{"type":"text","text":"caption en"}]}],"max_tokens":8}""",
        $$$"""{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":"{{{Picture}}}"}]},"""
            + """{"role":"assistant","content":"b"},{"role":"user","content":"detect"""
            + """ \u0063ar"}],"n":2,"stop":["a","b"],"seed":7,"temperature":0.5,"top_p":0.9,"stream":true,"stream_options":"""
            + """{"include_usage":true}}""",
        """{"messages":[{"content":"x","role":"user"}],"logprobs":true,"top_logprobs":3,"user":"me","metadata":{"a":[1]},"tools":["""
            + """],"logit_bias":{},"stop_token_ids":[1,2],"min_tokens":1,"repetition_penalty":1.1,"top_k":-1}""",
    ]).Select((text, i) => new Seed($"chat {i}", Encoding.UTF8.GetBytes(text)));

    protected override void Read(byte[] body)
    {
        ChatRequest request = ChatRequestReader.Read(body, Limits);
        Assert.InRange(request.Choices, 1, Limits.MaxChoices);
        Assert.InRange(request.Texts.Count + request.Pictures.Count, 0, 2 * Limits.MaxParts);
        Assert.InRange(ChatRoute.PromptOf(request, body, Limits).Length, 0, Limits.MaxPromptCharacters);
        Use(request.Sampling.Build(64, request.TopLogProbabilities));
        foreach (JsonString picture in request.Pictures) Use(new GivenPicture(body, picture));
    }
}

/// <summary>Requests of the native routes, alone and in a batch.</summary>
internal sealed class NativeBodyTarget : BodyTarget
{
    public override string Name => "native-bodies";

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        $$$"""{"image":"{{{Picture}}}","language":"en","model":"demo","max_tokens":8,"temperature":0,"stop":"x","stream":false}""",
        $$$"""{"image":["{{{Picture}}}"],"things":["car","key"],"any_label":true,"mask_format":"png","seed":1}""",
        $$$"""{"image":"{{{Picture}}}","question":"what?","prompt":"answer en what?","top_k":5}""",
        $$$"""{"requests":[{"task":"detect","image":"{{{Picture}}}","things":"car ; key"},"""
            + """{"task":"ask","image":"attachment:a","question":"what?"},{"image":"attachment:none"},7]}""",
    ]).Select((text, i) => new Seed($"native {i}", Encoding.UTF8.GetBytes(text)));

    protected override void Read(byte[] body)
    {
        if (body.AsSpan().IndexOf("requests"u8) < 0)
        {
            Use(NativeReader.Read(body, TaskKindOf(body), Limits));
            return;
        }

        var files = new Attachments();
        files.Add("a", "P6 2 1 255 abcdef"u8.ToArray());
        List<(NativeRequest? Request, ApiException? Error)> all = NativeReader.ReadBatch(body, files, Limits);
        Assert.InRange(all.Count, 1, Limits.MaxBatchRequests);
        foreach ((NativeRequest? request, ApiException? error) in all)
        {
            if (request is not null) Use(request);
            else Assert.InRange(error!.Status, 400, 499);
        }
    }

    private static TaskKind? TaskKindOf(byte[] body) => (body.Length % 5) switch
    {
        0 => TaskKind.Caption,
        1 => TaskKind.Ask,
        2 => TaskKind.Detect,
        3 => TaskKind.Segment,
        _ => null,
    };
}

/// <summary>Forms: the values that are read are parts of the body without a boundary in them.</summary>
internal sealed class FormTarget : BodyTarget
{
    private const string Boundary = "x1";

    public override string Name => "forms";

    protected override Func<byte[], Random, byte[], byte[]> Structured => new FormMutator().Mutate;

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        Part("name=\"image\"; filename=\"a.ppm\"", "P6 2 1 255 abcdef") + Part(
            "name=\"language\"", "en") + Part("name=max_tokens", "8") + $"--{Boundary}--\r\n",
        "before\r\n" + Part("name=image; filename*=UTF-8''%C3%A9", "P6 2 1 255 abcdef") + Part(
            "name=\"things\"", "car ; key") + Part("name=\"stop\"", "\"x\"") + Part("name=seed", "7") + $"--{Boundary}--after",
        Part("name=requests", """[{"task":"detect","image":"attachment:a","things":["car"]}]""") + Part(
            "name=a; filename=a", "P6 2 1 255 abcdef") + $"--{Boundary}--",
    ]).Select((text, i) => new Seed($"form {i}", Encoding.Latin1.GetBytes(text)));

    protected override void Read(byte[] body)
    {
        (List<FormField> fields, Attachments files) = FormReader.Read(body, Boundary, Limits);
        foreach ((_, ReadOnlyMemory<byte> file) in files.All) Assert.True(file.Span.IndexOf("\r\n--x1"u8) < 0);
        Assert.True(files.All.Sum(f => f.File.Length) <= body.Length);
        if (fields is [{ Name: "requests" } only])
        {
            foreach ((NativeRequest? request, _) in NativeReader.ReadBatch(only.Json, files, Limits))
                if (request is not null) Use(request);
            return;
        }

        Use(NativeReader.Read(fields, files, TaskKind.Caption, Limits));
    }

    private static string Part(string disposition, string content) =>
        $"--{Boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n";

    /// <summary>Duplicates, exchanges and changes parts within their boundaries.</summary>
    private sealed class FormMutator : PartMutator
    {
        private static readonly string Line = $"--{Boundary}\r\n";

        protected override List<Part> Split(byte[] file) =>
            [
                .. Encoding.Latin1.GetString(file)
                    .Split(Line)
                    .Select((text, i) => new Part(i == 0 ? "" : Line, Encoding.Latin1.GetBytes(text)))
            ];

        protected override byte[] Join(List<Part> parts) =>
            [.. parts.SelectMany(p => (byte[])[.. Encoding.Latin1.GetBytes(p.Name), .. p.Payload])];
    }
}
