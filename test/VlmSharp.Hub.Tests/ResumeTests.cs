using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Cache;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests;

/// <summary>Bytes that are already there are not fetched again, however a pull ended.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Size = 12_000_000;

    private static readonly HubModel Tiny = HubModel.Parse(FakeHub.Model);

    private readonly TemporaryFolder folder = new();

    private string Cache => folder.At("hub");

    public void Dispose() => folder.Dispose();

    private string Blob(FakeFile file) => Path.Combine(Cache, "models--acme--tiny", "blobs", file.ETag);

    private string Incomplete(FakeFile file) => Blob(file) + ".incomplete";

    private static FakeFile Weights(FakeHub hub) => hub.Files.Single(f => f.Name == "model.safetensors");

    /// <summary>Puts the first bytes of the weights where an earlier pull or another tool would leave them.</summary>
    private void Begin(FakeFile file, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(file))!);
        File.WriteAllBytes(Incomplete(file), bytes);
    }

    [Fact]
    public async Task A_canceled_pull_resumes_at_the_last_byte()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { Pause = TimeSpan.FromMilliseconds(1) };
        using var cancel = new CancellationTokenSource();
        var heard = new Recorder(p =>
        {
            if (p.File == "model.safetensors" && p.FileBytes > Size / 3) cancel.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new HubClient(hub.Options(Cache)).PullAsync(Tiny, heard, cancel.Token));
        FakeFile weights = Weights(hub);
        long there = new FileInfo(Incomplete(weights)).Length;
        Assert.InRange(there, Size / 3, Size - 1);
        // the beginning of the file, without a gap
        Assert.True(File.ReadAllBytes(Incomplete(weights)).AsSpan().SequenceEqual(weights.Content.AsSpan(0, (int)there)));
        Assert.Equal(HubErrorKind.NotCached, Assert.Throws<HubException>(() => new HubCache(Cache).Find(Tiny)).Kind);

        hub.Forget();
        hub.Pause = TimeSpan.Zero;
        var again = new Recorder();
        string path = await new HubClient(hub.Options(Cache)).PullAsync(Tiny, again);
        Assert.Equal(Size - there, hub.Sent); // no byte is sent twice
        Assert.Equal(Size - there, again.Heard[^1].Received);
        Assert.Equal(weights.Content, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_connection_that_is_cut_repeatedly_is_resumed_each_time()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { CutAfter = 100_000 };
        string path = await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.Equal(Weights(hub).Content, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
        Assert.Equal(Size + 5000, hub.Sent); // weights and tokenizer, once
        Assert.True(hub.RequestsElsewhere.Count(r => r.Method == "GET") >= Size / 100_000);
    }

    [Fact]
    public async Task Parts_of_a_large_file_come_at_the_same_time()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size));
        int now = 0, most = 0;
        using var gate = new ManualResetEventSlim();
        hub.Instead = request =>
        {
            if (!request.IsElsewhere || request.Range is null or (0, _)) return null;
            lock (gate) most = Math.Max(most, ++now);
            if (now >= 3) gate.Set();
            gate.Wait(TimeSpan.FromSeconds(10)); // the first requests wait for the others
            lock (gate) now--;
            return null;
        };
        await new HubClient(hub.Options(Cache) with { Connections = 4 }).PullAsync(Tiny);
        Assert.InRange(most, 3, 4);
        Assert.Equal(Size + 5000, hub.Sent);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Theory, InlineData(1), InlineData(5_000_000), InlineData(Size - 1), InlineData(Size)]
    public async Task A_download_of_another_tool_is_resumed(int there)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size));
        FakeFile weights = Weights(hub);
        Begin(weights, weights.Content.AsSpan(0, there));
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.Equal(Size + 5000 - there, hub.Sent);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_beginning_with_wrong_bytes_is_detected_and_discarded()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size));
        Begin(Weights(hub), new byte[5_000_000]);
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.Equal((Size - 5_000_000) + Size + 5000, hub.Sent); // the rest, and then the whole file again
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_beginning_that_is_longer_than_the_file_is_discarded()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size));
        Begin(Weights(hub), new byte[Size + 1]);
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Theory, InlineData(0), InlineData(3_000_000)]
    public async Task A_server_without_ranges_sends_the_whole_file_once(int there)
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { KnowsRanges = false };
        FakeFile weights = Weights(hub);
        if (there > 0) Begin(weights, weights.Content.AsSpan(0, there));
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.Single(hub.RequestsElsewhere, r => r.Path.Contains(weights.ETag, StringComparison.Ordinal));
        Assert.Equal(Size + 5000, hub.Sent);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_blob_that_was_cut_short_is_fetched_again()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        using (FileStream blob = File.OpenWrite(Blob(Weights(hub)))) blob.SetLength(50_000);
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task Two_clients_at_once_share_the_work()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { Pause = TimeSpan.FromMilliseconds(1) };
        Recorder[] heard = [new(), new(), new()];
        string[] paths = await Task.WhenAll(heard.Select(h => new HubClient(hub.Options(Cache)).PullAsync(Tiny, h)));
        Assert.Single(paths.Distinct());
        Assert.Equal(Size + 5000, hub.Sent);
        Assert.Contains(heard.SelectMany(h => h.Heard), p => p.Activity == HubActivity.Waiting);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_full_disk_ends_the_pull_and_what_was_written_stays()
    {
        if (!OperatingSystem.IsLinux()) return; // /dev/full is Linux's
        await using var hub = new FakeHub(FakeHub.TinyModel(Size));
        FakeFile weights = Weights(hub);
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(weights))!);
        File.CreateSymbolicLink(Incomplete(weights), "/dev/full"); // every write to it finds the disk full
        HubException error = await Assert.ThrowsAsync<HubException>(() => new HubClient(hub.Options(Cache)).PullAsync(Tiny));
        Assert.Equal(HubErrorKind.DiskFull, error.Kind);
        Assert.False(File.Exists(Blob(weights)));
        File.Delete(Incomplete(weights));
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_model_that_does_not_fit_on_the_disk_is_not_started()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        hub.Instead = request => request.Method == "HEAD" && request.Path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? new FakeAnswer(
                200, ("X-Repo-Commit", FakeHub.Commit), ("X-Linked-Etag", new string('a', 64)), ("X-Linked-Size", $"{1L << 42}"))
            : null;
        HubException error = await Assert.ThrowsAsync<HubException>(() => new HubClient(hub.Options(Cache)).PullAsync(Tiny));
        Assert.Equal(HubErrorKind.DiskFull, error.Kind);
        Assert.False(Directory.Exists(Cache));
    }
}
