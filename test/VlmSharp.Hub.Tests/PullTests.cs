using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Cache;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests;

/// <summary>A model is pulled from the hub into the cache layout of Python's tools.</summary>
public sealed class PullTests : IDisposable
{
    private static readonly HubModel Tiny = HubModel.Parse(FakeHub.Model);
    private static readonly string[] Fetched = ["config.json", "model.safetensors", "tokenizer.model"];

    private readonly TemporaryFolder folder = new();

    private string Cache => folder.At("hub");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_a_model_needs_is_fetched_and_another_reader_of_the_cache_finds_it()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        string path = await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.Equal(Path.Combine(Cache, "models--acme--tiny", "snapshots", FakeHub.Commit), path);
        Assert.Equal(Fetched, Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        foreach (FakeFile file in hub.Files.Where(f => Fetched.Contains(f.Name)))
            Assert.Equal(file.Content, File.ReadAllBytes(CacheReader.Find(Cache, FakeHub.Model, "main", file.Name)!));
        CacheReader.Check(Cache, FakeHub.Model);
        // the cache knows that the file does not exist
        Assert.Throws<FileNotFoundException>(() => CacheReader.Find(Cache, FakeHub.Model, "main", "tokenizer.json"));
        Assert.Null(CacheReader.Find(Cache, FakeHub.Model, "main", "pytorch_model.bin")); // the cache knows nothing about this file
        Assert.Equal(path, new HubCache(Cache).Find(Tiny).Path);
    }

