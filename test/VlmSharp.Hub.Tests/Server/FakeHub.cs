using System.Globalization;
using System.Text.Json;

namespace VlmSharp.Hub.Tests.Server;

/// <summary>
/// A server that behaves as the hub does: a listing of a model's files, their sizes and hashes by HEAD, small files from itself and large
/// ones by a redirect to a second host, with ranges; licenses and private models with the hub's statuses and error codes.
/// </summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Token = "hf_SecretSecretSecretSecret";
    public const string Model = "acme/tiny", Commit = "0123456789abcdef0123456789abcdef01234567";

    private const int PieceBytes = 1 << 15;

    private readonly FakeServer hub, elsewhere;
    private long sent;

    public FakeHub(params FakeFile[] files)
    {
        Files = files;
        hub = new FakeServer(false, Answer);
        elsewhere = new FakeServer(true, Answer);
    }

    public FakeFile[] Files { get; set; }

    public Uri Address => new($"http://127.0.0.1:{hub.Port}");

    /// <summary>Who may read: anyone, anyone with a token, or anyone with a token who has accepted the license.</summary>
    public bool IsPrivate { get; set; }

    public bool IsGated { get; set; }

    public bool IsAccepted { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>Bytes of each file's body after which the connection is cut; null for never.</summary>
    public int? CutAfter { get; set; }

    /// <summary>A delay before each piece of a body.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>Answers instead of the hub, unless it returns null.</summary>
    public Func<FakeRequest, FakeAnswer?> Instead { get; set; } = _ => null;

    /// <summary>Changes bytes before they are sent.</summary>
    public Func<byte[], byte[]> OnTheWay { get; set; } = bytes => bytes;

    public IReadOnlyList<FakeRequest> Requests => [.. hub.Requests.Concat(elsewhere.Requests)];

    public IReadOnlyList<FakeRequest> RequestsElsewhere => [.. elsewhere.Requests];

    /// <summary>The bytes of large files that were sent.</summary>
    public long Sent => Interlocked.Read(ref sent);

    public void Forget()
    {
        hub.Requests.Clear();
        elsewhere.Requests.Clear();
        Interlocked.Exchange(ref sent, 0);
    }

    private FakeAnswer Answer(FakeRequest request)
    {
        if (Instead(request) is { } instead) return instead;
        if (request.IsElsewhere) return Elsewhere(request);
        if (request.Authorization is { } given && given != $"Bearer {Token}")
            return FakeAnswer.Error(401, "", "Invalid credentials in Authorization header");
        bool hasToken = request.Authorization is not null;
        string path = request.Path.Split('?')[0];
        if (path == "/api/models") return FakeAnswer.Text(200, "[]");
        if (path == "/api/whoami-v2") return hasToken ? FakeAnswer.Text(200, """{"name":"someone"}""") : FakeAnswer.Error(401, "");
        bool isApi = path.StartsWith("/api/models/", StringComparison.Ordinal);
        string[] parts = (isApi ? path["/api/models/".Length..] : path[1..]).Split('/');
        if (parts.Length < 4 || $"{parts[0]}/{parts[1]}" != Model || (IsPrivate && !hasToken))
            return FakeAnswer.Error(hasToken ? 404 : 401, "RepoNotFound");
        if (Uri.UnescapeDataString(parts[3]) is not ("main" or "refs/pr/1" or Commit)) return FakeAnswer.Error(404, "RevisionNotFound");
        if (isApi) return FakeAnswer.Text(200, Listing(Files.Select(f => f.Name)), ("Content-Type", "application/json"));
        if (IsGated && !(hasToken && IsAccepted)) return FakeAnswer.Error(hasToken ? 403 : 401, "GatedRepo");
        return Files.FirstOrDefault(f => f.Name == Uri.UnescapeDataString(string.Join('/', parts[4..]))) is { } file
            ? Resolve(request, file)
            : FakeAnswer.Error(404, "EntryNotFound");
    }

    public static string Listing(IEnumerable<string> names) =>
        JsonSerializer.Serialize(new { id = Model, sha = Commit, siblings = names.Select(name => new { rfilename = name }) });

    private FakeAnswer Resolve(FakeRequest request, FakeFile file) => file.IsLarge
        ? new FakeAnswer(302,
            ("Location", $"http://localhost:{elsewhere.Port}/cdn/{file.ETag}?Signature=x"),
            ("X-Repo-Commit", Commit),
            ("X-Linked-Etag", $"\"{file.ETag}\""),
            ("X-Linked-Size", $"{file.Content.Length}"), ("ETag", "\"of-the-redirect\""), ("Content-Length", "0"))
        : Content(request, file, ("X-Repo-Commit", Commit), ("ETag", $"W/\"{file.ETag}\""));

    private FakeAnswer Elsewhere(FakeRequest request)
    {
        // Like real storage, it refuses a request that has a token in addition to a signed address.
        if (request.Authorization is not null) return FakeAnswer.Text(400, "Only one auth mechanism allowed");
        return Files.FirstOrDefault(f => request.Path.StartsWith($"/cdn/{f.ETag}?", StringComparison.Ordinal)) is { } file
            ? Content(request, file, ("ETag", "\"md5-of-storage\""))
            : FakeAnswer.Text(403, "expired");
    }

    private FakeAnswer Content(FakeRequest request, FakeFile file, params (string Name, string Value)[] headers)
    {
        (long from, long to) = KnowsRanges && request.Range is { } asked ? asked : (0, file.Content.Length - 1);
        byte[] body = OnTheWay(file.Content[(int)from..(int)(to + 1)]);
        bool isPart = KnowsRanges && request.Range is not null;
        (string, string)[] all =
        [
            .. headers,
            ("Content-Length", $"{to + 1 - from}"),
            .. isPart ? [("Content-Range", $"bytes {from}-{to}/{file.Content.Length}")] : Array.Empty<(string, string)>()
        ];
        return new FakeAnswer(isPart ? 206 : 200, all)
        {
            Body = (stream, cancellation) => SendAsync(stream, body, file.IsLarge, cancellation)
        };
    }

    private async Task SendAsync(Stream stream, byte[] body, bool counts, CancellationToken cancellation)
    {
        int end = Math.Min(body.Length, counts ? CutAfter ?? body.Length : body.Length);
        for (int at = 0; at < end; at += PieceBytes)
        {
            int count = Math.Min(PieceBytes, end - at);
            if (Pause > TimeSpan.Zero) await Task.Delay(Pause, cancellation);
            await stream.WriteAsync(body.AsMemory(at, count), cancellation);
            if (counts) Interlocked.Add(ref sent, count);
        }
    }

    /// <summary>The files of a model: small ones in git, weights of some size in LFS, and some that nobody should fetch.</summary>
    public static FakeFile[] TinyModel(int weightBytes) =>
    [
        new("config.json", "{\"model_type\":\"paligemma\"}"u8.ToArray(), false),
        new("tokenizer.model", FakeFile.Random(5000, 1), true),
        new("model.safetensors", FakeFile.Random(weightBytes, 2), true),
        new("README.md", "# Tiny"u8.ToArray(), false),
        new("pytorch_model.bin", FakeFile.Random(1000, 3), true),
        new("flax/weights.npz", FakeFile.Random(1000, 4), true),
    ];

    /// <summary>The files of a folder, large ones in LFS.</summary>
    public static FakeFile[] Folder(string path) => [.. Directory.EnumerateFiles(path).Select(file =>
    {
        byte[] content = File.ReadAllBytes(file);
        return new FakeFile(Path.GetFileName(file), content, content.Length > 50_000);
    })];

    public HubOptions Options(string cache) => new()
    {
        Endpoint = Address,
        CacheDirectory = cache,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        Timeout = TimeSpan.FromSeconds(20),
        RangeBytes = 1 << 18,
        TokenFile = "~/.cache/huggingface/token",
    };

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Requests.Count} requests, {Sent} bytes of large files");

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        await elsewhere.DisposeAsync();
    }
}
