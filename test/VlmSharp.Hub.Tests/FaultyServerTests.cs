using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Cache;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests;

/// <summary>A server may fail in any way. The result is an error of the right kind, soon, and never a wrong file.</summary>
public sealed class FaultyServerTests : IDisposable
{
    private static readonly HubModel Tiny = HubModel.Parse(FakeHub.Model);

    private readonly TemporaryFolder folder = new();

    private string Cache => folder.At("hub");

    public void Dispose() => folder.Dispose();

    private async Task<HubException> FailAsync(FakeHub hub, HubErrorKind kind, Func<HubOptions, HubOptions>? change = null)
    {
        HubOptions options = hub.Options(Cache);
        HubException error = await Assert.ThrowsAsync<HubException>(
            () => new HubClient(change?.Invoke(options) ?? options).PullAsync(Tiny).WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.True(error.Kind == kind, $"{error.Kind}: {error.Message}");
        Assert.False(File.Exists(Path.Combine(Cache, "models--acme--tiny", "snapshots", FakeHub.Commit, "model.safetensors")));
        return error;
    }

    private static FakeAnswer? OfWeights(FakeRequest request, Func<FakeRequest, FakeAnswer> answer, FakeHub hub) =>
        request.IsElsewhere && request.Path.Contains(hub.Files[2].ETag, StringComparison.Ordinal) ? answer(request) : null;

    [Fact]
    public async Task Bytes_that_do_not_match_the_hash_are_discarded()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        hub.OnTheWay = bytes =>
        {
            if (bytes.Length > 50_000) bytes[50_000] ^= 1;
            return bytes;
        };
        await FailAsync(hub, HubErrorKind.HashMismatch);
        Assert.Equal(0, new FileInfo(Path.Combine(Cache, "models--acme--tiny", "blobs", hub.Files[2].ETag + ".incomplete")).Length);
        hub.OnTheWay = bytes => bytes;
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_small_file_is_checked_against_its_git_hash()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.OnTheWay = bytes => bytes.Length == hub.Files[0].Content.Length ? [.. bytes[..^1], (byte)'!'] : bytes;
        HubException error = await FailAsync(hub, HubErrorKind.HashMismatch);
        Assert.Contains("config.json came twice with other bytes than its git hash says", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(99_999), InlineData(100_001), InlineData(0), InlineData(long.MaxValue)]
    public async Task A_wrong_length_is_not_trusted(long said)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        hub.Instead = request =>
            OfWeights(
                request,
                _ =>
                    new FakeAnswer(200, ("Content-Length", $"{said}"))
                    {
                        Body = (to, cancellation) => to.WriteAsync(hub.Files[2].Content, cancellation).AsTask()
                    },
                hub);
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Fact]
    public async Task An_endless_body_is_read_up_to_the_size_of_the_file()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        // neither a length nor chunks: the body lasts until the connection closes, which never happens
        hub.Instead = request => OfWeights(request, _ => new FakeAnswer(200)
        {
            Body = async (to, cancellation) =>
            {
                await to.WriteAsync(hub.Files[2].Content, cancellation);
                while (true) await to.WriteAsync(new byte[1 << 16], cancellation);
            },
        }, hub);
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny).WaitAsync(TimeSpan.FromMinutes(1));
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task An_endless_listing_is_refused()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = request => request.Path.StartsWith("/api/", StringComparison.Ordinal) ? new FakeAnswer(200)
        {
            Body = async (to, cancellation) =>
            {
                byte[] opening = [.. Enumerable.Repeat((byte)'[', 1 << 16)];
                while (true) await to.WriteAsync(opening, cancellation);
            },
        } : null;
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Theory]
    [InlineData("<html>Log in to the hotel's network</html>"), InlineData("{}"), InlineData("[]"),
        InlineData("{\"sha\":1,\"siblings\":[]}")]
    [InlineData("{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"name\":\"x\"}]}"),
        InlineData("{\"sha\":\"../..\",\"siblings\":[]}"), InlineData("")]
    public async Task The_error_for_a_bad_listing_says_that_this_is_not_a_hub(string text)
    {
        await using var hub = new FakeHub();
        hub.Instead = _ => FakeAnswer.Text(200, text);
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Theory]
    [InlineData("../../../.bashrc"), InlineData("/etc/cron.d/x"), InlineData("..\\x.safetensors"), InlineData("C:\\x"),
        InlineData("NUL.safetensors"), InlineData("a/./b"), InlineData("x\u001b[2J")]
    public async Task A_listing_with_a_name_that_could_do_harm_is_refused_as_a_whole(string name)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = request =>
            request.Path.StartsWith("/api/models/", StringComparison.Ordinal)
                ? FakeAnswer.Text(200, FakeHub.Listing(["config.json", name, "model.safetensors"]))
                : null;
        HubException error = await FailAsync(hub, HubErrorKind.UnsafeFileName);
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.False(Directory.Exists(Cache));
    }

    [Theory]
    [InlineData("ETag", "\"../../evil\""), InlineData("ETag", "\"abc\""), InlineData("X-Linked-Size", "-1"),
        InlineData("X-Linked-Size", "99999999999999999999"), InlineData("X-Repo-Commit", "ffffffffffffffffffffffffffffffffffffffff")]
    public async Task Impossible_headers_are_not_trusted(string name, string value)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = request =>
        {
            if (request.Method != "HEAD") return null;
            var headers = new Dictionary<string, string>
            {
                ["ETag"] = $"\"{new string('a', 40)}\"",
                ["X-Linked-Size"] = "10",
                ["X-Repo-Commit"] = FakeHub.Commit
            };
            if (long.TryParse(value, out long size) && size > 0) return null;
            headers[name] = value;
            return new FakeAnswer(200, [.. headers.Select(h => (h.Key, h.Value))]);
        };
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Fact]
    public async Task Waiting_for_an_answer_ends_at_the_timeout()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = _ =>
            new FakeAnswer(200, ("Content-Length", "1000"))
            {
                Body = (_, cancellation) => Task.Delay(System.Threading.Timeout.Infinite, cancellation)
            };
        await FailAsync(hub, HubErrorKind.Timeout, options => options with { Timeout = TimeSpan.FromMilliseconds(200) });
    }

    [Fact]
    public async Task A_stalled_file_is_given_up_after_some_tries_and_its_bytes_are_kept()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        hub.Instead = request => OfWeights(request, Stalled, hub);
        FakeAnswer Stalled(FakeRequest r)
        {
            long from = r.Range?.From ?? 0;
            return new(206, ("Content-Range", $"bytes {from}-99999/100000"), ("Content-Length", $"{100_000 - from}"))
            {
                Body = async (to, cancellation) =>
                {
                    if (from == 0) await to.WriteAsync(hub.Files[2].Content.AsMemory(0, 70_000), cancellation);
                    await to.FlushAsync(cancellation);
                    await Task.Delay(System.Threading.Timeout.Infinite, cancellation);
                },
            };
        }

        HubException error =
            await FailAsync(hub, HubErrorKind.PartialFile, options => options with { Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Contains("at 70.0 kB of 100.0 kB of model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Equal(70_000, new FileInfo(Path.Combine(Cache, "models--acme--tiny", "blobs", hub.Files[2].ETag + ".incomplete")).Length);
    }

    [Theory, InlineData(429), InlineData(503), InlineData(500), InlineData(502), InlineData(504), InlineData(408)]
    public async Task Temporary_errors_are_retried(int status)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        var seen = new HashSet<string>();
        hub.Instead = request =>
        {
            lock (seen) return seen.Add($"{request.Method} {request.Path}") ? FakeAnswer.Text(status, "later", ("Retry-After", "0")) : null;
        };
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Theory, InlineData(429, HubErrorKind.RateLimited), InlineData(503, HubErrorKind.ServerError)]
    public async Task Lasting_errors_are_not_retried_forever(int status, HubErrorKind kind)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = _ => FakeAnswer.Text(status, "later", ("Retry-After", "0"));
        await FailAsync(hub, kind);
        Assert.Equal(3, hub.Requests.Count);
    }

    [Fact]
    public async Task A_long_retry_time_is_reported_at_once()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = _ => FakeAnswer.Text(429, "later", ("Retry-After", "3600"));
        HubException error = await FailAsync(hub, HubErrorKind.RateLimited);
        Assert.Contains("in 3600 s", error.Message, StringComparison.Ordinal);
        Assert.Single(hub.Requests);
    }

    [Fact]
    public async Task An_expired_address_is_requested_again()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        int times = 0;
        hub.Instead = request => request.IsElsewhere && Interlocked.Increment(ref times) == 1 ? FakeAnswer.Text(403, "expired") : null;
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var hub = new FakeHub();
        hub.Instead = request => new FakeAnswer(302, ("Location", request.Path), ("Content-Length", "0"));
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Theory, InlineData("file:///etc/passwd"), InlineData("ftp://x/y")]
    public async Task Redirects_lead_only_to_web_addresses(string location)
    {
        await using var hub = new FakeHub();
        hub.Instead = request => new FakeAnswer(302, ("Location", location), ("Content-Length", "0"));
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = request => OfWeights(request, _ => FakeAnswer.Text(200, "x", ("Content-Encoding", "gzip")), hub);
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Fact]
    public async Task A_part_with_a_wrong_offset_is_refused()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        hub.Instead = request =>
            OfWeights(
                request,
                r => new FakeAnswer(206, ("Content-Range", $"bytes {r.Range!.Value.From + 1}-999999/1000000"), ("Content-Length", "5")),
                hub);
        await FailAsync(hub, HubErrorKind.NotAHub);
    }

    [Fact]
    public async Task The_error_for_bytes_that_are_not_http_says_so()
    {
        await using var server = new FakeServer(false, _ => throw new IOException("never"), async stream =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9\r\n"));
            return stream;
        });
        HubOptions options = new()
        {
            CacheDirectory = Cache,
            Endpoint = new Uri($"http://127.0.0.1:{server.Port}"),
            RetryDelay = TimeSpan.FromMilliseconds(5)
        };
        HubException error = await Assert.ThrowsAsync<HubException>(() => new HubClient(options).PullAsync(Tiny));
        Assert.Equal(HubErrorKind.NotAHub, error.Kind);
    }
}
