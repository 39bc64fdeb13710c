using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>
/// The table of docs/hub.md shows what the program prints. The test causes each row and compares the message.
/// </summary>
public sealed partial class MessagesPageTests : IDisposable
{
    private const string Model = FakeHub.Model;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private sealed record Case(string What, Action<FakeHub> Arrange, string[] Arguments, params (string Name, string Value)[] Environment)
    {
        /// <summary>The endpoint, if it is not the fake hub.</summary>
        public string? Endpoint { get; init; }
    }

    private static readonly (string, string) Known = ("HF_TOKEN", FakeHub.Token);

    private static readonly Action<FakeHub> Nothing = _ => { };

    private static Case[] Cases(string folder, string tls, string proxy) =>
    [
        new("a license to accept, and no token", hub => hub.IsGated = true, ["pull", Model]),
        new("the license is not accepted", hub => hub.IsGated = true, ["pull", Model], Known),
        new("the hub does not know the token", Nothing, ["pull", Model], ("HF_TOKEN", "hf_unknown")),
        new("the token lacks a right", hub => hub.Instead = _ => FakeAnswer.Text(403, "{}"), ["pull", Model], Known),
        new("what should be a token is none", Nothing, ["pull", Model], ("HF_TOKEN", "two words")),
        new("no such model, or a private one, and no token", Nothing, ["pull", "acme/tinny"]),
        new("no such model, or one that the token may not see", Nothing, ["pull", "acme/tinny"], Known),
        new("no name of a model", Nothing, ["pull", "tiny"]),
        new("no such revision", Nothing, ["pull", Model, "--revision", "float17"]),
        new(
            "a file that is listed is not there",
            hub => hub.Instead = r => r.Method == "HEAD" ? FakeAnswer.Error(404, "EntryNotFound") : null,
            ["pull", Model]),
        new("no weights as safetensors", hub => hub.Files = [.. hub.Files.Where(f => f.Name != "model.safetensors")], ["pull", Model]),
        new(
            "a file's name that could do harm",
            hub => hub.Instead = r =>
                r.Path.StartsWith("/api/", StringComparison.Ordinal) ? FakeAnswer.Text(200, FakeHub.Listing(["../x"])) : null,
            ["pull", Model]),
        new("offline mode", Nothing, ["pull", Model], ("HF_HUB_OFFLINE", "1")),
        new("--model, not yet fetched", Nothing, ["inspect", "--model", Model]),
        new(
            "--model, fetched in part",
            _ => Directory.CreateDirectory(Path.Combine(folder, "huggingface/hub/models--acme--tiny/snapshots", FakeHub.Commit)),
            ["inspect", "--model", $"{Model}@{FakeHub.Commit}"]),
        new("the cache cannot be written", _ =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "huggingface"));
            File.WriteAllText(Path.Combine(folder, "huggingface/hub"), "");
        }, ["pull", Model]),
        new("the disk is too small",
            hub => hub.Instead = r => r.Method == "HEAD" && r.Path.EndsWith(".safetensors", StringComparison.Ordinal)
            ? new FakeAnswer(
                200, ("X-Repo-Commit", FakeHub.Commit), ("X-Linked-Etag", new string('a', 64)), ("X-Linked-Size", "4000000000000")) : null,
            ["pull", Model]),
        new("the disk is full on the way", hub =>
        {
            string blobs = Path.Combine(folder, "huggingface/hub/models--acme--tiny/blobs");
            Directory.CreateDirectory(blobs);
            File.CreateSymbolicLink(Path.Combine(blobs, hub.Files[2].ETag + ".incomplete"), "/dev/full");
        }, ["pull", Model]),
        new("the connection is lost", hub => hub.CutAfter = 0, ["pull", Model]),
        new(
            "no bytes come",
            hub => hub.Instead = _ => new FakeAnswer(200, ("Content-Length", "9")) { Body = (_, c) => Task.Delay(Timeout.Infinite, c) },
            ["pull", Model],
            ("HF_HUB_DOWNLOAD_TIMEOUT", "1")),
        new(
            "other bytes than the hash says",
            hub => hub.OnTheWay = bytes => bytes.Length == 100_000 ? [.. bytes[1..], 0] : bytes,
            ["pull", Model]),
        new("the host's name is not known", Nothing, ["pull", Model]) { Endpoint = "http://hub.invalid" },
        new("nobody answers", Nothing, ["pull", Model]) { Endpoint = "http://127.0.0.1:1" },
        new("a certificate that is not trusted", Nothing, ["pull", Model]) { Endpoint = tls },
        new("the proxy refuses", Nothing, ["pull", Model], ("HTTPS_PROXY", proxy)) { Endpoint = "https://huggingface.co" },
        new("the hub has a fault", hub => hub.Instead = _ => FakeAnswer.Text(503, "{}", ("Retry-After", "0")), ["pull", Model]),
        new("too many requests", hub => hub.Instead = _ => FakeAnswer.Text(429, "{}", ("Retry-After", "300")), ["pull", Model]),
        new("what answers is no hub", hub => hub.Instead = _ => FakeAnswer.Text(200, "<html>"), ["pull", Model]),
    ];

    [Fact]
    public async Task The_table_is_what_the_program_prints()
    {
        if (!OperatingSystem.IsLinux()) return; // needs Linux paths and /dev/full
        using X509Certificate2 certificate = SelfSigned();
        await using var tls = new FakeServer(false, _ => FakeAnswer.Text(200, ""), async stream =>
        {
            var safe = new SslStream(stream);
            await safe.AuthenticateAsServerAsync(certificate);
            return safe;
        });
        await using var proxy = new FakeServer(false, _ => FakeAnswer.Text(407, "", ("Proxy-Authenticate", "Basic realm=x")));
        string address = $"https://127.0.0.1:{tls.Port}";
        Case[] cases = Cases("", address, $"http://127.0.0.1:{proxy.Port}");
        string[] rows = new string[cases.Length];
        await Parallel.ForAsync(0, cases.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            string home = Directory.CreateDirectory(folder.At($"{i}")).FullName;
            rows[i] = await RowAsync(Cases(home, address, $"http://127.0.0.1:{proxy.Port}")[i], home, address);
        });
        string page = await File.ReadAllTextAsync(Path.Combine(GoldenFiles.Root, "docs", "hub.md"));
        string expected = string.Join('\n', rows);
        Assert.True(page.Contains(expected, StringComparison.Ordinal), $"docs/hub.md has other rows than these:\n{expected}");
        Assert.Equal(rows.Length, rows.Select(row => row.Split('|')[1]).Distinct().Count());
    }

    private static async Task<string> RowAsync(Case of, string home, string tls)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        of.Arrange(hub);
        (int code, string output, string error) =
            await ProgramRun.RunAsync(home, of.Arguments, [("HF_ENDPOINT", of.Endpoint ?? hub.Address.OriginalString), .. of.Environment]);
        Assert.True(output.Length == 0, output);
        string message = error.TrimEnd().Split('\n')[^1]; // progress lines come before it
        Assert.StartsWith("vlmsharp: ", message, StringComparison.Ordinal);
        message = message["vlmsharp: ".Length..].Replace(hub.Address.OriginalString, "https://huggingface.co", StringComparison.Ordinal)
            .Replace(
                tls["https://".Length..], "huggingface.co", StringComparison.Ordinal).Replace(home, "~/.cache", StringComparison.Ordinal);
        return $"| {of.What} | {code} | {Free().Replace(message, "has 1.20 GB free")} |";
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    [GeneratedRegex(@"has [\d.]+ \w+ free")]
    private static partial Regex Free();
}