    [Fact]
    public async Task The_token_is_sent_only_to_the_hub()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000)) { IsGated = true, IsAccepted = true };
        await new HubClient(hub.Options(Cache) with { Token = HubToken.From(FakeHub.Token, "HF_TOKEN") }).PullAsync(Tiny);
        Assert.NotEmpty(hub.RequestsElsewhere);
        Assert.All(hub.Requests, request => Assert.Equal(request.IsElsewhere ? null : $"Bearer {FakeHub.Token}", request.Authorization));
    }

    [Fact]
    public void A_token_is_not_sent_unencrypted_over_a_network()
    {
        using var transport = new HubTransport(
            new HubOptions
            {
                CacheDirectory = Cache,
                Endpoint = new Uri("http://mirror.example"),
                Token = HubToken.From(FakeHub.Token, "x")
            },
            Tiny);
        Assert.False(transport.MayHaveToken(new Uri("http://mirror.example/a")));
        using var safe = new HubTransport(new HubOptions { CacheDirectory = Cache, Endpoint = new Uri("https://mirror.example") }, Tiny);
        Assert.True(safe.MayHaveToken(new Uri("https://mirror.example/a")));
        Assert.False(safe.MayHaveToken(new Uri("https://mirror.example:444/a")));
        Assert.False(safe.MayHaveToken(new Uri("http://mirror.example/a")));
        Assert.False(safe.MayHaveToken(new Uri("https://mirror.example.evil.example/a")));
    }

    [Fact]
    public async Task A_second_pull_fetches_nothing()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        string first = await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        hub.Forget();
        Assert.Equal(first, await new HubClient(hub.Options(Cache)).PullAsync(Tiny));
        Assert.Equal(0, hub.Sent);
        Assert.All(
            hub.Requests, request => Assert.True(request.Method == "HEAD" || request.Path.StartsWith("/api/", StringComparison.Ordinal)));
        hub.Forget();
        // a commit never changes, so the hub is not asked
        Assert.Equal(first, await new HubClient(hub.Options(Cache)).PullAsync(Tiny.At(FakeHub.Commit)));
        Assert.Empty(hub.Requests);
    }

    [Fact]
    public async Task What_two_revisions_share_is_fetched_once()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        hub.Forget();
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny.At("refs/pr/1"));
        Assert.Equal(0, hub.Sent);
        Assert.Contains(hub.Requests, request => request.Path == "/api/models/acme/tiny/revision/refs%2Fpr%2F1");
        Assert.NotNull(CacheReader.Find(Cache, FakeHub.Model, "refs/pr/1", "config.json"));
    }

    [Fact]
    public async Task Without_links_the_snapshot_holds_the_files_themselves()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        HubOptions options = hub.Options(Cache) with { UseSymlinks = false };
        string path = await new HubClient(options).PullAsync(Tiny);
        CacheReader.Check(Cache, FakeHub.Model, areLinks: false);
        Assert.Equal(hub.Files[2].Content, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
        hub.Forget();
        await new HubClient(options).PullAsync(Tiny);
        Assert.Equal(0, hub.Sent);
    }

    [Fact]
    public async Task A_plan_says_what_would_be_fetched_and_changes_nothing()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        HubPlan plan = await new HubClient(hub.Options(Cache)).PlanAsync(Tiny);
        Assert.Equal(Fetched, plan.Files.Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.Equal((105_000 + hub.Files[0].Content.Length, plan.Size), (plan.Missing, plan.Missing));
        Assert.Equal(["README.md", "pytorch_model.bin", "flax/weights.npz"], plan.Skipped);
        Assert.False(Directory.Exists(Cache));
        Assert.Equal(0, hub.Sent);
    }

    [Fact]
    public async Task Progress_counts_every_byte_once()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(2_000_000));
        var heard = new Recorder();
        await new HubClient(hub.Options(Cache)).PullAsync(Tiny, heard);
        Assert.Equal(HubActivity.Listing, heard.Heard[0].Activity);
        Assert.Equal(Fetched.Length, heard.Heard.Count(p => p.Activity == HubActivity.FileDone));
        HubProgress last = heard.Heard[^1];
        Assert.Equal((last.TotalSize, last.TotalSize), (last.TotalBytes, last.Received));
        Assert.All(heard.Heard.Zip(heard.Heard.Skip(1)), pair => Assert.True(pair.First.TotalBytes <= pair.Second.TotalBytes));
    }

    [Fact]
    public async Task A_sharded_model_comes_with_its_shards_and_not_with_other_weights()
    {
        FakeFile[] files =
        [
            .. FakeHub.TinyModel(1000),
            new(
                "model.safetensors.index.json",
                """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8.ToArray(),
                false),
            new("model-00001-of-00002.safetensors", FakeFile.Random(3000, 7), true),
            new("model-00002-of-00002.safetensors", FakeFile.Random(3000, 8), true),
        ];
        await using var hub = new FakeHub(files);
        string path = await new HubClient(hub.Options(Cache)).PullAsync(Tiny);
        Assert.False(File.Exists(Path.Combine(path, "model.safetensors")));
        Assert.Null(Assert.Single(new HubCache(Cache).Models()).MissingFile);
        File.Delete(Path.Combine(path, "model-00002-of-00002.safetensors"));
        HubException error = Assert.Throws<HubException>(() => new HubCache(Cache).Find(Tiny));
        Assert.Equal(HubErrorKind.IncompleteSnapshot, error.Kind);
        Assert.Contains("model-00002-of-00002.safetensors is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_that_was_interrupted_leaves_the_old_model_in_use()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(100_000));
        string old = Path.Combine(Cache, "models--acme--tiny", "snapshots", new string('a', 40));
        Directory.CreateDirectory(old);
        foreach (string name in (string[])["config.json", "model.safetensors"]) File.WriteAllText(Path.Combine(old, name), "old");
        Directory.CreateDirectory(Path.Combine(Cache, "models--acme--tiny", "refs"));
        File.WriteAllText(Path.Combine(Cache, "models--acme--tiny", "refs", "main"), new string('a', 40));
        hub.Instead = request => request.IsElsewhere ? FakeAnswer.Text(500, "") : null;
        await Assert.ThrowsAsync<HubException>(() => new HubClient(hub.Options(Cache)).PullAsync(Tiny));
        Assert.Equal(old, new HubCache(Cache).Find(Tiny).Path);
        hub.Instead = _ => null;
        Assert.Equal(await new HubClient(hub.Options(Cache)).PullAsync(Tiny), new HubCache(Cache).Find(Tiny).Path);
        Assert.NotEqual(old, new HubCache(Cache).Find(Tiny).Path);
    }

    [Fact]
    public async Task Redirects_within_the_hub_keep_the_token()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000)) { IsPrivate = true };
        hub.Instead = request => request.Path.Contains("/renamed/", StringComparison.Ordinal)
            ? new FakeAnswer(
                307, ("Location", request.Path.Replace("/renamed/", "/tiny/", StringComparison.Ordinal)), ("Content-Length", "0"))
            : null;
        await new HubClient(
            hub.Options(Cache) with { Token = HubToken.From(FakeHub.Token, "x") }).PullAsync(HubModel.Parse("acme/renamed"));
        CacheReader.Check(Cache, "acme/renamed");
    }

    [Fact]
    public async Task Offline_mode_forbids_to_ask_whether_the_hub_answers()
    {
        await using var hub = new FakeHub();
        await new HubClient(hub.Options(Cache)).CheckAsync(); // it answers
        int asked = hub.Requests.Count;
        HubException error = await Assert.ThrowsAsync<HubException>(
            () => new HubClient(hub.Options(Cache) with { IsOffline = true }).CheckAsync());
        Assert.Equal(HubErrorKind.Offline, error.Kind);
        Assert.Contains("HF_HUB_OFFLINE", error.Message);
        Assert.Equal(asked, hub.Requests.Count);
    }

    [Fact]
    public async Task The_hub_can_be_asked_whether_it_knows_the_token()
    {
        await using var hub = new FakeHub();
        await new HubClient(hub.Options(Cache)).CheckAsync();
        await new HubClient(hub.Options(Cache) with { Token = HubToken.From(FakeHub.Token, "x") }).CheckAsync();
        HubException error = await Assert.ThrowsAsync<HubException>(
            () => new HubClient(hub.Options(Cache) with { Token = HubToken.From("hf_other", "x") }).CheckAsync());
        Assert.Equal(HubErrorKind.TokenRefused, error.Kind);
    }
}
